import type { SupplierName } from '../domain/order.ts';

/** How a person settled a case. */
export interface CaseResolution {
  outcome: 'bought' | 'notBought';
  ip: string | null;
  acceptMismatch: boolean;
  by: string;
  reason: string | null;
  at: string;
}

/** An open question about a purchase, waiting for an admin (collection `cases`, `_id` = purchaseId). */
export interface CaseDocument {
  _id: string;
  orderId: string;
  supplier: SupplierName;
  packageKey: string;
  /** `contradicted`: an answer came after the verdict and says something else; the verdict stays. */
  kind: 'unknown' | 'duplicate' | 'contradicted';
  sentence: string;
  openedAt: string;
  resolution: CaseResolution | null;
  /** How a person had settled it before a late answer opened it again. */
  earlier?: CaseResolution | null;
}
