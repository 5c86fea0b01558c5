/** What a customer can choose in a free month: to pay for the server, or for the one that was ordered. */
export const monthActs = ['renew', 'switch'] as const;
export type MonthAct = (typeof monthActs)[number];

/** Names the order whose free month an order came out of. */
export interface FreeMonthLink {
  orderId: string;
  act: MonthAct;
}

/**
 * A free month, on the order's document. `running` alone leads on, each way by one conditional update: `renewing` by a
 * paid renewal, `ending` without a choice or with a switch, `kept` where an admin lets the customer have the server.
 */
export interface FreeMonth {
  /** ISO UTC. */
  startedAt: string;
  until: string;
  state: 'running' | 'renewing' | 'renewed' | 'ending' | 'kept';
  /** The order that renews, or has renewed. */
  renewalId: string | null;
}

/** When the supplier was asked to renew (ISO UTC), and what it said before of the server's expiry. */
export interface RenewalSent {
  at: string;
  expiresOn: string | null;
  isPaid: boolean;
  isRefused: boolean;
}

/** Longer than a call to the supplier takes: after it, one whose answer was lost has happened or never will. */
const renewalCallMs = 120_000;

/** True while the supplier may still be carrying out a renewal whose answer is not known. */
export function mayStillRun(sent: RenewalSent, now: string): boolean {
  return !sent.isPaid && !sent.isRefused && Date.parse(now) < Date.parse(sent.at) + renewalCallMs;
}

/** How a paid renewal ended. `closed`: the month is over, the money goes back; `unclear`: nobody can say. */
export type Renewal =
  | { kind: 'renewed'; ip: string; until: string }
  | { kind: 'closed'; sentence: string }
  | { kind: 'unclear'; sentence: string };

/** What a customer's link shows, and what a click on it leads to. Amounts in integer minor units. */
export type MonthOffer =
  | {
      kind: 'open';
      orderId: string;
      act: MonthAct;
      ip: string;
      productName: string;
      amountPaise: number;
      currency: string;
      until: string;
    }
  | { kind: 'closed'; sentence: string };
