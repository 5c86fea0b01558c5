import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import {
  orderWorkflowId,
  type Refusal,
  retryOrderSignal,
  retryOrderUpdate,
} from '../../workflows/contract/provision-order.ts';
import type { Collections } from '../database.ts';
import type { OrderStatus } from '../domain/order.ts';
import { answerRetry } from '../domain/order-lifecycle.ts';
import type { ResolvedPolicy } from '../domain/policy.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { askOrder } from './ask-order.ts';
import { restartOrder } from './restart-order.ts';
import { findGrpcStatus } from './service-error.ts';

/** A live workflow answers an update within milliseconds; without a worker it never does. */
const answerWithinMs = 12_000;
/** Tries of one workflow task after which its code is taken as failing, not as slow. */
const failingTaskAttempts = 3;

export interface RetryRequest {
  orderId: string;
  reason?: string;
  by: string;
}

export type RetryResult =
  | { kind: 'accepted'; orderId: string; orderStatus: OrderStatus; next: string }
  | ({ kind: 'refused' } & Refusal)
  | { kind: 'notFound' }
  | { kind: 'unavailable'; sentence: string };

interface RetryDependencies {
  client: Client;
  db: Pick<Collections, 'orders'>;
  readPolicy: () => Promise<ResolvedPolicy>;
  now: () => Date;
  log: { warn: (fields: object, sentence: string) => void };
}

/**
 * The retry button: asks the order's workflow; where that is gone, or past its bound with no worker or failing
 * tasks, judges by the document and starts the owner again. The answer says which.
 */
export async function retryOrder(deps: RetryDependencies, request: RetryRequest): Promise<RetryResult> {
  try {
    return await askOrAct(deps, request);
  } catch (error) {
    if (findGrpcStatus(error) === undefined) throw error;
    return unavailable;
  }
}

const unavailable = {
  kind: 'unavailable',
  sentence: 'Temporal cannot be reached; nothing was changed. Try again soon.',
} as const;

async function askOrAct(deps: RetryDependencies, request: RetryRequest): Promise<RetryResult> {
  const order = await deps.db.orders.findOne({ _id: request.orderId });
  if (!order) return { kind: 'notFound' };
  if (order.owner === null || !order.open) return judge(deps, order, async () => 'There is nothing to do.');
  const { orderId, by, reason } = request;
  const said = { by, ...(reason ? { reason } : {}) };
  const asked = await askOrder(deps.client, {
    orderId,
    update: retryOrderUpdate,
    said,
    withinMs: answerWithinMs,
  });
  if (asked.kind === 'answered') {
    return { kind: 'accepted', orderId: order._id, ...asked.accepted };
  }
  if (asked.kind === 'refused') return { kind: 'refused', ...asked.refusal };
  if (asked.kind === 'gone')
    return judge(deps, order, () => startAgain(deps, request), !waitsForWorkflow(order));
  return judge(deps, order, () => wakeSilent(deps, request));
}

/** True where nothing but its workflow brings the order on: with that gone, it is not in progress whatever it says. */
function waitsForWorkflow({ status, money }: OrderDocument): boolean {
  return status === 'queued' || (status === 'pendingPayment' && money === 'kept');
}

/** Judges by the document, as the workflow would, and acts where the retry is accepted. */
async function judge(
  deps: RetryDependencies,
  order: OrderDocument,
  act: () => Promise<string>,
  mayRefuse = true,
): Promise<RetryResult> {
  const policy = await deps.readPolicy();
  const nowMs = deps.now().getTime();
  const sinceMs = Date.parse(order.statusSince);
  const answer = answerRetry({
    orderId: order._id,
    status: order.status,
    sinceMs,
    nowMs,
    provisioningLimitMs: policy.provisioningLimitMs,
    lockWaitLimitMs: policy.lockWaitLimitMs,
    decided: null,
  });
  if (answer.kind === 'refused' && mayRefuse) {
    const ageSeconds = Math.floor((nowMs - sinceMs) / 1000);
    return {
      kind: 'refused',
      orderStatus: order.status,
      since: order.statusSince,
      ageSeconds,
      sentence: answer.sentence,
    };
  }
  const next = await act();
  const sentence = answer.kind === 'accepted' ? answer.next : next;
  deps.log.warn({ orderId: order._id, orderStatus: order.status }, sentence);
  return { kind: 'accepted', orderId: order._id, orderStatus: order.status, next };
}

async function startAgain(deps: RetryDependencies, { orderId }: { orderId: string }): Promise<string> {
  await restartOrder(deps, { orderId, trial: true });
  return 'Its workflow was gone; it was started again and continues by what the ledger says.';
}

/** No worker, or code that fails its tasks: the first keeps the message, the second needs a new run. */
async function wakeSilent(deps: RetryDependencies, request: RetryRequest): Promise<string> {
  try {
    return await deps.client.withDeadline(Date.now() + answerWithinMs, () =>
      signalOrStartAgain(deps, request),
    );
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return startAgain(deps, request);
  }
}

async function signalOrStartAgain(deps: RetryDependencies, request: RetryRequest): Promise<string> {
  const handle = deps.client.workflow.getHandle(orderWorkflowId(request.orderId));
  const description = await handle.describe();
  const attempts = description.raw.pendingWorkflowTask?.attempt ?? 0;
  if (attempts < failingTaskAttempts) {
    const { by, reason } = request;
    await handle.signal(retryOrderSignal.name, { by, ...(reason ? { reason } : {}) });
    return `It has not answered within ${answerWithinMs / 1000} s: the retry is kept and acts as soon as a worker takes it. Check that one runs.`;
  }
  await handle.terminate(`Its tasks failed ${attempts} times; started again by a retry of ${request.by}.`);
  await restartOrder(deps, { orderId: request.orderId, trial: true });
  return 'Its workflow failed its tasks; it was started again and continues by what the ledger says.';
}
