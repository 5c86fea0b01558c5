import type { Client } from '@temporalio/client';
import { cancelOrderUpdate } from '../../workflows/contract/provision-order.ts';
import type { Collections } from '../database.ts';
import { answerCancel } from '../domain/order-lifecycle.ts';
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

interface CancelDependencies {
  client: Client;
  db: Pick<Collections, 'orders'>;
  recordAct: RecordAct;
  now: () => Date;
}

/**
 * Cancels an order: an unpaid one here, by one conditional update, since no workflow owns it; a paid one by its
 * owner, which gives the money back first, and refuses once something was sent to the supplier.
 */
export function cancelOrder(deps: CancelDependencies, wish: OrderWish): Promise<OrderActResult> {
  return orUnavailable(async () => {
    const { orderId } = wish;
    if (await cancelUnpaid(deps, wish)) {
      const next =
        'It was not paid: it is cancelled, and a payment that comes all the same buys nothing and goes back.';
      const { by, reason = null } = wish;
      const subject = { kind: 'order', id: orderId } as const;
      await deps.recordAct({ act: 'cancelOrder', subject, by, reason, accepted: true, answer: next });
      return { kind: 'accepted', orderId, orderStatus: 'cancelled', next };
    }
    const order = await deps.db.orders.findOne({ _id: orderId });
    if (!order) return { kind: 'notFound' };
    if (!order.open || (order.owner === null && order.money === 'unpaid')) {
      return refuse(deps, { wish, order });
    }
    const update = cancelOrderUpdate;
    const answer = await askOwner(deps, { act: 'cancelOrder', wish, order, update, said: saidBy(wish) });
    if (answer.kind !== 'ended') return answer;
    return refuse(deps, { wish, order: (await deps.db.orders.findOne({ _id: orderId })) ?? order });
  });
}

const askAgainAfterMs = 3_600_000;

/** Judged by the one document: a payment that has moved `money`, or a run that owns the order, comes first. */
async function cancelUnpaid({ db, now }: CancelDependencies, wish: OrderWish): Promise<boolean> {
  const at = now().toISOString();
  const why = wish.reason ? `: ${wish.reason}` : '';
  const moved = await db.orders.updateOne(
    { _id: wish.orderId, status: 'pendingPayment', money: 'unpaid', owner: null },
    {
      $set: {
        status: 'cancelled',
        statusSince: at,
        open: false,
        // A payment whose webhook is lost must be found, and goes back.
        askGatewayAt: new Date(Date.parse(at) + askAgainAfterMs).toISOString(),
        next: { text: 'Nothing: the order has ended.', at: null },
      },
      $inc: { version: 1 },
      $push: { timeline: { at, text: `Cancelled by ${wish.by}${why}. It was not paid.` } },
    },
  );
  return moved.matchedCount === 1;
}

/** No workflow is responsible: the document says why not. */
async function refuse(
  deps: CancelDependencies,
  { wish, order }: { wish: OrderWish; order: OrderDocument },
): Promise<OrderActResult> {
  const { _id: orderId, status } = order;
  const answer = answerCancel({ orderId, status, decided: null, sent: order.goods.state !== 'none' });
  const sentence =
    answer.kind === 'refused'
      ? answer.sentence
      : `Order ${orderId} is between two owners at this moment. Try again in a moment.`;
  await recordOrderAct(deps, { act: 'cancelOrder', wish, accepted: false, answer: sentence });
  return refusedByDocument({ order, sentence, now: deps.now() });
}
