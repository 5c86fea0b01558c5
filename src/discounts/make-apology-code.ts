import type { Collections } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import { createDiscount } from './create-discount.ts';

/** What the shop says sorry with: off one later order, long enough to need one. */
const apologyPercent = 10;
const apologyMs = 180 * 24 * 60 * 60 * 1000;

/** Id of the discount that comes with the apology for an order. */
export function apologyDiscountId(orderId: string): string {
  return `apology-${orderId}`;
}

/** Makes the discount code that comes with an apology: single-use, for this customer alone, once an order. */
export async function makeApologyCode(
  deps: { db: Pick<Collections, 'discounts' | 'orders'>; now: () => string },
  { orderId }: { orderId: string },
): Promise<void> {
  const order = await deps.db.orders.findOne({ _id: orderId });
  if (!order) throw new BrokenRecord(`Failed to make a discount for order ${orderId}: it does not exist.`);
  await createDiscount(deps, {
    discountId: apologyDiscountId(orderId),
    value: { kind: 'percent', percent: apologyPercent },
    customerEmail: order.customer.email,
    expiresAt: new Date(Date.parse(deps.now()) + apologyMs).toISOString(),
    note: `Apology for order ${orderId}`,
  });
}
