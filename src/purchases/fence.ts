import { type Collections, insertOnce } from '../database.ts';
import { releaseGoods } from '../orders/order-arbiter.ts';
import { freesFence, type PurchaseDocument } from './purchase-document.ts';
import { findPurchase, movePurchase } from './purchase-ledger.ts';

type Rows = Pick<Collections, 'purchases' | 'openPurchases'>;
type Taking = Rows & Pick<Collections, 'orders'>;

export type FenceTaken =
  | { kind: 'taken' }
  | { kind: 'staleGrant' }
  | { kind: 'busy'; purchase: PurchaseDocument };

/**
 * Takes the fence of a package for a purchase: the ledger's own guard against two purchases at once, whatever
 * the lock believes. A foreign purchase that can still be at the supplier keeps the fence (`busy`); one that was
 * only intended is voided, which frees its order's goods, and taken over; a fencing number that is not the highest
 * is `staleGrant`.
 */
export async function takeFence(input: {
  db: Taking;
  fenceId: string;
  purchaseId: string;
  fencingNumber: number;
}): Promise<FenceTaken> {
  const { db, fenceId, purchaseId, fencingNumber } = input;
  for (;;) {
    if (await claim({ ...input, from: null })) return { kind: 'taken' };
    const fence = await db.openPurchases.findOne({ _id: fenceId });
    if (!fence) {
      await insertOnce(db.openPurchases, { _id: fenceId, highest: 0, purchaseId: null });
      continue;
    }
    const held = fence.purchaseId;
    if (held === purchaseId) {
      await db.openPurchases.updateOne({ _id: fenceId, purchaseId }, { $max: { highest: fencingNumber } });
      return { kind: 'taken' };
    }
    if (fence.highest >= fencingNumber) return { kind: 'staleGrant' };
    if (held === null) continue;
    const purchase = await findPurchase({ db, purchaseId: held });
    if (purchase?.state === 'intended') {
      await movePurchase({
        db,
        purchaseId: held,
        from: ['intended'],
        to: 'void',
        set: { why: `A later holder of the package's lock took over before anything was sent.` },
      });
      continue;
    }
    if (purchase && !freesFence(purchase.state)) return { kind: 'busy', purchase };
    // Its own run may be gone for good: goods that stayed with it would keep its order from a refund.
    if (purchase?.state === 'void') {
      await releaseGoods({ db, orderId: purchase.orderId, purchaseId: held });
    }
    if (await claim({ ...input, from: held })) return { kind: 'taken' };
  }
}

/** Gives the fence back where this purchase holds it; safe to repeat. */
export async function freeFence(input: { db: Rows; fenceId: string; purchaseId: string }): Promise<void> {
  await input.db.openPurchases.updateOne(
    { _id: input.fenceId, purchaseId: input.purchaseId },
    { $set: { purchaseId: null } },
  );
}

async function claim(input: {
  db: Rows;
  fenceId: string;
  purchaseId: string;
  fencingNumber: number;
  from: string | null;
}): Promise<boolean> {
  const result = await input.db.openPurchases.updateOne(
    { _id: input.fenceId, purchaseId: input.from, highest: { $lt: input.fencingNumber } },
    { $set: { purchaseId: input.purchaseId, highest: input.fencingNumber } },
  );
  return result.matchedCount === 1;
}
