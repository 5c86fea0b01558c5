import type { OrderStatus } from './order.ts';
import type { OrderFacts } from './order-facts.ts';

/** What `compensateOrder` can do for a customer (design 8). */
export const remedyOptions = [
  'reprovision',
  'priceAdjustment',
  'refundAndFreeMonth',
  'refund',
  'refundedByHand',
] as const;
export type RemedyOption = (typeof remedyOptions)[number];

/** The owner's letters for the remedies. */
export const remedyLetters: Readonly<Record<string, RemedyOption>> = {
  A: 'reprovision',
  B: 'priceAdjustment',
  C: 'refundAndFreeMonth',
};

/** A remedy that somebody, or the policy, chose for an order. */
export interface RemedyWish {
  orderId: string;
  /** The workflow that carries it out. */
  workflowId: string;
  option: RemedyOption;
  by: string;
  reason: string | null;
  endsAs: 'refunded' | 'cancelled';
  /** Of `priceAdjustment`: what the server is sold as; null or missing where the catalogue says. */
  productId?: string | null;
  /** Of `priceAdjustment`: what goes back, integer minor units; null or missing where the catalogue says. */
  amountPaise?: number | null;
  /** Id of the run that a person has started as a workflow; missing where it was asked for by a message or the API. */
  startedByHand?: string;
}

/** What is carried out for the customer, taken once by conditional update. */
export interface Remedy extends Omit<RemedyWish, 'orderId'> {
  /** ISO UTC. */
  startedAt: string;
  /** What the order was when the remedy took it. */
  from?: OrderStatus;
  adjustment?: Adjustment | null;
  /** Of `reprovision`: purchases up to this number serve the order no more; null before it is marked. */
  replaces?: number | null;
}

/** What `priceAdjustment` makes of an order, written down before anything of it is done. */
export interface Adjustment {
  /** The server that the customer gets or keeps. */
  purchaseId: string;
  ip: string;
  /** What it is sold as; the id is null where the catalogue has no such product. */
  productId: string | null;
  productName: string;
  /** What was ordered instead; it is the order's again where another remedy is chosen after all. */
  orderedProductId: string;
  orderedProductName: string;
  /** What goes back, integer minor units, never negative. */
  differencePaise: number;
}

/** True where a price adjustment that is under way is to be another one: as another product, or by another amount. */
export function isReadjusted(wish: Pick<RemedyWish, 'option' | 'productId' | 'amountPaise'>): boolean {
  return wish.option === 'priceAdjustment' && Boolean(wish.productId || wish.amountPaise);
}

/** What the messages of a remedy's run have to know of it. */
export interface RemedyNow {
  /** True until its first step: what was decided before it took the order is not decided again. */
  isBeginning: boolean;
  option: RemedyOption;
  /** True once money has moved for it: then it goes on with that. */
  moneyBegun: boolean;
  /** True while a free month runs. */
  inMonth: boolean;
}

/** Whether a blocked remedy became another one. */
export type RemedyChange = { kind: 'changed'; remedy: Remedy } | { kind: 'refused'; sentence: string };

/**
 * A refusal brings the order along where it has ended by this very remedy: a run that was reset still answers for it.
 * `requestIds`: what an earlier run of the remedy may have left at the lock.
 */
export type RemedyTaken =
  | {
      kind: 'taken';
      /** False where this workflow had the order before. */
      isNew: boolean;
      order: OrderFacts;
      remedy: Remedy;
      moneyBegun: boolean;
      requestIds: string[];
    }
  | { kind: 'unknown' }
  | { kind: 'refused'; sentence: string; ended?: OrderFacts };
