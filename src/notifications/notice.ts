import type { FailureCode } from '../domain/order.ts';
import type { CapturedPayment } from '../domain/payment.ts';

/**
 * A fact that people are told once; `factId` names it for good, e.g. `<orderId>:failed:<code>:<purchaseId>`.
 * Names and addresses of customers are read from the order. Times are ISO UTC.
 */
export type Notice = { factId: string } & (
  | CredentialsNotice
  | WaitingForStockNotice
  | { kind: 'lowStock'; orderId: string; packageName: string; available: number }
  | OrderFailedNotice
  | PaymentMismatchNotice
  | { kind: 'extraPayment'; orderId: string; payment: CapturedPayment }
  | { kind: 'unmatchedPayment'; payment: CapturedPayment }
  | CaseOpenedNotice
);

/** To the customer: the only mail that holds a password. */
export interface CredentialsNotice {
  kind: 'credentials';
  orderId: string;
  ip: string;
  username: string;
  password: string;
  os: string;
}

/** To the customer and to the admin. */
export interface WaitingForStockNotice {
  kind: 'waitingForStock';
  orderId: string;
  packageName: string;
  available: number;
  /** When the order gives up waiting and needs a decision. */
  waitsUntil: string | null;
}

export interface OrderFailedNotice {
  kind: 'orderFailed';
  orderId: string;
  code: FailureCode;
  sentence: string;
  packageName: string;
  /** The address that was bought, where there is one. */
  ip: string | null;
  /** What happens by itself, and when. */
  next: { text: string; at: string | null } | null;
}

export interface PaymentMismatchNotice {
  kind: 'paymentMismatch';
  orderId: string;
  payment: CapturedPayment;
  expected: { amountPaise: number; currency: string };
}

export interface CaseOpenedNotice {
  kind: 'caseOpened';
  orderId: string;
  purchaseId: string;
  sentence: string;
  /** What is known about the purchase, one fact each, nothing secret. */
  evidence: { label: string; value: string }[];
}
