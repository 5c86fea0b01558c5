import type { Collections } from '../database.ts';
import { matchesPackage } from '../domain/package-name.ts';
import type { Verification } from '../domain/verification.ts';
import { movePurchase, readPurchase } from '../purchases/purchase-ledger.ts';
import { finishPurchase, type SettlingDependencies } from '../purchases/settle-row.ts';
import { moveTenancy, serverId } from './tenancies.ts';

/**
 * Proves that what was bought belongs to the order's package, by octets under the product's match policy. A
 * mismatch moves the purchase to `wrong` and the tenancy to `held`: the customer gets nothing of it.
 */
export async function verifyServer(
  deps: SettlingDependencies & { db: Collections },
  input: { orderId: string; purchaseId: string },
): Promise<Verification> {
  const { db } = deps;
  const { purchaseId } = input;
  const row = await readPurchase({ db, purchaseId });
  const order = await db.orders.findOne({ _id: input.orderId });
  if (!order || row.ip === null) {
    throw new Error(`Failed to verify purchase ${purchaseId}: it has no ${order ? 'address' : 'order'}.`);
  }
  const { ip } = row;
  const id = serverId({ supplier: row.supplier, ip });
  const server = await db.servers.findOne({ _id: id });
  if (server?.tenancy.purchaseId !== purchaseId) {
    return { kind: 'duplicate', ip, sentence: `${ip} is held by another purchase.` };
  }
  const { matchPolicy } = order;
  if (matchesPackage({ address: ip, packageName: row.packageName, matchPolicy }))
    return { kind: 'right', ip };
  const now = deps.now();
  await moveTenancy({ db, serverId: id, purchaseId, from: ['bought'], to: 'held', now });
  const sentence = wrongPackageSentence({ requested: row.packageName, got: ip });
  await movePurchase({ db, purchaseId, from: ['bought'], to: 'wrong', set: { why: sentence } });
  await finishPurchase(deps, purchaseId);
  return { kind: 'wrong', ip, sentence };
}

/** The shop's own sentence for an address of another package (shop requirements, "After buying"). */
export function wrongPackageSentence(input: { requested: string; got: string }): string {
  return (
    `SmartVPS assigned an IP of another package. Requested: "${input.requested}", got: "${input.got}". ` +
    'The package has probably run out of IPs.'
  );
}
