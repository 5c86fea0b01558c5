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

/** The remedies that this version carries out; the others are refused with "not available yet". */
export const availableRemedies: readonly RemedyOption[] = ['refund'];

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
}

/** What is carried out for the customer, taken once by conditional update. */
export interface Remedy extends Omit<RemedyWish, 'orderId'> {
  /** ISO UTC. */
  startedAt: string;
}

/**
 * A refusal brings the order
 * along where it has ended by this very remedy: a run that was reset still answers for it.
 */
export type RemedyTaken =
  | { kind: 'taken'; order: OrderFacts; remedy: Remedy }
  | { kind: 'unknown' }
  | { kind: 'refused'; sentence: string; ended?: OrderFacts };
