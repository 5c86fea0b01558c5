import { condition } from '@temporalio/workflow';
import type { FailureCode } from '../src/domain/order.ts';
import { recommendedActions } from '../src/domain/order-words.ts';
import {
  type FailureMoment,
  type FailurePlan,
  isRetriedByItself,
  planFailure,
} from '../src/domain/state-table.ts';
import { records } from './activity-proxies.ts';
import { type Decision, endingOf, policyName, refundByItself } from './decision-slot.ts';
import type { BuyingRun, FailedStep, OrderRun } from './order-run.ts';

/** What a failure needs of a run: an order's own, or a remedy's. */
export type FailingRun = Pick<
  OrderRun,
  'order' | 'policy' | 'record' | 'slot' | 'notices' | 'earlyDecision' | 'retriesByItself' | 'isRemedy'
>;

/** Writes a failure, after everything it states is true, and tells people once. */
export async function enterFailed(run: FailingRun, step: FailedStep): Promise<FailurePlan> {
  const { code, message } = step;
  run.policy = await records.readPolicy();
  keepEarlyDecision(run, code);
  const plan = planOf(run, { code, mayRetry: step.mayRetry !== false });
  const isCase = code === 'purchaseUnknown' || code === 'duplicateServer';
  const casePurchaseId = isCase ? step.purchaseId : undefined;
  const { text, withinMs } = sayNext(plan);
  await run.record.enter({
    status: 'failed',
    text: `Failed (${code}): ${message}`,
    next: { text, at: null },
    failure: {
      code,
      message,
      retriesDone: run.retriesByItself,
      ...(step.mayRetry === false ? { mayRetry: false } : {}),
      ...(run.isRemedy ? { ofRemedy: true } : {}),
    },
    nextWithinMs: withinMs,
    ...(actsAtDeadline(plan) ? { decideWithinMs: run.policy.decisionDeadlineMs } : {}),
    ...(casePurchaseId ? { casePurchaseId } : {}),
  });
  tellFailure(run, step, casePurchaseId);
  return plan;
}

function tellFailure(run: FailingRun, step: FailedStep, casePurchaseId: string | undefined): void {
  const { notices, record } = run;
  const { code, message } = step;
  const since = record.failure?.since ?? '';
  notices.tell({
    factId: `failed:${code}:${since}`,
    notice: {
      kind: 'orderFailed',
      code,
      sentence: message,
      purchaseId: step.purchaseId ?? null,
      ip: step.ip ?? null,
      next: record.next,
    },
  });
  if (casePurchaseId) {
    notices.tell({
      factId: `case:${casePurchaseId}`,
      notice: { kind: 'caseOpened', purchaseId: casePurchaseId, sentence: message },
    });
  }
  // The customer hears once that it takes longer; of a wrong payment or a remedy others tell.
  if (!run.isRemedy && code !== 'paymentMismatch' && !run.order.delivered) {
    notices.tell({ factId: 'delayed', notice: { kind: 'delayed', expectedBy: record.decisionDeadline } });
  }
}

/** The plan of a failure that an earlier run wrote, with what that run knew of it. */
export function planOfKnownFailure(run: FailingRun): FailurePlan {
  const { failure } = run.record;
  run.retriesByItself = failure?.retriesDone ?? 0;
  return planOf(run, { code: failure?.code ?? 'internalError', mayRetry: failure?.mayRetry !== false });
}

/** The same for a case; who was not told before that run ended is told now, each fact once. */
export function resumeFailure(run: FailingRun, purchaseId: string): FailurePlan {
  const plan = planOfKnownFailure(run);
  const { failure } = run.record;
  if (failure) tellFailure(run, { kind: 'failed', ...failure, purchaseId }, purchaseId);
  return plan;
}

function planOf(run: FailingRun, failure: { code: FailureCode; mayRetry: boolean }): FailurePlan {
  return planFailure({
    ...failure,
    policy: run.policy,
    retriesDone: run.retriesByItself,
    hasDelivered: run.order.delivered,
  });
}

function actsAtDeadline({ moments }: FailurePlan): boolean {
  return moments.some((moment) => moment.kind === 'deadline' && moment.default !== 'keepReminding');
}

function sayNext(plan: FailurePlan): { text: string; withinMs: number } {
  const retry = plan.moments.find(({ kind }) => kind === 'retry');
  if (retry) return { text: 'Tries again by itself', withinMs: retry.afterMs };
  const deadline = plan.moments.find(({ kind }) => kind === 'deadline');
  const withinMs = deadline?.afterMs ?? 0;
  if (plan.default === 'refund') return { text: 'Refund, unless somebody decides before', withinMs };
  if (plan.default === 'cancel') {
    return {
      text: 'Cancelled, and what was paid goes back, unless the right payment comes before',
      withinMs,
    };
  }
  const [first] = plan.moments;
  return { text: remindedText, withinMs: first?.afterMs ?? withinMs };
}

/**
 * A retry that was accepted while the step still ran continues only where the failure is transient: what needs a
 * person's look is decided by somebody who has seen it.
 */
