import { condition, setHandler } from '@temporalio/workflow';
import type { RemedyStep } from '../src/domain/remedy-step.ts';
import { freeMonthChangedSignal } from './contract/compensate-order.ts';
import { heedDecision, type RemedyRun } from './remedy-run.ts';

/** What a run knows of the free month that it waits out. */
export interface FreeMonthWatch {
  /** True where somebody said that an order out of the month has changed; the document says how. */
  isWoken: boolean;
  hasBegun: boolean;
  /** True once its time is over: said by a timer alone. */
  isOver: boolean;
  /** Reminders that this run has sent, by their ms before the end. */
  reminded: number[];
  /** The paid order that is waited for past the end. */
  awaited: string | null;
}

/** Registers the message that wakes a free month; anybody may send it, the document is asked. */
export function useFreeMonth(): FreeMonthWatch {
  const month: FreeMonthWatch = {
    isWoken: false,
    hasBegun: false,
    isOver: false,
    reminded: [],
    awaited: null,
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

async function waitInMonth(run: RemedyRun, { startedAt, until, waitsFor }: Month): Promise<void> {
  const { month, slot, policy, record, notices } = run;
  const isDone = () => month.isWoken || slot.isDecided;
  const untilMs = Date.parse(until);
  if (waitsFor !== null) {
    if (month.awaited !== waitsFor) record.note(`The paid order ${waitsFor} is awaited.`);
    month.awaited = waitsFor;
    const lookMs = Math.max(1_000, Math.floor(policy.decisionDeadlineMs / 8));
    await condition(isDone, lookMs, { summary: `Looks again what became of ${waitsFor}` });
    return;
  }
  const startedMs = Date.parse(startedAt);
  const reminders = [...policy.freeMonthRemindersMs]
    .sort((a, b) => b - a)
    .filter((beforeMs) => untilMs - beforeMs > startedMs && !month.reminded.includes(beforeMs));
  for (const beforeMs of reminders) {
    const leftMs = Math.max(1, untilMs - beforeMs - Date.now());
    if (await condition(isDone, leftMs, { summary: 'Reminds the customer of the end of the month' })) return;
    month.reminded.push(beforeMs);
    record.note('The customer is reminded of the end of the free month.');
    const notice = { kind: 'freeMonth', until, reminder: true } as const;
    notices.tell({ factId: `freeMonth:${beforeMs}`, notice });
  }
  const leftMs = Math.max(1, untilMs - Date.now());
  if (await condition(isDone, leftMs, { summary: 'The end of the free month' })) return;
  month.isOver = true;
}
