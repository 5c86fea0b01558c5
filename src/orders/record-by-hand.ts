import type { Collections } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import type { RefundDependencies } from '../payments/refund-book.ts';
import { recordPartByHand, recordRefundByHand } from '../payments/refund-by-hand.ts';

/**
 * Records what an admin gave back outside the gateway, as the order's remedy has it: the difference of a price
 * adjustment, else every payment that is not returned. Safe to repeat.
 * @returns false where the gateway may still give some of it back: that is not recorded.
 */
export async function recordByHand(
  deps: RefundDependencies & { db: Pick<Collections, 'orders'> },
  { orderId, reference }: { orderId: string; reference: string },
): Promise<boolean> {
  const order = await deps.db.orders.findOne({ _id: orderId });
  if (!order) throw new BrokenRecord(`Failed to record a refund of order ${orderId}: it does not exist.`);
  const { remedy, paymentKey } = order;
  if (remedy?.option !== 'priceAdjustment') return recordRefundByHand(deps, { orderId, reference });
  const amountPaise = remedy.adjustment?.differencePaise ?? 0;
  if (paymentKey === null || amountPaise === 0) return true;
  return recordPartByHand(deps, {
    orderId,
    paymentKey,
    part: { name: 'difference', amountPaise },
    reference,
  });
}
