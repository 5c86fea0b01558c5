import type { RemedyOption, RemedyWish } from '../src/domain/remedy.ts';

/** What was decided for a failed order, and by whom. */
export type Decision = {
  by: string;
  /** ISO UTC. */
  at: string;
  /** True for what the policy decides, not a person. */
  byItself?: boolean;
} & (
  | { act: 'retry' | 'resolve' | 'assign' }
  /** The order ends: by its remedy, or because another workflow has taken it. */
  | {
      act: 'cancel' | 'remedy';
      option: RemedyOption;
      reason: string | null;
      /** Of `priceAdjustment`. */
      productId?: string | null;
      amountPaise?: number | null;
      endsAs: 'refunded' | 'cancelled';
    }
  | { act: 'ownerChanged' }
);

/** A decision that ends the order's own workflow. */
export type EndingDecision = Extract<Decision, { act: 'cancel' | 'remedy' | 'ownerChanged' }>;

/** Who decides where no person does, as it is told in the timeline and the audit log. */
export const policyName = 'the policy';

type RemedyDecision = Extract<Decision, { act: 'cancel' | 'remedy' }>;

/** What the shop or its policy decides where no person does: all that was paid goes back. */
export function refundByItself(input: {
  by: string;
  reason: string;
  endsAs?: RemedyDecision['endsAs'];
}): RemedyDecision {
  const { by, reason, endsAs = 'refunded' } = input;
  const at = new Date(Date.now()).toISOString();
  return { act: 'remedy', option: 'refund', by, reason, endsAs, at, byItself: true };
}

/** The remedy that was decided, as the order's books know it. `workflowId`: the workflow that carries it out. */
export function wishOf(
  { option, by, reason, endsAs, productId = null, amountPaise = null }: RemedyDecision,
  { orderId, workflowId }: Pick<RemedyWish, 'orderId' | 'workflowId'>,
): RemedyWish {
  return { orderId, workflowId, option, by, reason, endsAs, productId, amountPaise };
}

/** The ending decision, where one is taken. */
export function endingOf(slot: DecisionSlot): EndingDecision | null {
  const { taken } = slot;
  if (!slot.isDecided || taken === null) return null;
  return taken.act === 'cancel' || taken.act === 'remedy' || taken.act === 'ownerChanged' ? taken : null;
}

/** The one slot per failure: the first decision fills it, later ones are told so; leaving `failed` empties it. */
export interface DecisionSlot {
  /** Who took the slot, decided or still being checked. */
  readonly taken: Decision | null;
  /** True once the failure is decided. */
  readonly isDecided: boolean;
  /** Decides at once. */
  fill(decision: Decision): void;
  /** Takes the slot while the decision is checked: `decide` or `giveUp` must follow. */
  reserve(decision: Decision): { decide(): void; giveUp(): void };
  empty(): void;
}

/** An empty slot. */
export function createDecisionSlot(): DecisionSlot {
  let taken: Decision | null = null;
  let isDecided = false;
  return {
    get taken() {
      return taken;
    },
    get isDecided() {
      return isDecided;
    },
    fill(decision) {
      taken = decision;
      isDecided = true;
    },
    reserve(decision) {
      taken = decision;
      return {
        decide() {
          if (taken === decision) isDecided = true;
        },
        giveUp() {
          if (taken === decision) taken = null;
        },
      };
    },
    empty() {
      taken = null;
      isDecided = false;
    },
  };
}
