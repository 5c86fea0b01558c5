import { condition, setHandler, sleep } from '@temporalio/workflow';
import type { RemedyStep } from '../src/domain/remedy-step.ts';
import { freeMonthChangedSignal } from './contract/compensate-order.ts';
import { gatherMessages } from './gather-messages.ts';
import { heedDecision, type RemedyRun } from './remedy-run.ts';

/** What a run knows of the free month that it waits out. */
export interface FreeMonthWatch {
  /** True where somebody said that an order out of the month has changed; the document says how. */
  isWoken: boolean;
  hasBegun: boolean;
  /** True once its time is over: said by a timer alone. */
  isOver: boolean;
  /** True once the timers of its reminders and its end run. */
  isTimed: boolean;
  /** The paid order that is waited for, also past the end. */
  awaited: string | null;
  /** True while a timer runs after which the awaited order is looked at. */
  isLookDue: boolean;
}

/** Registers the message that wakes a free month; anybody may send it, the document is asked. */
export function useFreeMonth(): FreeMonthWatch {
  const month: FreeMonthWatch = {
    isWoken: false,
    hasBegun: false,
    isOver: false,
    isTimed: false,
    awaited: null,
    isLookDue: false,
  };
  setHandler(
    freeMonthChangedSignal,
    () => {
      month.isWoken = true;
    },
    { description: 'From an order that renews or switches: look at it. Not for people.' },
  );
  return month;
}

type Month = Extract<RemedyStep, { kind: 'freeMonth' }>;

/** Waits until the month is over, an order out of it has changed, or a person leads out of it; reminds the customer. */
export async function liveFreeMonth(run: RemedyRun, step: Month): Promise<void> {
  const { month, now, slot } = run;
  await enterMonth(run, step);
  month.hasBegun = true;
  now.inMonth = true;
  await waitInMonth(run, step);
  month.isWoken = false;
  if (slot.isDecided) await heedDecision(run);
}

async function enterMonth(run: RemedyRun, { ip, until }: Month): Promise<void> {
  const { record, notices, order, month } = run;
  if (!month.hasBegun) {
    notices.tell({ factId: 'freeMonth', notice: { kind: 'freeMonth', until, reminder: false } });
  }
  if (record.status === 'active' && (month.hasBegun || order.freeUntil !== null)) return;
  await record.enter({
    status: 'active',
    text: `All that was paid went back; the customer has ${ip} for free until ${until}.`,
    next: { text: 'Ends, unless the customer renews it or switches to the ordered server', at: until },
    ip,
    staysOpen: true,
  });
}

/** Timers run beside the wait, whatever comes: what a message finds must not decide which of them are started. */
async function waitInMonth(run: RemedyRun, { startedAt, until, waitsFor }: Month): Promise<void> {
  const { month, slot } = run;
  if (waitsFor !== null) {
    lookLater(run, waitsFor);
  } else {
    month.awaited = null;
    if (!month.isTimed) void runTimers(run, { startedAt, until });
    month.isTimed = true;
  }
  await condition(() => month.isWoken || slot.isDecided || (month.isOver && waitsFor === null));
  await gatherMessages({ summary: 'Then it is looked at what became of the month' });
}

function lookLater({ month, policy, record }: RemedyRun, waitsFor: string): void {
  if (month.awaited !== waitsFor) record.note(`The paid order ${waitsFor} is awaited.`);
  month.awaited = waitsFor;
  if (month.isLookDue) return;
  month.isLookDue = true;
  const lookMs = Math.max(1_000, Math.floor(policy.decisionDeadlineMs / 8));
  void sleep(lookMs, { summary: `Looks again what became of ${waitsFor}` }).then(() => {
    month.isLookDue = false;
    month.isWoken = true;
  });
}

async function runTimers(run: RemedyRun, { startedAt, until }: Pick<Month, 'startedAt' | 'until'>) {
  const { month, policy } = run;
  const untilMs = Date.parse(until);
  const reminders = [...policy.freeMonthRemindersMs]
    .sort((a, b) => b - a)
    .filter((beforeMs) => untilMs - beforeMs > Date.parse(startedAt));
  for (const beforeMs of reminders) {
    const leftMs = Math.max(1, untilMs - beforeMs - Date.now());
    await sleep(leftMs, { summary: 'Reminds the customer of the end of the month' });
    remind(run, { beforeMs, until });
  }
  await sleep(Math.max(1, untilMs - Date.now()), { summary: 'The end of the free month' });
  month.isOver = true;
}

function remind({ now, month, record, notices }: RemedyRun, input: { beforeMs: number; until: string }) {
  const { beforeMs, until } = input;
  if (!now.inMonth || month.awaited !== null) return;
  record.note('The customer is reminded of the end of the free month.');
  notices.tell({ factId: `freeMonth:${beforeMs}`, notice: { kind: 'freeMonth', until, reminder: true } });
}
