import type { Client } from '@temporalio/client';
import { type Refusal, retryOrderUpdate } from '../../workflows/contract/provision-order.ts';
import type { Collections } from '../database.ts';
import { answerRetry } from '../domain/order-lifecycle.ts';
import type { ResolvedPolicy } from '../domain/policy.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { askOrder } from './ask-order.ts';
import {
  type OrderActResult,
  type OrderWish,
  type RecordAct,
  recordOrderAct,
  refusedByDocument,
  saidBy,
} from './order-act.ts';
import { restartOrder } from './restart-order.ts';
import { orUnavailable, unavailable } from './run-verdict.ts';
import { answerWithinMs, endFailingRun, keepMessage, keptSentence } from './tell-owner.ts';

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
 * judges by the document and starts the owner again, or asks the one that somebody else has just started. The answer
 * says which.
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
    case 'refused':
      return refuse(deps, { wish, refusal: asked.refusal });
    case 'gone':
      return judge(deps, {
        order,
        wish,
        act: () => startAgain(deps, { order, wish }),
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

interface Retried {
  order: OrderDocument;
  wish: OrderWish;
}

interface Judged extends Retried {
  /** What was done, in words; or what the owner said, where that runs after all. */
  act: () => Promise<string | OrderActResult>;
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
  if (typeof next !== 'string') return next;
  const sentence = answer.kind === 'accepted' ? answer.next : next;
  deps.log.warn({ orderId: order._id, orderStatus: order.status }, sentence);
  // A message that is kept is recorded by the workflow that takes it.
  if (next !== keptSentence) {
    await recordOrderAct(deps, { act: 'retryOrder', wish, accepted: true, answer: next });
  }
  return { kind: 'accepted', orderId: order._id, orderStatus: order.status, next };
}

async function startAgain(
  deps: RetryDependencies,
  { order, wish }: Retried,
  why = 'was gone',
): Promise<string | OrderActResult> {
  const restarted = await restartOrder(deps, { orderId: order._id, trial: true });
  if (restarted === 'alive') return askAlive(deps, { order, wish });
  return `Its workflow ${why}; it was started again and continues by what the ledger says.`;
}

/** Another hand, as a rule the watch, has started it a moment before: that run knows nothing of the retry. */
async function askAlive(deps: RetryDependencies, { order, wish }: Retried): Promise<string | OrderActResult> {
  const said = saidBy(wish);
  const update = retryOrderUpdate;
  const asked = await askOrder(deps.client, { order, update, said, withinMs: answerWithinMs });
  switch (asked.kind) {
    case 'answered':
      return { kind: 'accepted', orderId: order._id, ...asked.accepted };
    case 'refused':
      return refuse(deps, { wish, refusal: asked.refusal });
    case 'silent':
      return keepRetry(deps, { order, wish });
    case 'gone':
      return unavailable;
  }
}

async function refuse(
  deps: RetryDependencies,
  { wish, refusal }: { wish: OrderWish; refusal: Refusal },
): Promise<OrderActResult> {
  await recordOrderAct(deps, { act: 'retryOrder', wish, accepted: false, answer: refusal.sentence });
  return { kind: 'refused', ...refusal };
}

/** No worker, or code that fails its tasks: the first keeps the message, the second needs a new run. */
async function wakeSilent(
  deps: RetryDependencies,
  { order, wish }: Retried,
): Promise<string | OrderActResult> {
  const said = saidBy(wish);
  const run = await deps.client.withDeadline(Date.now() + answerWithinMs, () =>
    endFailingRun(deps.client, { order, said }),
  );
  if (run === 'alive') return keepRetry(deps, { order, wish });
  return startAgain(deps, { order, wish }, run === 'gone' ? undefined : 'failed its tasks');
}

function keepRetry({ client }: RetryDependencies, { order, wish }: Retried): Promise<string> {
  return keepMessage(client, { order, update: retryOrderUpdate, said: saidBy(wish) });
}
