import type { FailureCode } from './order.ts';
import type { CapturedPayment } from './payment.ts';
import type { PaymentVerdict } from './recorded-payment.ts';

/** A fact that customer or admin is told once; activities read names and addresses from MongoDB. */
export type OrderNotice =
  | { kind: 'credentials' }
  | { kind: 'waitingForStock'; available: number }
  | { kind: 'lowStock'; available: number }
  | { kind: 'orderFailed'; code: FailureCode; sentence: string; purchaseId: string | null; ip: string | null }
  | { kind: 'caseOpened'; purchaseId: string; sentence: string }
  | { kind: 'paymentProblem'; verdict: Exclude<PaymentVerdict, 'right'>; payment: CapturedPayment };
