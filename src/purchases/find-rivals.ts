import type { Collections } from '../database.ts';
import { candidateAddresses, matchesPackage } from '../domain/package-name.ts';
import { longestSettlingMs, type SettlingLimits } from '../domain/settling-limits.ts';
import type { PurchaseDocument, PurchaseState } from './purchase-document.ts';

/** Nobody knows what these bought. */
const undecided: PurchaseState[] = ['sent', 'unknown', 'case'];

/**
 * Other purchases of the supplier that may have got an address of this one's package: their pool can hold it and they
 * are open, a case, or were sent while this one was; or they are undecided in a nearly empty package, for which the
 * supplier takes addresses of any other.
 */
export async function findRivals(
  db: Pick<Collections, 'purchases'>,
  input: { row: PurchaseDocument; policy: SettlingLimits },
): Promise<string[]> {
  const { row, policy } = input;
  const { supplier, packageKey } = row;
  const [open, later, sales] = await Promise.all([
    db.purchases.find({ supplier, state: { $in: undecided } }).toArray(),
    db.purchases.find({ supplier, sentAt: { $gte: sentAtOf(row) } }).toArray(),
    db.purchases.find({ supplier, packageKey, kind: 'buy', state: 'bought' }).toArray(),
  ]);
  const windowEndMs = Date.parse(sentAtOf(row)) + longestSettlingMs(policy);
  const inWindow = later.filter((other) => Date.parse(sentAtOf(other)) <= windowEndMs);
  const others = new Map([...open, ...inWindow].map((other) => [other._id, other]));
  others.delete(row._id);
  return [...others.values()]
    .filter((other) => {
      if (poolsOverlap(row, other)) return true;
      return Date.parse(sentAtOf(other)) <= windowEndMs && mayHaveStrayed({ row, other, sales, policy });
    })
    .map(({ _id }) => _id);
}

function poolsOverlap(one: PurchaseDocument, other: PurchaseDocument): boolean {
  if (one.packageKey === other.packageKey) return true;
  for (const address of candidateAddresses({ packageName: one.packageName })) {
    if (matchesPackage({ address, packageName: other.packageName, matchPolicy: 'exact' })) return true;
  }
  return false;
}

/** One that ended before this one began took nothing of ours if our count fell by no more than our own sales. */
function mayHaveStrayed(input: {
  row: PurchaseDocument;
  other: PurchaseDocument;
  sales: PurchaseDocument[];
  policy: SettlingLimits;
}): boolean {
  const { row, other, sales, policy } = input;
  if (!undecided.includes(other.state)) return false;
  if (other.stockBefore !== null && other.stockBefore > policy.lowStockWarning) return false;
  const from = sentAtOf(other);
  const until = sentAtOf(row);
  if (Date.parse(from) + policy.longestPurchaseMs >= Date.parse(until)) return true;
  const before = other.stockAllBefore?.find(({ name }) => name === row.packageName);
  if (!before || row.stockBefore === null) return true;
  const ours = sales.filter((sale) => sentAtOf(sale) >= from && sentAtOf(sale) < until);
  return before.available - ours.length > row.stockBefore;
}

function sentAtOf({ sentAt, intendedAt }: PurchaseDocument): string {
  return sentAt ?? intendedAt;
}
