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
  kind: 'unknown' | 'duplicate';
  sentence: string;
  openedAt: string;
  resolution: CaseResolution | null;
}
