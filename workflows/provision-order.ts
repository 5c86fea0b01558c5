import type { RawValue } from '@temporalio/common';
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  defineWorkflowOptions,
  workflowInfo,
} from '@temporalio/workflow';
import { assertNever } from '../src/domain/assert-never.ts';
import type { OrderStatus } from '../src/domain/order.ts';
import type { NextStep, OpenedOrder, OrderFacts } from '../src/domain/order-facts.ts';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import { records } from './activity-proxies.ts';
import { useAssignServer } from './assign-server.ts';
import type { ProvisionOrderInput, ProvisionOrderResult } from './contract/provision-order.ts';
import { everyInputRaw, findText, readSignal } from './contract/read-signal.ts';
import { createDecisionSlot, endingOf } from './decision-slot.ts';
import { deliverServer } from './deliver-server.ts';
import { handOver } from './hand-over.ts';
import { giveLatePaymentBack } from './late-payment.ts';
import {
  decideFailure,
  enterFailed,
  planOfKnownFailure,
  resumeFailure,
  waitForDecision,
} from './order-failure.ts';
import { useOrderMessages } from './order-messages.ts';
import { useOrderNotices } from './order-notices.ts';
import { createOrderRecord, OwnerChanged, writeNotesInBackground } from './order-record.ts';
import type { OrderRun, StepResult } from './order-run.ts';
import { usePaymentDesk } from './payment-desk.ts';
import { codeOfCase, takePurchaseStep } from './purchase-step.ts';
import { renewServer } from './renew-server.ts';
import { useResolvePurchase } from './resolve-purchase.ts';
import { sayError } from './say-error.ts';
import { usePackageLock } from './with-package-lock.ts';

/**
 * One paid order from payment to delivery: owner of the order's document until a remedy begins. It never fails by
 * business trouble: an order that cannot go on waits in `failed` for a decision.
 */
export async function provisionOrder(input?: RawValue): Promise<ProvisionOrderResult> {
  const said = readSignal(input);
  const orderId = findText({ from: said, name: 'orderId' });
  if (orderId === undefined) {
    return { orderId: '', ended: 'badInput', explanation: 'Start it with {"orderId": "..."}.' };
  }
  const trial = said.kind === 'fields' && said.fields.trial === true;
  const { cancelRequested } = CancellationScope.current();
  return CancellationScope.nonCancellable(() => runOrder({ orderId, trial, cancelRequested }));
}

// As with signals: input that the SDK cannot decode by itself would fail every task of the run.
defineWorkflowOptions(provisionOrder, { staticOptions: { typeInfo: { inputTypes: everyInputRaw } } });

async function runOrder({
  orderId,
  trial,
  cancelRequested,
}: Required<ProvisionOrderInput> & { cancelRequested: Promise<never> }): Promise<ProvisionOrderResult> {
  let policy: ResolvedPolicy | undefined;
  const record = createOrderRecord(orderId);
  const notices = useOrderNotices({ orderId, onFailed: record.note });
  const payments = usePaymentDesk({ orderId, record, notices });
  const slot = createDecisionSlot();
  const facts: { order: OrderFacts | null; run: OrderRun | null } = { order: null, run: null };
  const messages = useOrderMessages({
    record,
    slot,
    policy: () => policy,
    isSent: () => facts.order?.sent ?? false,
    isRenewing: () => facts.run?.isRenewing ?? false,
  });
  // The button "Request Cancellation" of the Temporal Web UI is the message cancelOrder.
  cancelRequested.catch(() => messages.cancelFromUi());
  useResolvePurchase({ record, slot, policy: () => policy });
  useAssignServer({ record, slot, policy: () => policy });
  const lock = usePackageLock({
    onPaused: ({ reason }) => record.note(`The package lock is paused: ${reason}`),
    onResumed: () => record.note('The package lock is open again.'),
  });
  // One condition over all: a payment that arrives while a mail is awaited is settled before the run ends.
  const nothingLeft = () =>
    condition(() => payments.isIdle && notices.isDrained && record.isWritten && allHandlersFinished());
  const paymentSignalled = !payments.isEmpty;
  payments.open();
  await payments.idle();
  const { workflowId } = workflowInfo();
  const { policy: policyNow, opened } = await records.openOrder({ orderId, workflowId, paymentSignalled });
  policy = policyNow;
  if (opened.kind !== 'open') {
    await nothingLeft();
    return endWithoutOrder(orderId, opened);
  }
  const { order } = opened;
  facts.order = order;
  record.adopt(order);
  for (const requestId of opened.requestIds) {
    await lock.releaseLeftover({ supplier: order.supplier, packageName: order.packageKey, requestId });
  }
  if (opened.restarted) record.note('The order was started again and continues by what the ledger says.');
  const run: OrderRun = {
    order,
    policy,
    record,
    messages,
    slot,
    notices,
    payments,
    isRenewing: false,
    lock,
    trial,
    retriesByItself: 0,
    isRemedy: false,
    earlyDecision: null,
    paymentsAtPlan: payments.settled,
    waitingForStockSinceMs: null,
    stockHasChanged: false,
  };
  facts.run = run;
  const status = await runToTheEnd(run, opened);
  if (order.freeMonthOf) await records.tellFreeMonth({ orderId: order.freeMonthOf.orderId });
  await nothingLeft();
  return { orderId, ended: status, explanation: record.timeline.at(-1)?.text ?? '' };
}

