import type { RawPurchaseReply } from './purchase-reply.ts';

/** Outcome of one purchase (design 5). Times are ISO UTC. */
export type PurchaseOutcome =
  | { kind: 'bought'; ip: string }
  | { kind: 'wrong'; ip: string }
  | { kind: 'duplicate'; ip: string; sentence: string }
  /** `stockBefore`: the package's count before it was sent; absent in results of before. */
  | { kind: 'refused'; reason: string; stockBefore?: number | null }
  | { kind: 'notBought' }
  | { kind: 'unknown'; why: string; sentAt: string }
  | { kind: 'case'; sentence: string }
  | { kind: 'notSent'; why: string; rejectedCredentials: boolean }
  | { kind: 'busy'; purchaseId: string; until: string }
  | { kind: 'voided' }
  | { kind: 'staleGrant' }
  | { kind: 'orderClosed'; why: string }
  /** The ledger could not be written after the call: the reply travels in the result instead. */
  | { kind: 'unstored'; reply: RawPurchaseReply };
