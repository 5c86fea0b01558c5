import type { Collections } from '../database.ts';
import { formatClock } from '../domain/shop-time.ts';
import type { OrderView } from '../domain/storefront.ts';
import { describeStatus, describeStatusForCustomer } from './customer-status.ts';
import type { OrderDocument } from './order-document.ts';

type Rows = Pick<Collections, 'orders'>;

/** More waiting orders of one package than this are shown without a place in the queue. */
const longestQueue = 1_000;

/** An order as the storefront sees it; null where there is none. */
export async function findOrder(
  deps: { db: Rows; shopTimeZone: string; now: () => string },
  { orderId }: { orderId: string },
): Promise<OrderView | null> {
  const order = await deps.db.orders.findOne({ _id: orderId });
  if (order === null) return null;
  const { status, failure, server, next } = order;
  const position = status === 'queued' ? await findPosition(deps.db, order) : null;
  return {
    orderId: order._id,
    status,
    statusSince: order.statusSince,
    statusText: describeStatus({ status, position, failureMessage: failure?.message ?? null }),
    customerText: describeStatusForCustomer({ status, expectedBy: expectedBy(order, deps) }),
    productId: order.productId,
    productName: order.productName,
    ramGb: order.ramGb,
    os: order.os,
    listPricePaise: order.discount?.listPricePaise ?? order.amountPaise,
    discountPaise: order.discount?.discountPaise ?? 0,
    amountPaise: order.amountPaise,
    currency: order.currency,
    createdAt: order.createdAt,
    paidAt: order.paidAt,
    ...(failure === null ? {} : { failure }),
    ...(server === null ? {} : { server: { ip: server.ip } }),
    ...(next === null ? {} : { next }),
    ...(order.open && order.freeMonth ? { freeUntil: order.freeMonth.until } : {}),
  };
}

/**
 * By when a delayed order is decided at the latest, as its mails say; null where nobody can say, or where it is for the
 * customer to pay the right amount. What comes next is not it: another try, or a reminder of the admin.
 */
function expectedBy(
  { status, next, failure, decisionDeadline }: OrderDocument,
  { shopTimeZone: timeZone, now }: { shopTimeZone: string; now: () => string },
): string | null {
  const isPromised = status !== 'failed' || failure?.code !== 'paymentMismatch';
  const at = status === 'failed' ? decisionDeadline : next?.at;
  return isPromised && at ? formatClock({ at, now: now(), timeZone }) : null;
}

/** The place of a queued order among those of its package, by time of payment, from 1. */
async function findPosition(db: Rows, order: OrderDocument): Promise<number | null> {
  const { supplier, packageKey, paidAt } = order;
  if (paidAt === null) return null;
  const earlier = await db.orders
    .find(
      { open: true, status: 'queued', supplier, packageKey, paidAt: { $lt: paidAt } },
      { projection: { _id: 1 } },
    )
    .limit(longestQueue)
    .toArray();
  return earlier.length < longestQueue ? earlier.length + 1 : null;
}
