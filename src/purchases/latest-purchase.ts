import type { Collections } from '../database.ts';
import { purchaseIdOf } from '../domain/purchase-id.ts';
import type { PurchaseDocument } from './purchase-document.ts';

/** The purchase of an order with the highest number; read by `_id`, since numbers rise without gaps. */
export async function latestPurchase(input: {
  db: Pick<Collections, 'purchases'>;
  orderId: string;
}): Promise<PurchaseDocument | undefined> {
  let latest: PurchaseDocument | undefined;
  for (let number = 1; ; number += 1) {
    const row = await input.db.purchases.findOne({ _id: purchaseIdOf({ orderId: input.orderId, number }) });
    if (!row) return latest;
    latest = row;
  }
}

/** True once a purchase of the order may have reached the supplier. */
export async function wasSent(input: {
  db: Pick<Collections, 'purchases'>;
  orderId: string;
}): Promise<boolean> {
  for (let number = 1; ; number += 1) {
    const row = await input.db.purchases.findOne({ _id: purchaseIdOf({ orderId: input.orderId, number }) });
    if (!row) return false;
    if (row.state !== 'intended' && row.state !== 'void') return true;
  }
}
