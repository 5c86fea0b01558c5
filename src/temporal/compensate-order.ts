import type { Client } from '@temporalio/client';
import { compensationInput, compensationWorkflowId } from '../../workflows/contract/compensate-order.ts';
import { compensateOrderUpdate } from '../../workflows/contract/provision-order.ts';
import type { Collections } from '../database.ts';
import { answerCompensate, remedySteps } from '../domain/order-lifecycle.ts';
import type { RemedyOption, RemedyTaken, RemedyWish } from '../domain/remedy.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { askOwner } from './ask-owner.ts';
import {
  type OrderActResult,
  type OrderWish,
  type RecordAct,
  recordOrderAct,
  refusedByDocument,
  saidBy,
} from './order-act.ts';
import { orUnavailable } from './run-verdict.ts';
import { startCompensation } from './start-compensation.ts';

/** The remedy that is wished for; what it does not take is ignored. */
export interface CompensateWish extends OrderWish {
  option: RemedyOption;
  productId?: string;
  amountPaise?: number;
  reference?: string;
}

interface CompensateDependencies {
  client: Client;
  db: Pick<Collections, 'orders'>;
  recordAct: RecordAct;
  now: () => Date;
  /** Takes an order for its remedy, or says why not. */
  takeRemedy: (wish: RemedyWish) => Promise<RemedyTaken>;
  /** Why a remedy cannot begin for a failed order; null where it can. */
  findObjection: (input: { order: OrderDocument; wish: CompensateWish }) => Promise<string | null>;
}

/**
 * Begins a remedy. An order that still has its workflow is asked by the message `compensateOrder`; for a delivered
 * one, whose workflow has completed, the workflow `compensation-<orderId>` is started, which takes the order.
 */
export function compensateOrder(deps: CompensateDependencies, wish: CompensateWish): Promise<OrderActResult> {
  return orUnavailable(async () => {
    const order = await deps.db.orders.findOne({ _id: wish.orderId });
    if (!order) return { kind: 'notFound' };
    const sentence = findObstacle(order) ?? (await objectionTo(deps, { order, wish }));
    if (sentence !== null) return refuse(deps, { wish, order, sentence });
    return order.status === 'active' && order.remedy === null
      ? startRemedy(deps, { wish, order })
      : askForRemedy(deps, { wish, order });
  });
}

/** A failed order whose remedy has not begun: what is missing for the wish is said at once, not by its workflow later. */
async function objectionTo(
  { findObjection }: CompensateDependencies,
  input: { order: OrderDocument; wish: CompensateWish },
): Promise<string | null> {
  const { status, remedy } = input.order;
  const isFresh = status === 'failed' && remedy === null && input.wish.option !== 'refundedByHand';
  return isFresh ? findObjection(input) : null;
}

/** What forbids it by the document alone; null where it can begin, or where the owner has to say. */
function findObstacle(order: OrderDocument): string | null {
  const { _id: orderId, status, remedy, open } = order;
  if (status === 'active') {
    // A free month can be led out of; its workflow says how.
    if (remedy === null || (open && order.freeMonth?.state === 'running')) return null;
    return `Order ${orderId} ${open ? 'has its remedy under way' : 'has had its remedy'}: ${remedy.option}.`;
  }
  if (status === 'pendingPayment' && order.money === 'unpaid' && order.owner === null) {
    return `Order ${orderId} is not paid; there is nothing to give back. It can be cancelled.`;
  }
  return open && status !== 'compensating' ? null : sayEnded(order);
}

function sayEnded({ _id: orderId, status, remedy }: OrderDocument): string {
  const { option = 'refund' } = remedy ?? {};
  const answer = answerCompensate({ orderId, status, decided: null, sent: false, option });
  return answer.kind === 'refused' ? answer.sentence : `Order ${orderId} has ended; nothing was changed.`;
}

/** The order is taken here, so that of two wishes one is told so; a start that fails is made up by the watch. */
async function startRemedy(
  deps: CompensateDependencies,
  { wish, order }: { wish: CompensateWish; order: OrderDocument },
): Promise<OrderActResult> {
  const { orderId, option, by, reason = null, productId = null, amountPaise = null } = wish;
  const workflowId = compensationWorkflowId(orderId);
  const endsAs = 'refunded' as const;
  const chosen = { orderId, workflowId, option, by, reason, endsAs, productId, amountPaise };
  const taken = await deps.takeRemedy(chosen);
  if (taken.kind === 'unknown') return { kind: 'notFound' };
  if (taken.kind === 'refused') return refuse(deps, { wish, order, sentence: taken.sentence });
  if (!taken.isNew) {
    const { option: running, by: chooser } = taken.remedy;
    const sentence = `Order ${orderId}: the remedy ${running} was chosen by ${chooser} and is under way.`;
    return refuse(deps, { wish, order, sentence });
  }
  await startCompensation(deps.client, compensationInput(orderId, taken.remedy));
  const next = `The remedy ${option} begins. ${remedySteps[option]} See the workflow ${workflowId}.`;
  await recordOrderAct(deps, { act: 'compensateOrder', wish, accepted: true, answer: next });
  return { kind: 'accepted', orderId, orderStatus: 'active', next } as const;
}

async function askForRemedy(
  deps: CompensateDependencies,
  { wish, order }: { wish: CompensateWish; order: OrderDocument },
): Promise<OrderActResult> {
  const { option, productId, amountPaise, reference } = wish;
  const chosen = {
    option,
    ...(productId === undefined ? {} : { productId }),
    ...(amountPaise === undefined ? {} : { amountPaise }),
    ...(reference === undefined ? {} : { reference }),
  };
  const said = { ...saidBy(wish), ...chosen };
  const update = compensateOrderUpdate;
  const answer = await askOwner(deps, { act: 'compensateOrder', wish, order, update, said });
  if (answer.kind !== 'ended') return answer;
  const now = (await deps.db.orders.findOne({ _id: order._id })) ?? order;
  const sentence = `Order ${order._id} has ended as ${now.status} meanwhile; look at it, then choose.`;
  return refuse(deps, { wish, order: now, sentence });
}

async function refuse(
  deps: Omit<CompensateDependencies, 'client'>,
  { wish, order, sentence }: { wish: CompensateWish; order: OrderDocument; sentence: string },
): Promise<OrderActResult> {
  await recordOrderAct(deps, { act: 'compensateOrder', wish, accepted: false, answer: sentence });
  return refusedByDocument({ order, sentence, now: deps.now() });
}
