import type { NextStep } from './order-facts.ts';
import type { RefundPart } from './refund.ts';

/** The next step of a remedy, by what MongoDB and the ledger say. */
export type RemedyStep =
  | { kind: 'settle'; purchaseId: string }
  /** A purchase whose outcome a person has to settle first. */
  | { kind: 'case'; purchaseId: string; duplicate: boolean; sentence: string }
  /** All of a payment goes back, or a part of it. */
  | { kind: 'refund'; paymentKey: string; part?: RefundPart }
  /** The way of an order to its server, gone once more. */
  | {
      kind: 'provision';
      step: Exclude<NextStep, { kind: 'awaitPayment' | 'finishDelivery' | 'renew' | 'ended' }>;
    }
  /** The customer gets a server: its login is waited for, it is delivered and mailed. */
  | { kind: 'deliver'; purchaseId: string; ip: string }
  | { kind: 'endServer'; purchaseId: string; ip: string }
  /** The customer is told, with a discount code that is made now. */
  | { kind: 'apologise' }
  /** Nothing more can be done in this try; `why` says it where no leg has said it. */
  | { kind: 'blocked'; moneyBegun: boolean; why?: string }
  | {
      kind: 'done';
      endsAs: 'refunded' | 'cancelled';
      refundedPaise: number;
      currency: string;
      /** Address of the server whose free month is over; null where there was none. */
      monthOf: string | null;
    }
  /** The free month runs (ISO UTC); `waitsFor`: past its end it waits for this paid order. */
  | { kind: 'freeMonth'; startedAt: string; until: string; ip: string; waitsFor: string | null }
  /** The customer has a server, and nothing is open any more. */
  | { kind: 'settled'; ip: string; text: string };
