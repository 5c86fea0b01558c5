import type { Collections } from '../database.ts';
import type { SupplierName } from '../domain/order.ts';
import type { OrderDocument } from './order-document.ts';

const needFields = [
  'status',
  'owner',
  'open',
  'goods',
  'money',
  'remedy',
  'freeMonthOf',
  'productId',
  'supplier',
  'packageKey',
  'paidAt',
] as const;

/** An open order, as far as the stock is concerned. */
export type OpenOrder = Pick<OrderDocument, '_id' | (typeof needFields)[number]>;

const projection = Object.fromEntries(needFields.map((field) => [field, 1]));

/**
 * The open orders of one package, or of all; unpaid and failed ones too, and those of `also`, open or not. One question,
 * each part of it the beginning of an index.
 */
export async function readOpenOrders(
  { orders }: Pick<Collections, 'orders'>,
  of: { supplier: SupplierName; packageKey: string } | null,
  also: readonly string[] = [],
): Promise<OpenOrder[]> {
  const open = of === null ? { open: true } : { packageKey: of.packageKey, open: true };
  const filter = also.length === 0 ? open : { $or: [open, { _id: { $in: [...also] } }] };
  const found: OpenOrder[] = await orders.find(filter, { projection }).toArray();
  return of === null ? found : found.filter(({ supplier }) => supplier === of.supplier);
}
