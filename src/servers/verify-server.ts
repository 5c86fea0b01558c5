import type { Collections } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import { matchesPackage } from '../domain/package-name.ts';
import type { Verification } from '../domain/verification.ts';
import { packageDocumentId } from '../orders/catalogue.ts';
import type { PurchaseDocument } from '../purchases/purchase-document.ts';
import { movePurchase, readPurchase } from '../purchases/purchase-ledger.ts';
import { finishPurchase, type SettlingDependencies } from '../purchases/settle-row.ts';
import { moveTenancy, serverId } from './tenancies.ts';

/**
 * Proves that what was bought belongs to the order's package, by octets under the product's match policy. A
 * mismatch moves the purchase to `wrong` and the tenancy to `held`: the customer gets nothing of it. An address
 * that is another purchase's by now makes this one a case. Safe to repeat.
 * @throws BrokenRecord where nothing was bought under this purchaseId.
 */
export async function verifyServer(
  deps: SettlingDependencies & { db: Collections },
  input: { orderId: string; purchaseId: string },
): Promise<Verification> {
  const { db } = deps;
  const { purchaseId } = input;
  const [row, order] = await Promise.all([
    readPurchase({ db, purchaseId }),
    db.orders.findOne({ _id: input.orderId }),
  ]);
  if (!order || row.ip === null) {
    throw new BrokenRecord(
      `Failed to verify purchase ${purchaseId}: it has no ${order ? 'address' : 'order'}.`,
    );
  }
  if (row.state !== 'bought' && row.state !== 'wrong') {
    throw new BrokenRecord(`Failed to verify purchase ${purchaseId}: it is ${row.state}, not bought.`);
  }
  const { ip } = row;
  const id = serverId({ supplier: row.supplier, ip });
  const server = await db.servers.findOne({ _id: id });
  if (row.state === 'bought' && server?.tenancy.purchaseId !== purchaseId) {
    const sentence = `${ip} is held by another purchase.`;
    const set = { why: sentence, duplicate: true };
    await movePurchase({ db, purchaseId, from: ['bought'], to: 'case', set });
    await finishPurchase(deps, purchaseId);
    return { kind: 'duplicate', ip, sentence };
  }
  const { matchPolicy } = order;
  if (row.state === 'bought' && matchesPackage({ address: ip, packageName: row.packageName, matchPolicy })) {
    await clearDryMark(db, row);
    return { kind: 'right', ip };
  }
  const now = deps.now();
  await moveTenancy({ db, serverId: id, purchaseId, from: ['bought'], to: 'held', now });
  const sentence = wrongPackageSentence({ requested: row.packageName, got: ip });
  const set = { why: sentence, settledAt: now };
  await movePurchase({ db, purchaseId, from: ['bought'], to: 'wrong', set });
  await finishPurchase(deps, purchaseId);
  return { kind: 'wrong', ip, sentence };
}

/** A package that was taken for dry before this purchase, and sold a right address all the same, is not dry. */
async function clearDryMark(db: Collections, { kind, sentAt, ...row }: PurchaseDocument): Promise<void> {
  const _id = packageDocumentId(row);
  const pool = await db.packages.findOne({ _id });
  if (kind !== 'buy' || sentAt === null || !pool?.dry || pool.dry.since > sentAt) return;
  const { purchaseId } = pool.dry;
  await db.packages.updateOne({ _id, 'dry.purchaseId': purchaseId }, { $set: { dry: null } });
}

/** The shop's own sentence for an address of another package (shop requirements, "After buying"). */
export function wrongPackageSentence(input: { requested: string; got: string }): string {
  return (
    `SmartVPS assigned an IP of another package. Requested: "${input.requested}", got: "${input.got}". ` +
    'The package has probably run out of IPs.'
  );
}
