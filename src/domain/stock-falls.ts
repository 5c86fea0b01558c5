import type { StockCount } from './stock-check.ts';

/*
 * Whether the purchases that we know make a package's count what it is (design 5). A count that fell further is a sale
 * that nobody knows, perhaps the one that is looked for. A sale explains a fall only where it certainly came between
 * two readings: one that may have come before the first would hide another one.
 */

/** What is known of a purchase. Times are ISO UTC. */
export interface KnownPurchase {
  sentAt: string;
  /** The package whose address it got, and when that was known at the latest; null where it is not known to have got one. */
  sale: { packageId: string; settledAt: string } | null;
  /** The stock before it, in a reading that began at `readFrom` and ended before `sentAt`; null where not known. */
  stockBefore: { readFrom: string | null; counts: readonly StockCount[] } | null;
}

interface Reading {
  from: string | null;
  until: string;
  available: number;
}

interface Sale {
  sentAt: string;
  settledAt: string;
}

/**
 * True where a package has no fewer than before a purchase, or fewer by exactly what is known to have been bought of
 * it since. What was under way while the stock before was read may stand on either side of it: then the last earlier
 * reading that no sale overlaps is the one to count from, and every reading since must show what was known to be sold
 * by then, no more and no less. `others` must have been read from the ledger before `left` was asked for: what was
 * settled by then is in that count, and what was not explains nothing.
 */
export function isCountExplained(input: {
  purchase: KnownPurchase;
  others: readonly KnownPurchase[];
  packageId: string;
  left: number;
}): boolean {
  const { purchase, others, packageId, left } = input;
  const before = readingOf(purchase, packageId);
  if (!before) return false;
  const sales = salesOf(others, packageId);
  // A refill, or a counter that does not move, proves nothing and speaks against nothing (design 5).
  if (left >= before.available) return true;
  if (isExact(before, left, sales)) return true;
  if (before.from === null) return false;
  const readings = others.flatMap((one) => readingOf(one, packageId) ?? []);
  const start = lastQuietBefore(before, readings, sales);
  if (!start || !isExact(start, left, sales)) return false;
  return [before, ...readings].every(
    (reading) => reading.until <= start.until || fits(start, reading, sales),
  );
}

/** True where a package's count fell since the reading before a purchase by exactly what is known to have been bought. */
export function isCountExact(input: {
  purchase: KnownPurchase;
  others: readonly KnownPurchase[];
  packageId: string;
  left: number;
}): boolean {
  const before = readingOf(input.purchase, input.packageId);
  return before !== null && isExact(before, input.left, salesOf(input.others, input.packageId));
}

function readingOf({ sentAt, stockBefore }: KnownPurchase, packageId: string): Reading | null {
  const count = stockBefore?.counts.find((one) => one.packageId === packageId);
  if (!stockBefore || !count) return null;
  return { from: stockBefore.readFrom, until: sentAt, available: count.available };
}

function salesOf(purchases: readonly KnownPurchase[], packageId: string): Sale[] {
  return purchases.flatMap(({ sentAt, sale }) =>
    sale?.packageId === packageId ? [{ sentAt, settledAt: sale.settledAt }] : [],
  );
}

function isExact({ until, available }: Reading, left: number, sales: readonly Sale[]): boolean {
  return available - left === sales.filter(({ sentAt }) => sentAt >= until).length;
}

/** The latest reading before `before` that certainly has each sale on one side. */
function lastQuietBefore(
  before: Reading,
  readings: readonly Reading[],
  sales: readonly Sale[],
): Reading | undefined {
  return readings
    .filter((reading) => reading.until < before.until && sales.every((sale) => !overlaps(sale, reading)))
    .sort((one, other) => (one.until < other.until ? 1 : -1))[0];
}

function overlaps({ sentAt, settledAt }: Sale, { from, until }: Reading): boolean {
  return sentAt < until && (from === null || settledAt >= from);
}

/**
 * True where a reading shows every sale that was settled before it, and none that was sent after it. One that began
 * before the start may be the older of the two, and lack what the start shows.
 */
function fits(start: Reading, { from, until, available }: Reading, sales: readonly Sale[]): boolean {
  const since = sales.filter(({ sentAt }) => sentAt >= start.until);
  const earlier = sales.filter(({ sentAt }) => sentAt < start.until);
  const shown = since.filter(({ settledAt }) => from !== null && settledAt < from).length;
  const lacking = earlier.filter(({ settledAt }) => from === null || settledAt >= from).length;
  const fell = start.available - available;
  return fell >= shown - lacking && fell <= since.filter(({ sentAt }) => sentAt < until).length;
}
