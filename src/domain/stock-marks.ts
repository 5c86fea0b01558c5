import { knownCountOf, type StockLevel } from './stock-level.ts';

/** The marks of a product; the policy's, where an admin set no own ones. 0 switches a mark off. */
export interface StockMarks {
  lowStockWarning: number;
  stockPageAlert: number;
  stockDailyReport: number;
  stockAutoDisable: number;
  stockReEnable: number;
}

/** The marks that hold for a product: its own, else the policy's. */
export function marksOf(policy: StockMarks, own: Partial<StockMarks> = {}): StockMarks {
  const { lowStockWarning, stockPageAlert, stockDailyReport, stockAutoDisable, stockReEnable } = {
    ...policy,
    ...own,
  };
  return { lowStockWarning, stockPageAlert, stockDailyReport, stockAutoDisable, stockReEnable };
}

/** Why marks cannot hold together; null where they can. Equal ones would make a product flap. */
export function findMarkProblem({ stockAutoDisable, stockReEnable }: StockMarks): string | null {
  if (stockAutoDisable === 0 || stockReEnable > stockAutoDisable) return null;
  return `The mark to sell again (${stockReEnable}) must be above the mark to stop (${stockAutoDisable}).`;
}

/** Whether the monitor changes the sale of a product, with the note that people read. */
export type SaleVerdict =
  | { kind: 'keep' }
  | { kind: 'disable'; available: number; note: string }
  | { kind: 'enable'; available: number };

/**
 * Stops the sale at or below `stockAutoDisable`; begins it again above `stockReEnable` alone, and only where it was
 * stopped by the monitor. An unknown level decides nothing.
 */
export function judgeSale(input: {
  level: StockLevel;
  disabled: null | { auto?: boolean };
  marks: StockMarks;
  /** ISO UTC. */
  now: string;
}): SaleVerdict {
  const { disabled, marks, now } = input;
  const available = knownCountOf(input.level);
  if (available === null) return { kind: 'keep' };
  if (disabled === null) {
    if (marks.stockAutoDisable === 0 || available > marks.stockAutoDisable) return { kind: 'keep' };
    return { kind: 'disable', available, note: `Auto-disabled: Only ${available} IPs left (${now})` };
  }
  // A later policy may lie across a product's own mark: then one mark does for both, and nothing flaps.
  const isEnough = available > Math.max(marks.stockReEnable, marks.stockAutoDisable);
  return disabled.auto === true && isEnough ? { kind: 'enable', available } : { kind: 'keep' };
}

/** The alert of the stock page for a package that is at its mark; null above it, and where the count is not known. */
export function findPageAlert(input: {
  packageName: string;
  level: StockLevel;
  marks: StockMarks;
}): string | null {
  const available = knownCountOf(input.level);
  if (available === null || !isAtMark(available, input.marks.stockPageAlert)) return null;
  return `Package "${input.packageName}" has only ${available} IPs left!`;
}

/** True where the daily report names the package: its last good count counts, also where it is stale. */
export function isReported({ level, marks }: { level: StockLevel; marks: StockMarks }): boolean {
  const available = level.kind === 'unknown' ? level.last?.available : knownCountOf(level);
  return available !== undefined && available !== null && isAtMark(available, marks.stockDailyReport);
}

function isAtMark(available: number, mark: number): boolean {
  return mark > 0 && available <= mark;
}
