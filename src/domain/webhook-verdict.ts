import type { GatewayName } from './order.ts';
import type { CapturedPayment } from './payment.ts';

/** One thing that is wrong with a request: the member or header, and what is wrong: `is not a text.` */
export interface FieldProblem {
  field: string;
  message: string;
}

/** How a refund of ours ended, as its gateway's webhook tells it. */
export interface RefundNews {
  gateway: GatewayName;
  /** Our id. */
  refundId: string;
  status: 'success' | 'cancelled';
}

/**
 * What a gateway's webhook is worth. `payment` is money that came; `paymentOfGatewayOrder` likewise, where the message
 * names its order by the gateway's id alone; `refund` is money that went back, or did not; `ignored` deserves a 2xx.
 */
export type WebhookVerdict =
  | { kind: 'payment'; payment: CapturedPayment }
  | { kind: 'paymentOfGatewayOrder'; gatewayOrderId: string; payment: Omit<CapturedPayment, 'orderId'> }
  | { kind: 'refund'; refund: RefundNews }
  | { kind: 'ignored'; why: string }
  | {
      kind: 'rejected';
      status: 400 | 401;
      problem: { type: 'bad-signature' | 'bad-webhook'; detail: string; errors: FieldProblem[] };
    };

/**
 * What became of the news of a refund: `unknown` to the book, or `paidTwice`: the book calls it refused, and its money has
 * gone back another way since.
 */
export type RefundNoted = 'noted' | 'unknown' | 'paidTwice';
