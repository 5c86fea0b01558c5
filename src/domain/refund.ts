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
