import type { CapturedPayment } from '../domain/payment.ts';

/** A captured payment (collection `payments`, `_id` = `<gateway>:<paymentId>`), kept longer than any history. */
export interface PaymentDocument extends CapturedPayment {
  _id: string;
  verdict: null | 'right' | 'mismatch' | 'extra' | 'unmatched';
  recordedAt: string;
  /** What may still be refunded of it, integer minor units. */
  refundablePaise: number;
  refundIds: string[];
  /** True while money of it may be owed to the customer beside any remedy; missing or false where it is not. */
  owedBack?: boolean;
  /** Rises with each mark of `owedBack`: who clears it must have seen the last one. */
  owedMarks?: number;
}
