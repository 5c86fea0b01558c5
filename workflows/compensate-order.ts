import { allHandlersFinished, CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import { assertNever } from '../src/domain/assert-never.ts';
import { formatMoney } from '../src/domain/money.ts';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import type { RemedyStep } from '../src/domain/refund.ts';
import { availableRemedies, type Remedy, remedyOptions } from '../src/domain/remedy.ts';
import {
  dismissal,
  records,
  refundActivities,
  settlingActivities,
  wipeActivities,
} from './activity-proxies.ts';
import { useAssignServer } from './assign-server.ts';
import {
  type CompensateOrderInput,
  type CompensateOrderResult,
  compensationWorkflowId,
} from './contract/compensate-order.ts';
import { orderWorkflowId } from './contract/provision-order.ts';
import { createDecisionSlot } from './decision-slot.ts';
import { orLate } from './or-late.ts';
import { enterFailed, type FailingRun, planOfKnownFailure, waitForDecision } from './order-failure.ts';
import { useOrderMessages } from './order-messages.ts';
import { useOrderNotices } from './order-notices.ts';
import { createOrderRecord, OwnerChanged, writeNotesInBackground } from './order-record.ts';
import type { FailedStep } from './order-run.ts';
import { purchaseLimits } from './purchase-limits.ts';
import { useResolvePurchase } from './resolve-purchase.ts';
import { sayError } from './say-error.ts';

const inputHelp =
  'Start it with {"orderId": "...", "option": "refund", "by": "your name", "reason": "..."}; ' +
  'its workflow id is compensation-<orderId>.';

/**
 * What is done for the customer of an order: owner of the order's document from its first step on. Every leg goes on
 * by what MongoDB and the gateway say, so that a run that starts again repeats nothing. It never fails by business
 * trouble: what is blocked waits in `failed` for a decision, with reminders.
 */
export async function compensateOrder(input: CompensateOrderInput): Promise<CompensateOrderResult> {
  const said = readInput(input);
  if ('explanation' in said) return said;
  const { cancelRequested } = CancellationScope.current();
  return CancellationScope.nonCancellable(() => runRemedy(said, cancelRequested));
}

type RemedyAsked = Required<Pick<CompensateOrderInput, 'orderId' | 'option' | 'by' | 'endsAs'>> & {
  reason: string | null;
};

/** Anything may be typed into "Start workflow": what is odd ends in a sentence, never in a failing task. */
function readInput(input: unknown): RemedyAsked | CompensateOrderResult {
  const said: Partial<Record<keyof CompensateOrderInput, unknown>> =
    typeof input === 'object' && input !== null ? input : {};
  const { orderId, by, reason, endsAs } = said;
  if (typeof orderId !== 'string' || orderId === '' || orderId.length > 100) {
    return { orderId: '', ended: 'badInput', explanation: `Failed to read the order. ${inputHelp}` };
  }
  const wanted = compensationWorkflowId(orderId);
  if (workflowInfo().workflowId !== wanted) {
    const explanation = `The workflow id of this remedy has to be ${wanted}; nothing was changed. ${inputHelp}`;
    return { orderId, ended: 'badInput', explanation };
  }
  const option = remedyOptions.find((known) => known === said.option);
  if (option === undefined) {
    return { orderId, ended: 'badInput', explanation: `Failed to read the option. ${inputHelp}` };
  }
  if (!availableRemedies.includes(option)) {
    const explanation = `The remedy ${option} is not available yet; nothing was changed. ${inputHelp}`;
    return { orderId, ended: 'badInput', explanation };
  }
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value.slice(0, 500) : null);
  return {
    orderId,
    option,
    by: text(by) ?? 'Temporal Web UI',
    reason: text(reason),
    endsAs: endsAs === 'cancelled' ? 'cancelled' : 'refunded',
  };
}

interface RemedyRun extends FailingRun {
  remedy: Remedy;
}

