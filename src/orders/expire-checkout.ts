import type { Collections } from '../database.ts';
import { describeDuration } from '../domain/duration.ts';
import type { OrderDocument } from './order-document.ts';

const hourMs = 3_600_000;
/** After its expiry a checkout is asked about twice more: a gateway can tell of a payment late. */
const askAgainAfterMs: readonly number[] = [hourMs, 24 * hourMs];

type Orders = Pick<Collections, 'orders'>;

/**
 * An unpaid checkout ends as `expired`, by compare-and-set: an order that has an owner or money by now stays as it is.
 * @returns whether this call ended it.
 */
export async function expireCheckout(
  deps: { db: Orders; now: () => string },
  { orderId, checkoutExpiryMs }: { orderId: string; checkoutExpiryMs: number },
): Promise<boolean> {
  const at = deps.now();
  const text = `Not paid within ${describeDuration(checkoutExpiryMs)}: the checkout has expired.`;
  const ended = await deps.db.orders.updateOne(
    { _id: orderId, status: 'pendingPayment', money: 'unpaid', owner: null },
    {
      $set: { status: 'expired', statusSince: at, open: false, next: null, askGatewayAt: nextAsk(at, at) },
      $push: { timeline: { $each: [{ at, text }] } },
    },
  );
  return ended.matchedCount === 1;
}

/** Notes that an expired or paid order was asked about: when it is next, or that it is not any more. */
export async function noteLateAsk(
  deps: { db: Orders; now: () => string },
  order: Pick<OrderDocument, '_id' | 'statusSince' | 'money'>,
): Promise<void> {
  const { _id, money, statusSince } = order;
  const askGatewayAt = money === 'unpaid' ? nextAsk(statusSince, deps.now()) : null;
  // One that was paid meanwhile has another moment.
  await deps.db.orders.updateOne({ _id, money }, { $set: { askGatewayAt } });
}

function nextAsk(expiredAt: string, now: string): string | null {
  const dueAt = askAgainAfterMs.map((ms) => Date.parse(expiredAt) + ms).find((ms) => ms > Date.parse(now));
  return dueAt === undefined ? null : new Date(dueAt).toISOString();
}
