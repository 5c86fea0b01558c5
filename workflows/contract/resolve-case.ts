import type { SupplierName } from '../../src/domain/order.ts';
import type { PurchaseResolution } from '../../src/domain/purchase-resolution.ts';

/** Id of the workflow that settles a case whose order does not wait for it any more. */
export function caseWorkflowId(purchaseId: string): string {
  return `case-${purchaseId}`;
}

export interface ResolveCaseInput {
  purchaseId: string;
  resolution: PurchaseResolution;
}

export interface ResolveCaseResult {
  purchaseId: string;
  ended: 'resolved' | 'refused' | 'badInput';
  explanation: string;
}

/** Id of the workflow that stops and wipes a server which no order needs. */
export function strandWorkflowId(input: { supplier: SupplierName; ip: string }): string {
  return `strand-${input.supplier}-${input.ip}`;
}

export interface StrandServerInput {
  /** The purchase that the server's tenancy is with. */
  purchaseId: string;
  /** The server, where it is not the one that the purchase was settled with. */
  ip?: string;
  by: string;
  reason: string | null;
}

export interface StrandServerResult {
  purchaseId: string;
  ended: 'stranded' | 'refused' | 'badInput' | 'late';
  explanation: string;
}