async function runRemedy(
  asked: RemedyAsked,
  cancelRequested: Promise<never>,
): Promise<CompensateOrderResult> {
  const { orderId } = asked;
  let policy: ResolvedPolicy | undefined;
  const record = createOrderRecord(orderId);
  const notices = useOrderNotices({ orderId, onFailed: record.note });
  const slot = createDecisionSlot();
  const messages = useOrderMessages({
    record,
    slot,
    policy: () => policy,
    isSent: () => true,
    isRemedy: true,
  });
  useResolvePurchase({ record, slot, policy: () => policy });
  useAssignServer({ record, slot, policy: () => policy });
  cancelRequested.catch(() => messages.cancelFromUi());
  const { workflowId } = workflowInfo();
  const first = await records.takeRemedy({ ...asked, workflowId });
  policy = first.policy;
  const { taken } = first;
  if (taken.kind !== 'taken') {
    if (taken.kind === 'refused' && taken.ended) record.adopt(taken.ended);
    await condition(allHandlersFinished);
    return endUntaken(orderId, taken);
  }
  const { order, remedy } = taken;
  record.adopt(order);
  // Also by a run that starts again: the one before may have died before it told anybody.
  await dismissal.dismissOwner({ orderId, workflowId: orderWorkflowId(orderId) });
  const run: RemedyRun = {
    order,
    remedy,
    policy,
    record,
    slot,
    notices,
    earlyDecision: null,
    retriesByItself: 0,
    isRemedy: true,
  };
  const ended = await runToTheEnd(run);
  await condition(() => notices.isDrained && record.isWritten && allHandlersFinished());
  return { orderId, ended, explanation: record.timeline.at(-1)?.text ?? '' };
}

async function runToTheEnd(run: RemedyRun): Promise<CompensateOrderResult['ended']> {
  void writeNotesInBackground(run.record);
  const { record } = run;
  try {
    // A blocked remedy that was started again goes on waiting for its decision.
    if (record.status === 'failed' && record.failure?.code === 'compensationBlocked') {
      await waitForDecision(run, planOfKnownFailure(run));
      await heedDecision(run);
    }
    for (;;) {
      await enterCompensating(run);
      const result = await takeLegsSafely(run);
      if (result.kind === 'done') return result.endsAs;
      const plan = await enterFailed(run, result);
      await waitForDecision(run, plan);
      await heedDecision(run);
    }
  } catch (error) {
    if (error instanceof OwnerChanged) return 'ownedByAnotherWorkflow';
    throw error;
  }
}

/** Every decision tries what is left again; `refundedByHand` says first that it was given back outside the gateway. */
async function heedDecision(run: RemedyRun): Promise<void> {
  const { slot, order } = run;
  const { taken } = slot;
  slot.empty();
  if (taken?.act !== 'remedy' || taken.option !== 'refundedByHand') return;
  const reference = taken.reason ?? '';
  await records.recordRefundByHand({ orderId: order.orderId, reference });
}

async function enterCompensating({ record, remedy }: RemedyRun): Promise<void> {
  if (record.status === 'compensating') return;
  const why = remedy.reason ? ` (${remedy.reason})` : '';
  await record.enter({
    status: 'compensating',
    text: `The remedy ${remedy.option} begins, chosen by ${remedy.by}${why}.`,
    next: { text: 'What was paid goes back; then any server is taken back', at: null },
  });
}

type Legs = { kind: 'done'; endsAs: 'refunded' | 'cancelled' } | FailedStep;

/** Whatever goes wrong unexpectedly becomes a failure that waits for a decision, never a failed workflow. */
async function takeLegsSafely(run: RemedyRun): Promise<Legs> {
  try {
    return await takeLegs(run);
  } catch (error) {
    if (error instanceof OwnerChanged) throw error;
    return { kind: 'failed', code: 'internalError', message: sayError(error) };
  }
}

