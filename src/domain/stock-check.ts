/** One package's count in a reading of a supplier's stock. */
export interface StockCount {
  packageId: string;
  name: string;
  available: number;
}

/** What the stock says before a purchase, under the lock. `short` = at the reserve, or dry. */
export type StockCheck =
  | { kind: 'available'; count: number; low: boolean; packageName: string }
  /** `behind`: orders that paid earlier and get what is there first. */
  | { kind: 'short'; count: number; reserve: number; dry: boolean; behind?: number }
  | { kind: 'missing'; sentence: string }
  | { kind: 'unreachable'; why: string }
  | { kind: 'rejectedCredentials'; why: string };
