export type PaymentVerdict = 'right' | 'mismatch' | 'extra' | 'unmatched';

export interface RecordedPayment {
  paymentId: string;
  verdict: PaymentVerdict;
  /** True where this payment id was recorded before: it changes nothing. */
  known: boolean;
  /** One sentence for the timeline. */
  sentence: string;
}
