import type { Collections } from '../database.ts';
import { oneMonthAfter } from '../domain/one-month-after.ts';
import type { Tenancy } from '../servers/server-document.ts';
import { recordSale } from '../servers/tenancies.ts';
import type { PurchaseDocument } from './purchase-document.ts';

/** Writes the tenancy of a sale under this purchase; safe to repeat. */
export async function recordSaleOf(
  deps: { db: Collections; now: () => string },
  row: PurchaseDocument,
  ip: string,
) {
  const { db } = deps;
  const now = deps.now();
  const order = await db.orders.findOne({ _id: row.orderId });
  return recordSale({
    db,
    supplier: row.supplier,
    ip,
    purchaseId: row._id,
    orderId: row.orderId,
    expiresAt: oneMonthAfter(row.sentAt ?? now),
    cost: order ? { amountMinor: order.amountPaise, currency: order.currency } : null,
    now,
  });
}

/** Whose an address is, for people. */
export function sayTenancy({ state, orderId }: Tenancy): string {
  return `already ${state}${orderId ? ` for order ${orderId}` : ''}`;
}
