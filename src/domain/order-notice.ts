import type { FailureCode, GatewayName } from './order.ts';
import type { CapturedPayment } from './payment.ts';
import type { PaymentVerdict } from './recorded-payment.ts';

/** What happens next by itself, and when (ISO UTC; null where that depends on others). */
export interface NextMove {
  text: string;
  at: string | null;
}

/** A fact that customer or admin is told once; activities read names and addresses from MongoDB. */
export type OrderNotice =
  /** To the customer: paid, and when the server is expected (ISO UTC). */
  | { kind: 'paid'; expectedBy: string }
  /** To the customer: it takes longer; without a code or a reason. `expectedBy` null where nobody can say. */
  | { kind: 'delayed'; expectedBy: string | null }
  /** To the customer: delivered, with the login. */
  | { kind: 'credentials' }
  /** To the customer: the money is on its way back, the gateway has said SUCCESS. */
  | { kind: 'refunded'; amountPaise: number; currency: string; cancelled: boolean }
  /** To the customer: they have another server than was ordered; what went back, and an apology with a code. */
  | { kind: 'priceAdjusted' }
  /** To the customer: all money is back, the server is free until then (ISO UTC), with links; again as a reminder. */
  | { kind: 'freeMonth'; until: string; reminder: boolean }
  | { kind: 'freeMonthEnded'; ip: string }
  | { kind: 'serverRenewed'; ip: string; until: string }
  /** To both: sold out, the order waits for stock; `why` is for the admin. */
  | { kind: 'waitingForStock'; available: number; why?: string }
  /** To the admin, all below. */
  | { kind: 'lowStock'; available: number }
  | {
      kind: 'orderFailed';
      code: FailureCode;
      sentence: string;
      purchaseId: string | null;
      ip: string | null;
      next: NextMove;
    }
  /** `nth` counts from 1; `since` is when the order failed. */
  | {
      kind: 'decisionReminder';
      code: FailureCode;
      sentence: string;
      since: string;
      nth: number;
      next: NextMove;
    }
  /** Nobody decided in time: `default` is what happens now. */
  | {
      kind: 'deadlinePassed';
      code: FailureCode;
      sentence: string;
      default: 'refund' | 'cancel' | 'keepReminding';
    }
  /** The login is late (credentialsAlert); the order still waits for it until `until`. */
  | { kind: 'credentialsLate'; ip: string; until: string }
  | { kind: 'caseOpened'; purchaseId: string; sentence: string }
  | { kind: 'paymentProblem'; verdict: Exclude<PaymentVerdict, 'right'>; payment: CapturedPayment }
  /** The gateway does not give a payment back; `nth` counts its refusals from 1. */
  | {
      kind: 'returnBlocked';
      workflowId: string;
      amountPaise: number;
      currency: string;
      sentence: string;
      nth: number;
    };

/** A fact that is not one order's: told to the admin once, by `watchOrders`, `askGateways` or `monitorStock`. */
export type ShopNotice =
  | { kind: 'orderRestarted'; orderId: string; times: number; why: string }
  | { kind: 'tasksFailing'; workflowId: string; attempts: number; failure: string }
  | { kind: 'orderPastBound'; orderId: string; status: string; since: string }
  | { kind: 'caseReminder'; purchaseId: string; orderId: string; openedAt: string; sentence: string }
  /** The gateway has cancelled a refund that it had called paid: the customer does not have the money. */
  | {
      kind: 'refundTakenBack';
      orderId: string;
      refundId: string;
      gateway: GatewayName;
      amountPaise: number;
      currency: string;
      takenBackAt: string;
    }
  | { kind: 'lockPaused'; lockId: string; reason: string; by: string; until: string | null }
  | { kind: 'lockBroken'; lockId: string; why: string; waiters: number }
  | StockNotice;

/** Told by the stock's monitor. */
export type StockNotice =
  | { kind: 'saleStopped'; productId: string; productName: string; packageName: string; note: string }
  | { kind: 'saleResumed'; productId: string; productName: string; packageName: string; available: number }
  | { kind: 'lowStockReport'; packages: LowPackage[] };

/** A line of the daily report; `staleSince` (ISO UTC) where the count could not be confirmed since. */
export interface LowPackage {
  packageName: string;
  available: number;
  staleSince: string | null;
}
