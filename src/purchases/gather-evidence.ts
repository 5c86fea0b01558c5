import type { Collections } from '../database.ts';
import { candidateAddresses, matchesPackage, packageSize } from '../domain/package-name.ts';
import type { Candidate, SettlingEvidence } from '../domain/purchase-rules.ts';
import type { StockCount } from '../domain/stock-check.ts';
import { isLiving } from '../servers/server-document.ts';
import { serverId } from '../servers/tenancies.ts';
import type { Supplier } from '../suppliers/supplier.ts';
import { SupplierError } from '../suppliers/supplier-error.ts';
import type { PurchaseDocument } from './purchase-document.ts';

interface GatherDependencies {
  db: Collections;
  supplier: Supplier;
  now: () => string;
  sleep: (ms: number) => Promise<void>;
}

interface GatherPolicy {
  settleProbesMax: number;
  settleProbesPerSecond: number;
}

/**
 * Gathers what can be known of a purchase whose answer was lost: asks the supplier for each address of the package
 * that nobody holds, reads the stock once more, and looks for purchases that could have got the same address.
 */
export async function gatherEvidence(
  deps: GatherDependencies,
  input: { row: PurchaseDocument; policy: GatherPolicy },
): Promise<SettlingEvidence> {
  const { db } = deps;
  const { row, policy } = input;
  const foreign = await db.settings.findOne({ _id: 'foreignServers' });
  const foreignKnown = foreign !== null;
  // Without that knowledge no probe can become a verdict: the supplier is spared the questions.
  const probes = foreignKnown
    ? await probePool(deps, row, policy)
    : { kind: 'probed' as const, ...nothingAsked };
  return {
    sentAt: row.sentAt ?? row.intendedAt,
    now: deps.now(),
    foreignKnown,
    probes,
    rivals: foreignKnown ? await findRivals(db, row) : [],
    stockBefore: row.stockBefore,
    counterAlive: foreignKnown && (await isCounterAlive(db, row)),
    otherFalls: foreignKnown ? await findOtherFalls(deps, row) : null,
  };
}

const nothingAsked = { asked: 0, unanswered: 0, candidates: [] as Candidate[] };

async function probePool(
  deps: GatherDependencies,
  row: PurchaseDocument,
  policy: GatherPolicy,
): Promise<SettlingEvidence['probes']> {
  const poolSize = packageSize(row.packageName);
  if (poolSize > policy.settleProbesMax) return { kind: 'tooLarge', poolSize };
  const found = { kind: 'probed' as const, asked: 0, unanswered: 0, candidates: [] as Candidate[] };
  for (const ip of candidateAddresses({ packageName: row.packageName })) {
    if (await isHeld(deps, row, ip)) continue;
    found.asked += 1;
    const answer = await probe(deps, ip);
    if (answer === 'unanswered') found.unanswered += 1;
    else if (answer !== 'notOurs') found.candidates.push(answer);
    await deps.sleep(1000 / policy.settleProbesPerSecond);
  }
  return found;
}

async function isHeld({ db, now }: GatherDependencies, row: PurchaseDocument, ip: string): Promise<boolean> {
  const server = await db.servers.findOne({ _id: serverId({ supplier: row.supplier, ip }) });
  if (!server || server.tenancy.purchaseId === row._id) return false;
  return isLiving({ tenancy: server.tenancy, now: now() });
}

async function probe(
  { supplier }: GatherDependencies,
  ip: string,
): Promise<Candidate | 'notOurs' | 'unanswered'> {
  try {
    const status = await supplier.readServer({ ip });
    if (status.kind === 'notOurs') return 'notOurs';
    return { ip, expiresOn: status.expiresOn ?? null };
  } catch (error) {
    if (!(error instanceof SupplierError)) throw error;
    return 'unanswered';
  }
}

/** Purchases of other orders that are open, a case, or were sent in the window, and whose pool overlaps with ours. */
export async function findRivals(db: Collections, row: PurchaseDocument): Promise<string[]> {
  const { supplier } = row;
  const sentAt = row.sentAt ?? row.intendedAt;
  const [open, inWindow] = await Promise.all([
    db.purchases.find({ supplier, state: { $in: ['sent', 'unknown', 'case'] } }).toArray(),
    db.purchases.find({ supplier, sentAt: { $gte: sentAt } }).toArray(),
  ]);
  const rivals = new Map([...open, ...inWindow].map((other) => [other._id, other]));
  rivals.delete(row._id);
  return [...rivals.values()].filter((other) => poolsOverlap(row, other)).map(({ _id }) => _id);
}

function poolsOverlap(one: PurchaseDocument, other: PurchaseDocument): boolean {
  if (one.packageKey === other.packageKey) return true;
  for (const address of candidateAddresses({ packageName: one.packageName })) {
    if (matchesPackage({ address, packageName: other.packageName, matchPolicy: 'exact' })) return true;
  }
  return false;
}

/** Names of other packages that have fewer addresses than before, beyond purchases that we know. */
async function findOtherFalls(deps: GatherDependencies, row: PurchaseDocument): Promise<string[] | null> {
  if (row.stockAllBefore === null) return null;
  try {
    const { packages } = await deps.supplier.readStock();
    const known = await knownSalesSince(deps.db, row);
    const after = new Map(packages.map(({ packageId, available }) => [packageId, available]));
    return row.stockAllBefore
      .filter((before) => before.name !== row.packageName)
      .filter((before) => fell(before, after.get(before.packageId), known))
      .map(({ name }) => name);
  } catch (error) {
    if (!(error instanceof SupplierError)) throw error;
    return null;
  }
}

/** A package that is missing now may have fallen as well: nobody knows. */
function fell(before: StockCount, after: number | undefined, known: Map<string, number>): boolean {
  if (after === undefined) return true;
  return before.available - after > (known.get(before.name) ?? 0);
}

async function knownSalesSince(db: Collections, row: PurchaseDocument): Promise<Map<string, number>> {
  const sentAt = row.sentAt ?? row.intendedAt;
  const sold = await db.purchases
    .find({ supplier: row.supplier, sentAt: { $gte: sentAt }, state: { $in: ['bought', 'wrong'] } })
    .toArray();
  const counts = new Map<string, number>();
  for (const { packageName, state } of sold) {
    if (state === 'bought') counts.set(packageName, (counts.get(packageName) ?? 0) + 1);
  }
  return counts;
}

/** True where the count before this purchase is lower than the one before our last known sale of the package. */
async function isCounterAlive(db: Collections, row: PurchaseDocument): Promise<boolean> {
  const { supplier, packageKey, intendedAt, stockBefore } = row;
  const sales = await db.purchases.find({ supplier, packageKey, state: 'bought' }).toArray();
  const before = sales.filter(({ settledAt }) => settledAt !== null && settledAt < intendedAt);
  const last = before.sort((a, b) => (a.intendedAt < b.intendedAt ? 1 : -1))[0];
  if (!last || last.stockBefore === null || stockBefore === null) return false;
  return stockBefore < last.stockBefore;
}
