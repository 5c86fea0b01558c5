import type { RawValue } from '@temporalio/common';
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  defineWorkflowOptions,
  workflowInfo,
} from '@temporalio/workflow';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import { type RemedyNow, type RemedyWish, remedyLetters, remedyOptions } from '../src/domain/remedy.ts';
import { dismissal, records } from './activity-proxies.ts';
import { useAssignServer } from './assign-server.ts';
import {
  type CompensateOrderInput,
  type CompensateOrderResult,
  compensationWorkflowId,
} from './contract/compensate-order.ts';
import { orderWorkflowId } from './contract/provision-order.ts';
import { everyInputRaw, readSignal, type SignalInput } from './contract/read-signal.ts';
import { createDecisionSlot } from './decision-slot.ts';
import { useFreeMonth } from './free-month.ts';
import { enterFailed, planOfKnownFailure, waitForDecision } from './order-failure.ts';
import { useOrderMessages } from './order-messages.ts';
import { useOrderNotices } from './order-notices.ts';
import { createOrderRecord, OwnerChanged, writeNotesInBackground } from './order-record.ts';
import { findOddAdjustment, readAdjustment } from './read-adjustment.ts';
import { takeLegsSafely } from './remedy-legs.ts';
import { enterCompensating, heedDecision, type RemedyRun, waitsForDecision } from './remedy-run.ts';
import { useResolvePurchase } from './resolve-purchase.ts';
import { usePackageLock } from './with-package-lock.ts';

const inputHelp =
  'Start it with {"orderId": "...", "option": "refund", "by": "your name", "reason": "..."}; ' +
  'its workflow id is compensation-<orderId>.';

/**
 * What is done for the customer of an order: owner of the order's document from its first step on. Every leg goes on
 * by what MongoDB and the gateway say, so that a run that starts again repeats nothing. It never fails by business
 * trouble: what is blocked waits in `failed` for a decision, with reminders.
 */
export async function compensateOrder(input?: RawValue): Promise<CompensateOrderResult> {
  const said = readInput(readSignal(input));
  if ('explanation' in said) return said;
  const { cancelRequested } = CancellationScope.current();
  return CancellationScope.nonCancellable(() => runRemedy(said, cancelRequested));
}

// As with signals: input that the SDK cannot decode by itself would fail every task of the run.
defineWorkflowOptions(compensateOrder, { staticOptions: { typeInfo: { inputTypes: everyInputRaw } } });

type RemedyAsked = Omit<RemedyWish, 'workflowId'>;

/** Anything may be typed into "Start workflow": what is odd ends in a sentence, never in a failing task. */
function readInput(input: SignalInput): RemedyAsked | CompensateOrderResult {
  const said: Partial<Record<keyof CompensateOrderInput, unknown>> =
    input.kind === 'fields' ? input.fields : {};
  const { orderId, by, reason, endsAs } = said;
  if (typeof orderId !== 'string' || orderId === '' || orderId.length > 100) {
    return { orderId: '', ended: 'badInput', explanation: `Failed to read the order. ${inputHelp}` };
  }
  const wanted = compensationWorkflowId(orderId);
  if (workflowInfo().workflowId !== wanted) {
    const explanation = `The workflow id of this remedy has to be ${wanted}; nothing was changed. ${inputHelp}`;
    return { orderId, ended: 'badInput', explanation };
  }
  const named = typeof said.option === 'string' ? said.option.trim() : '';
  const letter = Object.hasOwn(remedyLetters, named) ? remedyLetters[named] : undefined;
  const option = letter ?? remedyOptions.find((known) => known === named);
  if (option === undefined) {
    return { orderId, ended: 'badInput', explanation: `Failed to read the option. ${inputHelp}` };
  }
  const odd = option === 'priceAdjustment' ? findOddAdjustment(input) : null;
  if (odd !== null) {
    return { orderId, ended: 'badInput', explanation: `Failed to adjust the price: ${odd}. ${inputHelp}` };
  }
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value.slice(0, 500) : null);
  return {
    orderId,
    option,
    by: text(by) ?? 'Temporal Web UI',
    reason: text(reason),
    endsAs: endsAs === 'cancelled' ? 'cancelled' : 'refunded',
    ...readAdjustment(input),
  };
}

async function runRemedy(
  asked: RemedyAsked,
  cancelRequested: Promise<never>,
): Promise<CompensateOrderResult> {
  const { orderId } = asked;
  let policy: ResolvedPolicy | undefined;
  let now: RemedyNow | null = null;
  const record = createOrderRecord(orderId);
  const notices = useOrderNotices({ orderId, onFailed: record.note });
  const slot = createDecisionSlot();
  const messages = useOrderMessages({
    record,
    slot,
    policy: () => policy,
    isSent: () => true,
    remedy: () => now,
  });
  const month = useFreeMonth();
  useResolvePurchase({ record, slot, policy: () => policy });
  useAssignServer({ record, slot, policy: () => policy });
  const lock = usePackageLock({
    onPaused: ({ reason }) => record.note(`The package lock is paused: ${reason}`),
    onResumed: () => record.note('The package lock is open again.'),
  });
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
  const { order, remedy, moneyBegun, requestIds } = taken;
  now = { option: remedy.option, moneyBegun, inMonth: order.freeUntil !== null, isBeginning: false };
  record.adopt(order);
  now.isBeginning = !waitsForDecision({ record });
  for (const requestId of requestIds) {
    await lock.releaseLeftover({ supplier: order.supplier, packageName: order.packageKey, requestId });
  }
  // Also by a run that starts again: the one before may have died before it told anybody.
  await dismissal.dismissOwner({ orderId, workflowId: orderWorkflowId(orderId) });
  const run: RemedyRun = {
    order,
    remedy,
    now,
    policy,
    record,
    messages,
    slot,
    notices,
    lock,
    trial: true,
    earlyDecision: null,
    retriesByItself: 0,
    isRemedy: true,
    waitingForStockSinceMs: null,
    stockHasChanged: false,
    month,
  };
  const ended = await runToTheEnd(run);
  if (order.freeMonthOf) await records.tellFreeMonth({ orderId: order.freeMonthOf.orderId });
  await condition(() => notices.isDrained && record.isWritten && allHandlersFinished());
  return { orderId, ended, explanation: record.timeline.at(-1)?.text ?? '' };
}

async function runToTheEnd(run: RemedyRun): Promise<CompensateOrderResult['ended']> {
  const { record, order } = run;
  void writeNotesInBackground(record);
  try {
    // A remedy that has failed and was started again goes on waiting for its decision.
    if (waitsForDecision(run)) {
      await waitForDecision(run, planOfKnownFailure(run));
      await heedDecision(run);
    }
    for (;;) {
      // A month that runs goes on running.
      if (record.status !== 'active' || order.freeUntil === null) await enterCompensating(run);
      run.now.isBeginning = false;
      const result = await takeLegsSafely(run);
      if (result.kind === 'done') return result.endsAs;
      await waitForDecision(run, await enterFailed(run, result));
      await heedDecision(run);
    }
  } catch (error) {
    if (error instanceof OwnerChanged) return 'ownedByAnotherWorkflow';
    throw error;
  }
}

function endUntaken(
  orderId: string,
  taken: { kind: 'unknown' } | { kind: 'refused'; sentence: string },
): CompensateOrderResult {
  if (taken.kind === 'refused') return { orderId, ended: 'refused', explanation: taken.sentence };
  return { orderId, ended: 'unknownOrder', explanation: `There is no order ${orderId}.` };
}
