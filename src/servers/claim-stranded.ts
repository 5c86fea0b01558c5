import type { StrandedClaim } from '../domain/claim.ts';
import { matchesPackage } from '../domain/package-name.ts';
import { purchaseIdOf } from '../domain/purchase-id.ts';
import { packageDocumentId } from '../orders/catalogue.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import type { PurchaseDocument } from '../purchases/purchase-document.ts';
import type { SettlingDependencies } from '../purchases/settle-row.ts';
import { claimServer } from './claim-server.ts';
import { isLiving } from './server-document.ts';

const wishOf = (ip: string) => ({ ip, by: 'the policy claimStranded', reason: null });

/**
 * Takes a stranded server that may serve the order (policy `claimStranded`), the one with the longest term first. An
 * order that had a claim buys instead of trying the next server: each could take as long as `wipeLimit`. Safe to repeat:
 * a claim that is under way is answered again.
 */
export async function claimStranded(
  deps: SettlingDependencies,
  input: { orderId: string },
): Promise<StrandedClaim> {
  const { orderId } = input;
  const order = await deps.db.orders.findOne({ _id: orderId });
  const rows = await purchasesOf(deps, orderId);
  const latest = rows.at(-1);
  const underWay = latest?.kind === 'claim' && latest.state === 'intended' ? latest.ip : null;
  if (!order || (underWay === null && rows.some(({ kind }) => kind === 'claim'))) return { kind: 'none' };
  const addresses = underWay === null ? await findCandidates(deps, order) : [underWay];
  for (const ip of addresses) {
    const answer = await claimServer(deps, { orderId, wish: wishOf(ip) });
    if (answer.kind === 'claimed') return { ...answer, ip };
  }
  return { kind: 'none' };
}

async function purchasesOf({ db }: SettlingDependencies, orderId: string): Promise<PurchaseDocument[]> {
  const rows: PurchaseDocument[] = [];
  for (let number = 1; ; number += 1) {
    const row = await db.purchases.findOne({ _id: purchaseIdOf({ orderId, number }) });
    if (!row) return rows;
    rows.push(row);
  }
}

/** Stranded servers of the order's package that live, the longest term first; `claimServer` checks the rest. */
async function findCandidates(deps: SettlingDependencies, order: OrderDocument): Promise<string[]> {
  const { db } = deps;
  const { supplier, matchPolicy } = order;
  const pool = await db.packages.findOne({ _id: packageDocumentId(order) });
  const packageName = pool?.name ?? order.packageKey;
  const stranded = await db.servers.find({ 'tenancy.state': 'stranded', supplier }).toArray();
  const now = deps.now();
  return stranded
    .filter(({ ip, tenancy }) => {
      return isLiving({ tenancy, now }) && matchesPackage({ address: ip, packageName, matchPolicy });
    })
    .sort((a, b) => (b.tenancy.expiresAt ?? '').localeCompare(a.tenancy.expiresAt ?? ''))
    .map(({ ip }) => ip);
}
