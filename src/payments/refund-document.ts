import type { GatewayName } from '../domain/order.ts';
import type { RefundPart } from '../domain/refund.ts';

/**
 * One refund (collection `refunds`, `_id` = its id at the gateway and its idempotency key). `reserved`: its share is
 * being taken, the gateway may not know it yet; `refused` and `cancelled` have given their share back.
 */
export interface RefundDocument {
  _id: string;
  orderId: string;
  gateway: GatewayName;
  /** `_id` in `payments`. */
  paymentKey: string;
  paymentId: string;
  amountPaise: number;
  /** Missing or null where it is all of the payment. */
  part?: RefundPart['name'] | null;
  currency: string;
  state: 'reserved' | 'pending' | 'success' | 'cancelled' | 'refused';
  /** What the gateway said where it did not pay, for people. */
  why: string | null;
  /** ISO UTC. */
  createdAt: string;
  /** Until when (ISO UTC) one run alone asks the gateway for it; empty while none does. */
  askedUntil: string;
  settledAt: string | null;
  /** When the gateway cancelled what it had called paid; missing or null where it did not. */
  takenBackAt?: string | null;
}
