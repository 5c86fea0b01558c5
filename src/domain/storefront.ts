import type { FreeMonthLink } from './free-month.ts';
import type { FailureCode, GatewayName, OrderStatus } from './order.ts';

/** A product as the storefront sees it. */
export interface ProductView {
  productId: string;
  name: string;
  available: boolean;
  sizes: { ramGb: number; pricePaise: number }[];
}

/** An order as the storefront sees it: nothing of the customer, no password. Times are ISO UTC. */
export interface OrderView {
  orderId: string;
  status: OrderStatus;
  statusSince: string;
  /** The status in words for staff; `customerText` is the one for the customer. */
  statusText: string;
  customerText: string;
  productId: string;
  productName: string;
  ramGb: number;
  os: string;
  /** The price before the discount; `amountPaise` is what the order costs. */
  listPricePaise: number;
  discountPaise: number;
  amountPaise: number;
  currency: string;
  createdAt: string;
  paidAt: string | null;
  failure?: { code: FailureCode; message: string; since: string };
  server?: { ip: string };
  next?: { text: string; at: string | null };
  /** While a free month runs: until when. */
  freeUntil?: string;
}

/** What a customer orders. The price is the catalogue's alone. */
export interface CheckoutRequest {
  productId: string;
  ramGb: number;
  os: string;
  customer: { name: string; email: string; phone: string };
  discountCode: string | null;
  gateway: GatewayName;
  idempotencyKey: string | null;
  /** Set by a customer's link alone. */
  freeMonthOf?: FreeMonthLink;
}

export interface CheckoutReply {
  orderId: string;
  status: 'pendingPayment';
  /** The price before the discount; `amountPaise` is what is left to pay. */
  listPricePaise: number;
  discountPaise: number;
  amountPaise: number;
  currency: string;
  /** The customer's own page of the order, by a signed link. */
  orderUrl: string;
  payment: { gateway: GatewayName; gatewayOrderId: string; sessionId: string };
}

/** A form that leads a browser to a gateway's own page for one payment. */
export interface PayForm {
  /** Its method is POST. */
  url: string;
  fields: Record<string, string>;
}

/** What a customer's choice in a free month leads to: a payment to be made, or why not. */
export type MonthCheckout =
  | { kind: 'placed'; reply: CheckoutReply }
  | { kind: 'closed'; sentence: string }
  | { kind: 'failed'; sentence: string };

export type CheckoutRefusal =
  | 'unknownProduct'
  | 'productDisabled'
  | 'atCapacity'
  | 'sizeNotSold'
  | 'unknownDiscountCode'
  | 'discountExpired'
  | 'discountUsed'
  | 'discountHeld'
  | 'discountWorthless'
  | 'gatewayOff'
  | 'gatewayRefused'
  | 'idempotencyKeyReused';

/** `gatewayFailed`: the order is kept unpaid; the same checkout may be tried again. */
export type CheckoutOutcome =
  | { kind: 'placed'; reply: CheckoutReply }
  | { kind: 'refused'; reason: CheckoutRefusal; field: string; sentence: string }
  | { kind: 'gatewayFailed'; orderId: string; sentence: string };