function keepEarlyDecision(run: FailingRun, code: FailureCode): void {
  const early = run.slot.taken;
  run.earlyDecision = early;
  if (early?.act !== 'retry' || isRetriedByItself(code)) return;
  run.record.note(`The retry of ${early.by} came before this was known and counts no more.`);
  run.slot.empty();
}

/**
 * Waits until the failure's one slot is decided: by a person, or by the plan. Every moment of the plan is a timer that
 * fires, also one that has passed before a restart, so that no look at the clock decides.
 * @returns false where `isOver` ended the wait.
 */
export async function waitForDecision(
  run: FailingRun,
  plan: FailurePlan,
  isOver: () => boolean = () => false,
): Promise<boolean> {
  const { slot } = run;
  const { decisionDeadlineMs } = run.policy;
  const { moments, repeatMs } = plan;
  const done = () => slot.isDecided || isOver();
  for (const [index, moment] of moments.entries()) {
    if (await isDoneWithin(run, { afterMs: moment.afterMs, done, summary: summaryOf(moment) })) break;
    if (repeatMs !== null) expectReminder(run, moments[index + 1]?.afterMs ?? decisionDeadlineMs + repeatMs);
    await actByItself(run, moment);
  }
  const before = moments.filter(({ kind }) => kind === 'reminder').length;
  for (let nth = 1; repeatMs !== null && !done(); nth += 1) {
    const afterMs = decisionDeadlineMs + nth * repeatMs;
    if (await isDoneWithin(run, { afterMs, done, summary: 'Reminds the admin again' })) break;
    expectReminder(run, afterMs + repeatMs);
    remind(run, `again-${nth}`, before + nth);
  }
  await condition(done);
  return slot.isDecided;
}

/** Said before each reminder, so that its mail and the order name the one after it. */
function expectReminder({ record }: FailingRun, afterMs: number): void {
  record.expect({ text: remindedText, at: new Date(record.sinceMs + afterMs).toISOString() });
}

const remindedText = 'Waits for a decision; the admin is reminded again';

async function isDoneWithin(
  run: FailingRun,
  { afterMs, done, summary }: { afterMs: number; done: () => boolean; summary: string },
): Promise<boolean> {
  const leftMs = Math.max(1, run.record.sinceMs + afterMs - Date.now());
  return condition(done, leftMs, { summary });
}

function summaryOf(moment: FailureMoment): string {
  if (moment.kind === 'retry') return 'Tries again by itself';
  if (moment.kind === 'reminder') return 'Reminds the admin';
  return moment.default === 'keepReminding'
    ? 'Reminds the admin at the deadline'
    : `By default: ${moment.default}`;
}

async function actByItself(run: FailingRun, moment: FailureMoment): Promise<void> {
  const { slot, record } = run;
  if (moment.kind === 'reminder') return remind(run, String(moment.nth), moment.nth);
  // Somebody's decision is being checked at this moment: it goes first.
  if (slot.taken && !slot.isDecided) await condition(() => slot.isDecided || !slot.taken);
  if (slot.isDecided) return;
  if (moment.kind === 'retry') {
    record.note('Tries again by itself.');
    slot.fill({ act: 'retry', by: policyName, at: new Date(Date.now()).toISOString(), byItself: true });
    return;
  }
  const { failure } = record;
  run.notices.tell({
    factId: `deadline:${failure?.since ?? ''}`,
    notice: {
      kind: 'deadlinePassed',
      code: failure?.code ?? 'internalError',
      sentence: failure?.message ?? '',
      default: moment.default,
    },
  });
  if (moment.default === 'keepReminding') {
    record.note('Nobody has decided by the deadline; the admin is reminded again.');
    return;
  }
  record.note(`Nobody has decided by the deadline: ${moment.default}.`);
  const endsAs = moment.default === 'cancel' ? 'cancelled' : 'refunded';
  slot.fill(refundByItself({ by: policyName, reason: 'nobody decided by the deadline', endsAs }));
}

function remind(run: FailingRun, name: string, nth: number): void {
  const { failure, next } = run.record;
  if (!failure) return;
  run.record.note(`The admin is reminded: ${recommendedActions[failure.code]}`);
  const { code, message: sentence, since } = failure;
  run.notices.tell({
    factId: `reminder:${since}:${name}`,
    notice: { kind: 'decisionReminder', code, sentence, since, nth, next },
  });
}

/** Waits for the failure's one decision. A person's retry of it may buy once from a package that is marked dry. */
export async function decideFailure(run: OrderRun, plan: FailurePlan): Promise<void> {
  await waitForDecision(run, plan);
  const { taken, isPerson } = countDecision(run);
  run.trial = isPerson && taken?.act === 'retry' && taken !== run.earlyDecision;
  if (endingOf(run.slot) === null) run.slot.empty();
}

/** What was decided, and whether by a person: retries are counted from a person's last decision on. */
export function countDecision(run: BuyingRun): { taken: Decision | null; isPerson: boolean } {
  const { taken } = run.slot;
  const isPerson = taken !== null && taken.byItself !== true;
  run.retriesByItself = isPerson ? 0 : run.retriesByItself + 1;
  run.waitingForStockSinceMs = null;
  return { taken, isPerson };
}
