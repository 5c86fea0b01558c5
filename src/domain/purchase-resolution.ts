/** What a person says about a purchase that became a case. */
export type PurchaseResolution = ResolvedBy & ({ outcome: 'bought'; ip: string } | { outcome: 'notBought' });

interface ResolvedBy {
  /** True: what does not fit (package, expiry, another purchase) is knowingly accepted. */
  acceptMismatch: boolean;
  by: string;
  reason: string | null;
}

/**
 * `refused`: the same checks as for settling by evidence speak against it; the sentence says which. `verdictStays`: the
 * word settled a contradicted case, so what becomes of an address; the purchase's verdict is what it was.
 */
export type ResolutionAnswer =
  | { kind: 'resolved'; sentence: string; verdictStays?: boolean }
  | { kind: 'refused'; sentence: string };
