/** A refund that the gateway has taken; its money is back only once `awaitRefund` says success. */
export type RefundStart =
  | { kind: 'taken'; refundId: string; amountPaise: number; currency: string }
  | { kind: 'refused'; sentence: string };

export type RefundEnd = { kind: 'success' } | { kind: 'cancelled'; sentence: string };

/** The next step of a remedy, by what MongoDB and the ledger say. */
export type RemedyStep =
  | { kind: 'settle'; purchaseId: string }
  | { kind: 'refund'; paymentKey: string }
  | { kind: 'endServer'; purchaseId: string; ip: string }
  /** All else is done; what the gateway refused in this try is still to be given back. */
  | { kind: 'blocked' }
  | { kind: 'done'; endsAs: 'refunded' | 'cancelled'; refundedPaise: number; currency: string };

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
