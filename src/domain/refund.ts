/** A refund that the gateway has taken; its money is back only once `awaitRefund` says success. */
export type RefundStart =
  | { kind: 'taken'; refundId: string; amountPaise: number; currency: string }
  | { kind: 'refused'; sentence: string };

export type RefundEnd = { kind: 'success' } | { kind: 'cancelled'; sentence: string };

/** A part of a payment that goes back under a name of its own. */
export interface RefundPart {
  /** `difference`. */
  name: string;
  amountPaise: number;
}

/** What is still to be given back of one payment that its order does not keep, by what the books say. */
export type ReturnStep =
  /** All of it, or the part whose refund was taken back. */
  | { kind: 'refund'; orderId: string; part: RefundPart | null; amountPaise: number; currency: string }
  | { kind: 'nothing' }
  | { kind: 'unknownPayment' };
