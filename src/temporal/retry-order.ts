import type { Client } from '@temporalio/client';
import { retryOrderSignal, retryOrderUpdate } from '../../workflows/contract/provision-order.ts';
import type { Collections } from '../database.ts';
import { answerRetry } from '../domain/order-lifecycle.ts';
import type { ResolvedPolicy } from '../domain/policy.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { askOrder, ownerOf } from './ask-order.ts';
import {
  type OrderActResult,
  type OrderWish,
  type RecordAct,
  recordOrderAct,
  refusedByDocument,
  saidBy,
} from './order-act.ts';
import { restartOrder } from './restart-order.ts';
import { orUnavailable } from './run-verdict.ts';
import { answerWithinMs, endFailingRun, keptSentence } from './tell-owner.ts';

interface RetryDependencies {
  client: Client;
  db: Pick<Collections, 'orders'>;
  readPolicy: () => Promise<ResolvedPolicy>;
  recordAct: RecordAct;
  now: () => Date;
  log: { warn: (fields: object, sentence: string) => void };
}

/**
 * The retry button: asks the order's owner; where that is gone, or past its bound with no worker or failing tasks,
 * judges by the document and starts the owner again. The answer says which.
 */
export function retryOrder(deps: RetryDependencies, wish: OrderWish): Promise<OrderActResult> {
  return orUnavailable(() => askOrAct(deps, wish));
}

async function askOrAct(deps: RetryDependencies, wish: OrderWish): Promise<OrderActResult> {
  const order = await deps.db.orders.findOne({ _id: wish.orderId });
  if (!order) return { kind: 'notFound' };
  if (order.owner === null || !order.open)
    return judge(deps, { order, wish, act: async () => 'There is nothing to do.' });
  const said = saidBy(wish);
  const asked = await askOrder(deps.client, {
    order,
    update: retryOrderUpdate,
    said,
    withinMs: answerWithinMs,
  });
  switch (asked.kind) {
    case 'answered':
      return { kind: 'accepted', orderId: order._id, ...asked.accepted };
    case 'refused': {
      const { sentence: answer } = asked.refusal;
      await recordOrderAct(deps, { act: 'retryOrder', wish, accepted: false, answer });
      return { kind: 'refused', ...asked.refusal };
    }
    case 'gone':
      return judge(deps, {
        order,
        wish,
        act: () => startAgain(deps, order),
        mayRefuse: !waitsForWorkflow(order),
      });
    case 'silent':
      return judge(deps, { order, wish, act: () => wakeSilent(deps, { order, wish }) });
  }
}

/** True where nothing but its workflow brings the order on: with that gone, it is not in progress whatever it says. */
function waitsForWorkflow({ status, money }: OrderDocument): boolean {
  return (
    status === 'queued' || status === 'compensating' || (status === 'pendingPayment' && money === 'kept')
  );
}

interface Judged {
  order: OrderDocument;
  wish: OrderWish;
  act: () => Promise<string>;
  mayRefuse?: boolean;
}

/** Judges by the document, as the workflow would, and acts where the retry is accepted. */
async function judge(deps: RetryDependencies, input: Judged): Promise<OrderActResult> {
  const { order, wish, act, mayRefuse = true } = input;
  const policy = await deps.readPolicy();
  const now = deps.now();
  const answer = answerRetry({
    orderId: order._id,
    status: order.status,
    sinceMs: Date.parse(order.statusSince),
    nowMs: now.getTime(),
    provisioningLimitMs: policy.provisioningLimitMs,
    lockWaitLimitMs: policy.lockWaitLimitMs,
    decided: null,
  });
  if (answer.kind === 'refused' && mayRefuse) {
    const { sentence } = answer;
    await recordOrderAct(deps, { act: 'retryOrder', wish, accepted: false, answer: sentence });
    return refusedByDocument({ order, sentence, now });
  }
  const next = await act();
  const sentence = answer.kind === 'accepted' ? answer.next : next;
  deps.log.warn({ orderId: order._id, orderStatus: order.status }, sentence);
  // A message that is kept is recorded by the workflow that takes it.
  if (next !== keptSentence) {
    await recordOrderAct(deps, { act: 'retryOrder', wish, accepted: true, answer: next });
  }
  return { kind: 'accepted', orderId: order._id, orderStatus: order.status, next };
}

async function startAgain(deps: RetryDependencies, { _id: orderId }: OrderDocument): Promise<string> {
  await restartOrder(deps, { orderId, trial: true });
  return 'Its workflow was gone; it was started again and continues by what the ledger says.';
}

/** No worker, or code that fails its tasks: the first keeps the message, the second needs a new run. */
async function wakeSilent(
  deps: RetryDependencies,
  { order, wish }: { order: OrderDocument; wish: OrderWish },
): Promise<string> {
  const said = saidBy(wish);
  return deps.client.withDeadline(Date.now() + answerWithinMs, async () => {
    const run = await endFailingRun(deps.client, { order, said });
    if (run === 'gone') return startAgain(deps, order);
    if (run === 'alive') {
      await deps.client.workflow.getHandle(ownerOf(order)).signal(retryOrderSignal.name, said);
      return keptSentence;
    }
    await restartOrder(deps, { orderId: order._id, trial: true });
    return 'Its workflow failed its tasks; it was started again and continues by what the ledger says.';
  });
}