async function takeLegs(run: RemedyRun): Promise<Legs> {
  const { orderId } = run.order;
  const { workflowId } = workflowInfo();
  // Money that the gateway does not give back now must not keep the server with the customer.
  const refusals: { paymentKey: string; why: string }[] = [];
  for (;;) {
    const leg = await records.planRefund({
      orderId,
      workflowId,
      skip: refusals.map(({ paymentKey }) => paymentKey),
    });
    if (leg.kind === 'done') return finish(run, leg);
    if (leg.kind === 'blocked') return blocked(refusals.map(({ why }) => why).join(' '));
    const failed = await takeLeg(run, leg);
    if (failed && leg.kind !== 'refund') return failed;
    if (failed && leg.kind === 'refund') refusals.push({ paymentKey: leg.paymentKey, why: failed.message });
  }
}

/** One leg of the remedy; null where the next one may be looked for. */
async function takeLeg(
  run: RemedyRun,
  leg: Exclude<RemedyStep, { kind: 'done' | 'blocked' }>,
): Promise<FailedStep | null> {
  switch (leg.kind) {
    case 'settle':
      await settlingActivities(run.policy).settlePurchase({
        purchaseId: leg.purchaseId,
        asOwner: true,
        policy: purchaseLimits(run.policy),
      });
      return null;
    case 'refund':
      return refund(run, leg);
    case 'endServer':
      return endServer(run, leg);
    default:
      return assertNever(leg);
  }
}

async function refund(run: RemedyRun, { paymentKey }: { paymentKey: string }): Promise<FailedStep | null> {
  const { policy, record, order } = run;
  const { startRefund, awaitRefund } = refundActivities(policy);
  const started = await orLate(startRefund({ orderId: order.orderId, paymentKey }));
  if (started === 'late') return blocked('The payment gateway has not taken the refund in time.');
  if (started.kind === 'refused') return blocked(started.sentence);
  const { refundId, amountPaise, currency } = started;
  const money = formatMoney({ amountMinor: amountPaise, currency });
  record.note(
    `The gateway has taken the refund ${refundId} of ${money}; its word on the outcome is awaited.`,
  );
  const end = await orLate(awaitRefund({ refundId }));
  if (end === 'late') return blocked(`The payment gateway has not said in time what became of ${refundId}.`);
  if (end.kind === 'cancelled') return blocked(end.sentence);
  record.note(`The gateway has paid the refund ${refundId} of ${money}.`);
  return null;
}

async function endServer(
  run: RemedyRun,
  { purchaseId, ip }: { purchaseId: string; ip: string },
): Promise<FailedStep | null> {
  const remedyOf = workflowInfo().workflowId;
  const ended = await orLate(wipeActivities(run.policy).strandServer({ purchaseId, ip, remedyOf }));
  if (ended === 'late') return blocked(`The server ${ip} could not be stopped and wiped in time.`);
  if (ended.kind === 'refused') return blocked(ended.sentence);
  run.record.note(ended.sentence);
  return null;
}

async function finish(
  run: RemedyRun,
  { endsAs, refundedPaise, currency }: Extract<RemedyStep, { kind: 'done' }>,
): Promise<Legs> {
  const money = formatMoney({ amountMinor: refundedPaise, currency });
  await run.record.enter({
    status: endsAs,
    text: `${money} went back to the customer; the order has ended as ${endsAs}.`,
    next: { text: 'Nothing: the order has ended.', at: null },
  });
  run.notices.tell({
    factId: 'refunded',
    notice: { kind: 'refunded', amountPaise: refundedPaise, currency, cancelled: endsAs === 'cancelled' },
  });
  return { kind: 'done', endsAs };
}

function blocked(message: string): FailedStep {
  return { kind: 'failed', code: 'compensationBlocked', message };
}

function endUntaken(
  orderId: string,
  taken: { kind: 'unknown' } | { kind: 'refused'; sentence: string },
): CompensateOrderResult {
  if (taken.kind === 'refused') return { orderId, ended: 'refused', explanation: taken.sentence };
  return { orderId, ended: 'unknownOrder', explanation: `There is no order ${orderId}.` };
}
