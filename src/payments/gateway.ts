import type { GatewayName } from '../domain/order.ts';
import type { CapturedPayment } from '../domain/payment.ts';

/** What a payment gateway needs to take one order's money. */
export interface NewGatewayOrder {
  orderId: string;
  amountPaise: number;
  currency: string;
  customer: { email: string; phone: string };
  /** Where the gateway sends the customer after paying. */
  returnUrl: string;
  /** Where the gateway sends its webhooks. */
  notifyUrl: string;
  /** The same key never makes a second order at the gateway. */
  idempotencyKey: string;
  /** ISO UTC: the gateway takes no payment after it. */
  expiresAt: string;
}

/** The gateway's side of an order; `sessionId` opens its payment page. */
export interface GatewayOrder {
  gatewayOrderId: string;
  sessionId: string;
}

/** A gateway's order as it stands now. */
export interface GatewayOrderState extends GatewayOrder {
  status: 'active' | 'paid' | 'expired' | 'terminated';
  /** Where the gateway states them. */
  amountPaise?: number;
  currency?: string;
}

/** What a gateway needs to give money back; `refundId` is the idempotency key. */
export interface NewGatewayRefund {
  orderId: string;
  paymentId: string;
  refundId: string;
  amountPaise: number;
  currency: string;
  note: string;
}

/** A refund as the gateway sees it now; `pending` until it has paid or given up. */
export interface GatewayRefund {
  status: 'pending' | 'success' | 'cancelled';
}

/** One payment gateway. Its calls throw `GatewayError`. */
export interface PaymentGateway {
  name: GatewayName;
  /** Makes the gateway's order; safe to repeat with the same idempotency key. */
  createOrder(order: NewGatewayOrder): Promise<GatewayOrder>;
  /** Asks for an order by our order id; null where the gateway knows none. */
  findOrder(input: { orderId: string }): Promise<GatewayOrderState | null>;
  /** Asks which payments of our order were captured; none where the gateway knows no such order. */
  findPayments(input: { orderId: string }): Promise<CapturedPayment[]>;
  /** Asks for a refund; safe to repeat under the same id, a repeat answers how the first one stands. */
  createRefund(refund: NewGatewayRefund): Promise<GatewayRefund>;
  /** Asks for a refund by our id; null where the gateway knows none. */
  findRefund(input: { orderId: string; paymentId: string; refundId: string }): Promise<GatewayRefund | null>;
}

/**
 * `unreachable`: no usable answer, repeat with the same key; `rejectedCredentials`: someone must look at the
 * keys; `refused`: the gateway says no; `unreadableReply`: it answered something that is not its format.
 */
export type GatewayErrorCode = 'unreachable' | 'rejectedCredentials' | 'refused' | 'unreadableReply';

export type RefusedField = 'customer.phone' | 'customer.email';

/** A call to a payment gateway did not work. Its message holds no secret and nothing about the customer. */
export class GatewayError extends Error {
  readonly code: GatewayErrorCode;
  /** What of the customer's own input the gateway refused, where it says so. */
  readonly field: RefusedField | null;

  constructor(input: { code: GatewayErrorCode; message: string; field?: RefusedField | null }) {
    super(input.message);
    this.name = 'GatewayError';
    this.code = input.code;
    this.field = input.field ?? null;
  }
}