/** Steps until the order has ended or belongs to another workflow. */
async function runToTheEnd(
  run: OrderRun,
  opened: Extract<OpenedOrder, { kind: 'open' }>,
): Promise<OrderStatus | 'ownedByAnotherWorkflow'> {
  void writeNotesInBackground(run.record);
  try {
    for (let known = await takeUp(run, opened); ; known = null) {
      const result: StepResult = await takeNextStepSafely(run, known);
      if (result.kind === 'ended') return result.status;
      if (result.kind === 'failed') {
        await decideFailure(run, await enterFailed(run, result));
      } else if (result.pauseMs) {
        await condition(() => endingOf(run.slot) !== null, result.pauseMs, {
          summary: 'Pause before the next step',
        });
      }
    }
  } catch (error) {
    if (error instanceof OwnerChanged) return 'ownedByAnotherWorkflow';
    throw error;
  }
}

/**
 * Tells a new customer what comes, once by its fact, also where an earlier run (or the same task before its worker
 * died) got no further than the queue. A failure that an earlier run wrote goes on waiting, from when it was written:
 * nothing is bought anew.
 * @returns the step to begin with; null where it has to be planned anew.
 */
async function takeUp(
  run: OrderRun,
  opened: Extract<OpenedOrder, { kind: 'open' }>,
): Promise<NextStep | null> {
  const { order, restarted, step } = opened;
  if (isSameCase(run, step)) {
    run.record.resumeCase(step.purchaseId);
    await decideFailure(run, resumeFailure(run, step.purchaseId));
    return null;
  }
  if (step.kind !== 'buy') return step;
  if (!restarted || order.status === 'pendingPayment' || order.status === 'queued') {
    const { provisioningLimitMs, credentialsAlertMs } = run.policy;
    const expectedBy = new Date(Date.now() + provisioningLimitMs + credentialsAlertMs).toISOString();
    run.notices.tell({ factId: 'paid', notice: { kind: 'paid', expectedBy } });
  } else if (order.status === 'failed' && !run.trial) {
    await decideFailure(run, planOfKnownFailure(run));
    // What was planned before the wait may have been overtaken: by a server that was assigned, or a late answer.
    return null;
  }
  return step;
}

/** True where an earlier run has failed by just this case, and nothing more is known of it since. */
function isSameCase(run: OrderRun, step: NextStep): step is Extract<NextStep, { kind: 'case' }> {
  const { status, failure } = run.order;
  if (status !== 'failed' || run.trial || step.kind !== 'case') return false;
  return failure?.code === codeOfCase(step) && failure.message === step.sentence;
}

/** Whatever goes wrong unexpectedly becomes a failure that waits for a decision, never a failed workflow. */
async function takeNextStepSafely(run: OrderRun, known: NextStep | null): Promise<StepResult> {
  let ending = endingOf(run.slot);
  try {
    if (ending) return await handOver(run, ending);
    const step = known ?? (await planNextStep(run));
    // What was decided while the step was planned: the order is still failed, and nothing was begun.
    ending = endingOf(run.slot);
    if (ending) return await handOver(run, ending);
    return await takeNextStep(run, step);
  } catch (error) {
    if (error instanceof OwnerChanged) throw error;
    if (ending) run.slot.empty();
    return { kind: 'failed', code: 'internalError', message: sayError(error) };
  }
}

/** What MongoDB and the ledger say now, whatever this run remembers. */
function planNextStep(run: OrderRun): Promise<NextStep> {
  const { order } = run;
  run.paymentsAtPlan = run.payments.settled;
  return records.planOrder({ orderId: order.orderId, workflowId: workflowInfo().workflowId });
}

async function takeNextStep(run: OrderRun, step: NextStep): Promise<StepResult> {
  switch (step.kind) {
    case 'awaitPayment':
      return awaitRightPayment(run);
    case 'finishDelivery':
      return deliverServer(run, step);
    case 'renew':
      return renewServer(run);
    case 'ended':
      return endAs(run, step.status);
    default:
      return takePurchaseStep(
        run,
        step,
        (server) => deliverServer(run, server),
        run.order.paidLate ? () => giveLatePaymentBack(run) : null,
      );
  }
}

/** Only a wrong payment is there: the order asks for no lock and waits for the right one. */
async function awaitRightPayment(run: OrderRun): Promise<StepResult> {
  const { payments, slot } = run;
  const message = 'What was paid is not what the order costs; nothing is bought for it.';
  const plan =
    run.record.failure?.code === 'paymentMismatch'
      ? planOfKnownFailure(run)
      : await enterFailed(run, { kind: 'failed', code: 'paymentMismatch', message });
  // Counted from the look at the order: the right payment may have come while the failure was written.
  await waitForDecision(run, plan, () => payments.settled > run.paymentsAtPlan);
  if (endingOf(slot) === null) slot.empty();
  return { kind: 'again' };
}

async function endAs(run: OrderRun, status: OrderStatus): Promise<StepResult> {
  if (run.record.status !== status) {
    const next = { text: 'Nothing: the order has ended.', at: null };
    await run.record.enter({ status, text: `The order has ended as ${status}.`, next });
  }
  return { kind: 'ended', status };
}

function endWithoutOrder(
  orderId: string,
  opened: Exclude<OpenedOrder, { kind: 'open' }>,
): ProvisionOrderResult {
  switch (opened.kind) {
    case 'unknown':
      return {
        orderId,
        ended: 'unknownOrder',
        explanation: `There is no order ${orderId}; its payment is unmatched.`,
      };
    case 'ownedByOther':
      return {
        orderId,
        ended: 'ownedByAnotherWorkflow',
        explanation: `Order ${orderId} belongs to the workflow ${opened.owner}.`,
      };
    case 'notPaid':
      return {
        orderId,
        ended: 'notPaid',
        explanation: `Order ${orderId} is not paid; its payment starts it by itself.`,
      };
    default:
      return assertNever(opened);
  }
}
