/** What the supplier counted, and when that was asked for (ISO UTC). */
export interface KnownCount {
  available: number;
  readAt: string;
}

/** Since when, and why, the last count is not confirmed any more. */
export interface StaleStock {
  since: string;
  why: string;
}

/** Three values: unknown is not zero. `last` is the last good count, null where there never was one. */
export type StockLevel =
  | { kind: 'count'; available: number; readAt: string }
  | { kind: 'zero'; readAt: string }
  | { kind: 'unknown'; last: KnownCount | null; stale: StaleStock | null };

/** A package as the stock is kept: `dry` counts as zero whatever the supplier says. */
export interface KeptStock {
  counts: KnownCount | null;
  stale?: StaleStock | null;
  dry: unknown;
}

/** The three-valued count of a package. */
export function stockLevelOf({ counts, stale, dry }: KeptStock): StockLevel {
  if (counts === null || stale) return { kind: 'unknown', last: counts, stale: stale ?? null };
  const { available, readAt } = counts;
  return dry || available === 0 ? { kind: 'zero', readAt } : { kind: 'count', available, readAt };
}

/** The number of a level that is known now; null where it is unknown. */
export function knownCountOf(level: StockLevel): number | null {
  if (level.kind === 'unknown') return null;
  return level.kind === 'zero' ? 0 : level.available;
}

/** A package in a supplier's answer, or why it has no count there. */
export type Sighting = { kind: 'seen'; available: number } | { kind: 'unseen'; why: string };

/**
 * The stock after an answer that was asked for at `at`. A failed call, or a package missing from the answer, keeps the
 * last value and marks it stale; an answer older than the last good one changes nothing.
 */
export function followStock(
  kept: Pick<KeptStock, 'counts' | 'stale'>,
  { sighting, at }: { sighting: Sighting; at: string },
): { counts: KnownCount | null; stale: StaleStock | null } {
  const { counts, stale = null } = kept;
  if (counts !== null && counts.readAt > at) return { counts, stale };
  if (sighting.kind === 'seen') return { counts: { available: sighting.available, readAt: at }, stale: null };
  return { counts, stale: { since: stale?.since ?? at, why: sighting.why } };
}
