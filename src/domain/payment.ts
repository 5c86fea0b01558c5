import type { GatewayName } from './order.ts';

/** A captured payment as a gateway's webhook states it: no personal data, fit for a Temporal payload. */
export interface CapturedPayment {
  gateway: GatewayName;
  paymentId: string;
  orderId: string;
  amountPaise: number;
  currency: string;
  /** ISO UTC, the gateway's own time of the payment. */
  paidAt: string;
}
