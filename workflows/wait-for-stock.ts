import { condition } from '@temporalio/workflow';
import { stock } from './activity-proxies.ts';
import type { OrderRun, StepResult } from './order-run.ts';

/**
 * Waits, without the lock, until the package has stock above its reserve, looking every `stockEvery` and at once
 * when somebody asks; at most `waitForStock` in all.
 */
export async function waitForStock(
  run: OrderRun,
  found: { count: number; reserve: number; dry: boolean },
): Promise<StepResult> {
  const { policy, record, messages, order } = run;
  const sinceMs = run.waitingForStockSinceMs ?? Date.now();
  const isFirstLook = run.waitingForStockSinceMs === null;
  run.waitingForStockSinceMs = sinceMs;
  const untilMs = sinceMs + policy.waitForStockMs;
  await record.enter({
    status: 'waitingForStock',
    text: `${sayCapacity(run, found)} Waits for stock.`,
    next: { text: 'Looks again by itself; needs a decision at', at: new Date(untilMs).toISOString() },
  });
  if (isFirstLook) {
    const factId = `waitingForStock:${new Date(sinceMs).toISOString()}`;
    run.notices.tell({ factId, notice: { kind: 'waitingForStock', available: found.count } });
  }
  for (;;) {
    const leftMs = untilMs - Date.now();
    if (leftMs <= 0) return { kind: 'failed', code: 'atCapacity', message: sayCapacity(run, found) };
    await condition(() => messages.isAwake, Math.min(policy.stockEveryMs, leftMs));
    if (messages.takeWake()) run.trial = true;
    const { orderId } = order;
    const look = await stock.checkStock({
      orderId,
      trial: run.trial,
      lowStockWarning: policy.lowStockWarning,
    });
    if (look.kind === 'available') return { kind: 'again' };
  }
}

function sayCapacity({ order }: OrderRun, found: { count: number; dry: boolean }): string {
  if (found.dry) {
    return `Package "${order.packageName}" sold an address of another package and counts as empty until its stock changes.`;
  }
  return `Package "${order.packageName}" is at capacity (${found.count} IPs remaining).`;
}
