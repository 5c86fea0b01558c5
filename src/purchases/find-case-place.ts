import type { Collections } from '../database.ts';
import { type CasePlace, waitsForPurchase } from '../domain/stranding.ts';
import { findPurchase } from './purchase-ledger.ts';

/** Where a purchase is to be resolved: at its order while that is open and its goods hang on the purchase. */
export async function findCasePlace(
  db: Pick<Collections, 'orders' | 'purchases'>,
  input: { purchaseId: string },
): Promise<CasePlace> {
  const row = await findPurchase({ db, purchaseId: input.purchaseId });
  if (!row) return { kind: 'unknown' };
  const order = await db.orders.findOne({ _id: row.orderId });
  const waits = order !== null && waitsForPurchase(order, row._id);
  return waits ? { kind: 'atOrder', orderId: row.orderId } : { kind: 'alone' };
}
