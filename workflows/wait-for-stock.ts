import { CancellationScope, condition, isCancellation, setHandler, sleep } from '@temporalio/workflow';
import type { StockCheck } from '../src/domain/stock-check.ts';
import { stock } from './activity-proxies.ts';
import { stockChangedSignal } from './contract/monitor-stock.ts';
import { endingOf } from './decision-slot.ts';
import { type BuyingRun, type StepResult, stageOf } from './order-run.ts';

type Shortage = Extract<StockCheck, { kind: 'short' }>;

/**
 * Waits, without the lock, until the package has stock above its reserve, looking every `stockEvery` and at once
 * when somebody asks or the stock has changed; at most `waitForStock` in all.
 */
export async function waitForStock(run: BuyingRun, found: Shortage): Promise<StepResult> {
  const { policy, record } = run;
  const sinceMs = run.waitingForStockSinceMs ?? Date.now();
  const isFirstLook = run.waitingForStockSinceMs === null;
  run.waitingForStockSinceMs = sinceMs;
  run.trial = false;
  const untilMs = sinceMs + policy.waitForStockMs;
  await record.enter({
    status: stageOf(run, 'waitingForStock'),
    text: `${sayCapacity(run, found)} Waits for stock.`,
    next: { text: 'Looks again by itself; needs a decision at', at: new Date(untilMs).toISOString() },
  });
  if (isFirstLook) {
    const factId = `waitingForStock:${new Date(sinceMs).toISOString()}`;
    const why = sayCapacity(run, found);
    run.notices.tell({ factId, notice: { kind: 'waitingForStock', available: found.count, why } });
  }
  const limit = startLimit(Math.max(1, untilMs - Date.now()));
  try {
    if (await hasStockBefore(run, limit)) return { kind: 'again' };
    return { kind: 'failed', code: 'atCapacity', message: sayCapacity(run, found) };
  } finally {
    limit.stop();
  }
}

interface Limit {
  readonly isOver: boolean;
  stop(): void;
}

/** The end of the wait is a timer, not a look at the clock, which can differ in a replay after a local activity. */
function startLimit(limitMs: number): Limit {
  const scope = new CancellationScope();
  let isOver = false;
  scope
    .run(() => sleep(limitMs, { summary: 'longest wait for stock' }))
    .then(
      () => {
        isOver = true;
      },
      (error: unknown) => {
        if (!isCancellation(error)) throw error;
      },
    );
  return {
    get isOver() {
      return isOver;
    },
    stop: () => scope.cancel(),
  };
}

async function hasStockBefore(run: BuyingRun, limit: Limit): Promise<boolean> {
  const { policy, messages, order, slot } = run;
  const { orderId } = order;
  const { lowStockWarning } = policy;
  // Registered here: an order that never waits knows nothing of it. What came before is handed over now, and what comes
  // between two waits is kept for the second.
  setHandler(
    stockChangedSignal,
    () => {
      run.stockHasChanged = true;
    },
    {
      description:
        'From the stock: looks again at once. Needs no input; an order looks again by itself, too.',
    },
  );
  for (;;) {
    await condition(
      () => messages.isAwake || run.stockHasChanged || slot.isDecided || limit.isOver,
      policy.stockEveryMs,
      {
        summary: 'looks at the stock again',
      },
    );
    // A stranded server is being made ready for the order: nothing is bought meanwhile.
    if (slot.taken && !slot.isDecided) await condition(() => !slot.taken || slot.isDecided);
    if (slot.isDecided) {
      if (endingOf(slot) === null) slot.empty();
      return true;
    }
    if (limit.isOver) return false;
    run.stockHasChanged = false;
    if (messages.takeWake()) run.trial = true;
    const look = await stock.checkStock({ orderId, trial: run.trial, lowStockWarning, waits: true });
    if (look.kind === 'available' && !slot.taken) return true;
    // What a person asked for was this look: what comes later goes by turns, and a dry package stays dry.
    if (look.kind === 'short') run.trial = false;
  }
}

function sayCapacity({ order }: BuyingRun, found: Shortage): string {
  if (found.dry) {
    return `Package "${order.packageName}" sold an address of another package and counts as empty until its stock changes.`;
  }
  if (found.behind) {
    return `Package "${order.packageName}" has ${found.count} IPs, and ${found.behind} orders that were paid earlier wait for them.`;
  }
  return `Package "${order.packageName}" is at capacity (${found.count} IPs remaining).`;
}
