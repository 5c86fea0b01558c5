import type { SupplierName } from '../domain/order.ts';
import type { MatchPolicy } from '../domain/package-name.ts';
import type { StockCount } from '../domain/stock-check.ts';
import type { StaleStock } from '../domain/stock-level.ts';
import type { StockMarks } from '../domain/stock-marks.ts';
import type { StockHold } from '../domain/stock-promises.ts';

/** What the shop sells (collection `products`): a package of a supplier with memory sizes and prices. */
export interface ProductDocument {
  _id: string;
  name: string;
  supplier: SupplierName;
  /** `_id` of the package is `<supplier>:<packageKey>`. */
  packageKey: string;
  matchPolicy: MatchPolicy;
  reserve: number;
  /** An operator has set the reserve: a catalogue that does not name one leaves it. */
  reserveByHand?: boolean;
  sizes: { ramGb: number; pricePaise: number }[];
  /** `auto`: by the stock's monitor, which alone may sell it again by itself. */
  disabled: null | { note: string; at: string; by: string; auto?: boolean };
  /** When the monitor last sold it again by itself (ISO UTC), and at which count. */
  resumed?: { available: number; at: string };
  /** Marks of its own; what is missing is the policy's. */
  marks?: Partial<StockMarks>;
  /** The old shop's document that it was imported from, as JSON text. */
  imported?: string;
}

/** A supplier's pool of addresses (collection `packages`, `_id` = `<supplier>:<packageKey>`). */
export interface PackageDocument {
  _id: string;
  supplier: SupplierName;
  /** Name at import, frozen: the key of lock and fence. */
  packageKey: string;
  /** The supplier's current name (followed by `packageId` through renames). */
  name: string;
  packageId: string | null;
  /** Last good count, of a reading that began at `readAt`, or null when never read; `all` holds every package of that reading. */
  counts: null | { available: number; readAt: string; all?: StockCount[] };
  /** Unpaid checkouts that hold one address each, and the guard of their list. */
  holds?: StockHold[];
  holdsVersion?: number;
  /** Set while the last count is not confirmed; the count stays as it was. */
  stale?: StaleStock | null;
  /** Set when the package sold an address of another one: read as 0 until a reading differs. */
  dry: null | { since: string; reading: number | null; purchaseId: string };
}

/** `_id` of a package's document and of its fence. */
export function packageDocumentId(input: { supplier: SupplierName; packageKey: string }): string {
  return `${input.supplier}:${input.packageKey}`;
}
