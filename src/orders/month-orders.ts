import type { Collections } from '../database.ts';
import type { OrderDocument } from './order-document.ts';

/** The orders by which the customer of a free month has renewed or switched, or began to. */
export function monthOrdersOf(
  { db }: { db: Pick<Collections, 'orders'> },
  orderId: string,
): Promise<OrderDocument[]> {
  return db.orders.find({ 'freeMonthOf.orderId': orderId }).toArray();
}

/** Paid, and not yet what it is to be. */
export function isAwaited({ money, open }: Pick<OrderDocument, 'money' | 'open'>): boolean {
  return money === 'kept' && open;
}

/** The customer has the server that was switched to. */
export function hasSwitched({ freeMonthOf, status }: Pick<OrderDocument, 'freeMonthOf' | 'status'>): boolean {
  return freeMonthOf?.act === 'switch' && status === 'active';
}
