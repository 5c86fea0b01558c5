/** What came back from one purchase call, before it is interpreted; secrets are scrubbed. Times are ISO UTC. */
export type RawPurchaseReply =
  | { kind: 'answer'; httpStatus: number; body: string; receivedAt: string }
  | { kind: 'notSent'; why: string }
  | { kind: 'noAnswer'; why: string };

/** What a purchase call's reply means. `unknown` = bytes were sent and nothing usable came back. */
export type PurchaseReply =
  | { kind: 'bought'; ip: string }
  | { kind: 'refused'; reason: string }
  | { kind: 'unknown'; why: string }
  | { kind: 'notSent'; why: string }
  | { kind: 'rejectedCredentials'; why: string };
