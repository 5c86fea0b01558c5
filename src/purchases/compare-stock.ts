import type { Collections } from '../database.ts';
import { matchesPackage } from '../domain/package-name.ts';
import type { StockAfter } from '../domain/purchase-rules.ts';
import { longestSettlingMs, type SettlingLimits } from '../domain/settling-limits.ts';
import type { StockCount } from '../domain/stock-check.ts';
import { isCountExact, isCountExplained, type KnownPurchase } from '../domain/stock-falls.ts';
import type { Supplier } from '../suppliers/supplier.ts';
import { SupplierError } from '../suppliers/supplier-error.ts';
import type { PurchaseDocument } from './purchase-document.ts';

interface CompareDependencies {
  db: Pick<Collections, 'purchases'>;
  supplier: Supplier;
  now: () => string;
  sleep: (ms: number) => Promise<void>;
}

const watchEveryMs = 250;
const mostTries = 3;

/**
 * The stock now beside the stock before, and what purchases that we know explain of the difference; null where one of
 * the two is not known. While a purchase of another package is open that may explain a fall once it is settled, the
 * stock is read again when it is, within the longest purchase and the longest settling of this one.
 */
export async function compareStock(
  deps: CompareDependencies,
  input: { row: PurchaseDocument; policy: SettlingLimits },
): Promise<StockAfter | null> {
  const { row, policy } = input;
  if (!row.stockAllBefore?.some(({ name }) => name === row.packageName)) return null;
  const deadlineMs = Math.min(
    Date.parse(deps.now()) + policy.longestPurchaseMs,
    Date.parse(sentAtOf(row)) + longestSettlingMs(policy),
  );
  const lowest = new Map<string, number>();
  const explained = new Set<string>();
  try {
    for (;;) {
      // Before the stock: what is settled by then is in the counts, and what is not explains nothing.
      const others = await readOthers(deps.db, input);
      const packages = await readStock(deps);
      const compared = compare({ row, others, packages, lowest, explained });
      for (const { packageId, available } of packages) {
        lowest.set(packageId, Math.min(available, lowest.get(packageId) ?? available));
      }
      if (!compared.isOwnAsBefore || compared.otherFalls.length === 0) return compared;
      if (!(await waitForNews(deps, { row, others, deadlineMs }))) return compared;
    }
  } catch (error) {
    if (!(error instanceof SupplierError)) throw error;
    return null;
  }
}

/** All purchases that may have sold something, or read the stock, since or shortly before this one was sent. */
async function readOthers(
  db: CompareDependencies['db'],
  { row, policy }: { row: PurchaseDocument; policy: SettlingLimits },
): Promise<PurchaseDocument[]> {
  const from = new Date(Date.parse(sentAtOf(row)) - 2 * longestSettlingMs(policy)).toISOString();
  const rows = await db.purchases
    .find({ supplier: row.supplier, kind: 'buy', sentAt: { $gte: from } })
    .toArray();
  return rows.filter(({ _id }) => _id !== row._id);
}

/** One call that broke off is asked again: nothing is proved by it. */
async function readStock({ supplier, sleep }: CompareDependencies): Promise<StockCount[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      return (await supplier.readStock()).packages;
    } catch (error) {
      if (!(error instanceof SupplierError) || tries === mostTries) throw error;
      await sleep(watchEveryMs);
    }
  }
}

function compare(input: {
  row: PurchaseDocument;
  others: PurchaseDocument[];
  packages: StockCount[];
  /** The lowest counts that were read before: one that rose since was refilled, and proves nothing any more. */
  lowest: ReadonlyMap<string, number>;
  /** Packages that one of the readings explained: each of them is later than the purchase could have sold. */
  explained: Set<string>;
}): StockAfter {
  const { row, packages, lowest, explained } = input;
  const purchase = knownOf(row, packages);
  const others = input.others.map((other) => knownOf(other, packages));
  const now = new Map(packages.map(({ packageId, available }) => [packageId, available]));
  const compared: StockAfter = { isOwnAsBefore: false, otherFalls: [] };
  for (const { packageId, name } of row.stockAllBefore ?? []) {
    const left = now.get(packageId);
    // A package that is gone from the list may have fallen as well: nobody knows.
    const count = left === undefined ? null : { purchase, others, packageId, left };
    if (name === row.packageName) compared.isOwnAsBefore = count !== null && isCountExact(count);
    else if (count && count.left <= (lowest.get(packageId) ?? count.left) && isCountExplained(count)) {
      explained.add(packageId);
    }
    if (name !== row.packageName && !explained.has(packageId)) compared.otherFalls.push(name);
  }
  return compared;
}

function knownOf(row: PurchaseDocument, packages: readonly StockCount[]): KnownPurchase {
  const { state, settledAt, stockAllBefore } = row;
  const isSale = (state === 'bought' || state === 'wrong') && settledAt !== null;
  const packageId = isSale ? findSource(row, packages) : null;
  return {
    sentAt: sentAtOf(row),
    sale: packageId !== null && settledAt !== null ? { packageId, settledAt } : null,
    stockBefore: stockAllBefore && { readFrom: row.stockReadFrom ?? null, counts: stockAllBefore },
  };
}

/** The package whose address was sold, whichever was asked for; null where several could be meant, or none. */
function findSource({ ip, packageName }: PurchaseDocument, packages: readonly StockCount[]): string | null {
  if (ip === null) return null;
  const fitting = packages.filter(({ name }) =>
    matchesPackage({ address: ip, packageName: name, matchPolicy: 'exact' }),
  );
  const asked = fitting.find(({ name }) => name === packageName);
  return (fitting.length === 1 ? fitting[0] : asked)?.packageId ?? null;
}

/** Waits until an open purchase of another package is open no more. False: there is none, or it took too long. */
async function waitForNews(
  { db, now, sleep }: CompareDependencies,
  input: { row: PurchaseDocument; others: PurchaseDocument[]; deadlineMs: number },
): Promise<boolean> {
  const { row, others, deadlineMs } = input;
  const open = others.filter((other) => isOpen(other) && other.packageKey !== row.packageKey);
  if (open.length === 0) return false;
  while (Date.parse(now()) < deadlineMs) {
    await sleep(watchEveryMs);
    for (const { _id } of open) {
      const later = await db.purchases.findOne({ _id });
      if (!later || !isOpen(later)) return true;
    }
  }
  return false;
}

function isOpen({ state }: PurchaseDocument): boolean {
  return state === 'sent' || state === 'unknown';
}

function sentAtOf({ sentAt, intendedAt }: PurchaseDocument): string {
  return sentAt ?? intendedAt;
}
