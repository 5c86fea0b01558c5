/** What was decided for a failed order, and by whom. */
export interface Decision {
  act: 'retry' | 'resolve' | 'assign';
  by: string;
  /** ISO UTC. */
  at: string;
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
