import type { SupplierName } from '../domain/order.ts';
import type { RawPurchaseReply } from '../domain/purchase-reply.ts';
import type { StockCount } from '../domain/stock-check.ts';

/** States of a purchase in the ledger; the last four are final. */
export type PurchaseState =
  | 'intended'
  | 'sent'
  | 'unknown'
  | 'case'
  | 'void'
  | 'bought'
  | 'wrong'
  | 'refused'
  | 'notBought';

/** One attempt to buy (collection `purchases`, `_id` = purchaseId). Times are ISO UTC. */
export interface PurchaseDocument {
  _id: string;
  orderId: string;
  number: number;
  /** `claim`: nothing is bought, a stranded server serves this order; its address is set from the start. */
  kind: 'buy' | 'claim';
  supplier: SupplierName;
  packageKey: string;
  packageName: string;
  ramGb: number;
  state: PurchaseState;
  fencingNumber: number;
  stockBefore: number | null;
  /** Counts of all packages of the supplier in the reading before the purchase; null where none is known. */
  stockAllBefore: StockCount[] | null;
  /** When that reading began; absent or null where it is not known. */
  stockReadFrom?: string | null;
  intendedAt: string;
  sentAt: string | null;
  /** Times that a try provably did not reach the supplier. */
  notSentTries: number;
  reply: RawPurchaseReply | null;
  /** A reply that came after a verdict: evidence, never a verdict. */
  lateReply: RawPurchaseReply | null;
  /** The state that `lateReply` came after. */
  lateAfter?: PurchaseState;
  ip: string | null;
  /** Why the state is what it is, for people. */
  why: string | null;
  duplicate: boolean;
  settledAt: string | null;
}

/** The fence of a package (collection `openPurchases`, one permanent document a package). */
export interface FenceDocument {
  _id: string;
  highest: number;
  purchaseId: string | null;
}

/** True where nothing can change the purchase any more, or a person or nobody decides: its fence is free. */
export function freesFence(state: PurchaseState): boolean {
  return state !== 'intended' && state !== 'sent' && state !== 'unknown';
}
