import type { SupplierName } from '../domain/order.ts';

export type TenancyState = 'bought' | 'held' | 'changing' | 'delivered' | 'stranded' | 'retired' | 'foreign';

/** Who an address is with, and why. Every sale has exactly one tenancy, past ones are in `history`. */
export interface Tenancy {
  state: TenancyState;
  purchaseId: string | null;
  orderId: string | null;
  since: string;
  /** ISO UTC date at which the paid month ends, where known. */
  expiresAt: string | null;
  /** What the customer's order paid for it, integer minor units. */
  cost: { amountMinor: number; currency: string } | null;
  /** Why it is in its state, for people; rows of before have none. */
  cause?: string;
  /** Set while `changing`: the one operation that may stop or wipe. */
  operationId: string | null;
  /** Operations that were carried out, so that a rerun does not repeat them. */
  operationsDone: string[];
}

/** A server ever paid for, or foreign (collection `servers`, `_id` = `<supplier>:<ip>`). */
export interface ServerDocument {
  _id: string;
  supplier: SupplierName;
  ip: string;
  tenancy: Tenancy;
  history: Tenancy[];
}

/** True while this operation, and no other one, has the server. */
export function isChangedBy(tenancy: Tenancy | undefined, operationId: string): boolean {
  return tenancy?.state === 'changing' && tenancy.operationId === operationId;
}

/** True where somebody holds the address now. */
export function isLiving(input: { tenancy: Tenancy; now: string }): boolean {
  const { tenancy, now } = input;
  if (tenancy.state === 'retired') return false;
  return tenancy.state === 'foreign' || !isTermOver(tenancy, now);
}

/** The order that was delivered with the server and never gave it back, also past its month; null for `purchaseId` itself. */
export function lastCustomerOf(
  { state, orderId, purchaseId: holder }: Tenancy,
  purchaseId: string,
): string | null {
  return state === 'delivered' && holder !== purchaseId ? orderId : null;
}

/** The end of a month that the supplier calls over on `expiresOn` (ISO date): that day counts whole. ISO UTC. */
export function endOfTerm(expiresOn: string): string {
  return `${expiresOn.slice(0, 10)}T23:59:59.999Z`;
}

/** True where the month that the supplier was paid for has ended, as far as is known here. */
export function isTermOver({ expiresAt }: Pick<Tenancy, 'expiresAt'>, now: string): boolean {
  return expiresAt !== null && expiresAt <= now;
}

/**
 * A tenancy as it is now: one whose month has ended is retired. A delivered one is not: its customer may have renewed it
 * at the shop.
 */
export function asOfNow(input: { tenancy: Tenancy; now: string }): Tenancy {
  const { tenancy } = input;
  return tenancy.state === 'delivered' || isLiving(input) ? tenancy : retire(input);
}

/** The end of a tenancy that is terminated or expired; what it was stays in its cause. */
export function retire({ tenancy, now }: { tenancy: Tenancy; now: string }): Tenancy {
  if (tenancy.state === 'retired') return tenancy;
  const { state, expiresAt, cause } = tenancy;
  const was = `Expired ${expiresAt?.slice(0, 10) ?? 'at an unknown date'} as ${state}.`;
  return { ...tenancy, state: 'retired', since: expiresAt ?? now, cause: cause ? `${was} ${cause}` : was };
}
