import type { MonthAct } from '../domain/free-month.ts';
import type { OrderNotice, ShopNotice } from '../domain/order-notice.ts';
import type { CapturedPayment } from '../domain/payment.ts';

/**
 * A fact that people are told once; `factId` names it for good, e.g. `<orderId>:failed:<code>:<purchaseId>`.
 * Names and addresses of customers are read from the order. Times are ISO UTC.
 */
export type Notice = { factId: string } & (
  | PaidNotice
  | OfOrder<'delayed'>
  | CredentialsNotice
  | RefundedNotice
  | PriceAdjustedNotice
  | FreeMonthNotice
  | OfOrder<'freeMonthEnded'>
  | OfOrder<'serverRenewed'>
  | WaitingForStockNotice
  | LowStockNotice
  | OrderFailedNotice
  | DecisionReminderNotice
  | OfOrder<'deadlinePassed'>
  | OfOrder<'credentialsLate'>
  | CaseOpenedNotice
  | PaymentMismatchNotice
  | OfOrder<'returnBlocked'>
  | { kind: 'extraPayment'; orderId: string; payment: CapturedPayment }
  | { kind: 'unmatchedPayment'; payment: CapturedPayment }
  | ShopNotice
);

/** A fact as the order's workflow told it, with its order. */
export type OfOrder<Kind extends OrderNotice['kind']> = Extract<OrderNotice, { kind: Kind }> & {
  orderId: string;
};

/** To the customer: what was ordered and paid, and when it is expected. */
export interface PaidNotice extends OfOrder<'paid'> {
  productName: string;
  ramGb: number;
  os: string;
  amountPaise: number;
  currency: string;
}

/** To the customer: the only mail that holds a password. */
export interface CredentialsNotice extends OfOrder<'credentials'> {
  ip: string;
  username: string;
  password: string;
  os: string;
  /** Address of the server that the customer had before; null where this is the first. */
  replaces?: string | null;
}

/** To the customer: what was paid for, and how it went back. */
export interface RefundedNotice extends OfOrder<'refunded'> {
  paidFor: 'server' | 'deliveredServer' | 'renewal';
  /** True where some of it was given back outside the gateway. */
  isByHand: boolean;
}

/** To the customer: what they have instead, what went back, and the code of the apology. */
export interface PriceAdjustedNotice extends OfOrder<'priceAdjusted'> {
  ip: string;
  orderedProductName: string;
  productName: string;
  differencePaise: number;
  currency: string;
  discount: { code: string; expiresAt: string; off: string };
  /** True where all that was paid had gone back before. */
  isPaidBack: boolean;
  isByHand: boolean;
}

/** To the customer: what is free until when, and the links by which they choose. */
export interface FreeMonthNotice extends OfOrder<'freeMonth'> {
  ip: string;
  orderedProductName: string;
  refundedPaise: number;
  currency: string;
  isByHand: boolean;
  links: Record<MonthAct, string>;
}

/** To the customer and to the admin. */
export interface WaitingForStockNotice extends OfOrder<'waitingForStock'> {
  packageName: string;
  /** When the order gives up waiting and needs a decision. */
  waitsUntil: string | null;
}

export interface LowStockNotice extends OfOrder<'lowStock'> {
  packageName: string;
}

export interface OrderFailedNotice extends OfOrder<'orderFailed'> {
  packageName: string;
}

export interface DecisionReminderNotice extends OfOrder<'decisionReminder'> {
  packageName: string;
}

export interface PaymentMismatchNotice {
  kind: 'paymentMismatch';
  orderId: string;
  payment: CapturedPayment;
  /** What the order costs by now. */
  expected: { amountPaise: number; currency: string };
  /** True where the price was right until another order had the discount code. */
  hasLostCode: boolean;
}

export interface CaseOpenedNotice extends OfOrder<'caseOpened'> {
  /** What is known about the purchase, one fact each, nothing secret. */
  evidence: { label: string; value: string }[];
}

/** The order that a notice is about; null for a lock or another workflow. */
export function orderIdOf(notice: Notice): string | null {
  if (notice.kind === 'unmatchedPayment') return notice.payment.orderId;
  return 'orderId' in notice ? notice.orderId : null;
}
