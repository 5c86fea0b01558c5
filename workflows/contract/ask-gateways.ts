/** Id of the Temporal Schedule, and beginning of the ids of its runs. */
export const askGatewaysScheduleId = 'ask-gateways';

/** Workflow type of a run. Task queue: that of the orders. */
export const askGatewaysType = 'askGateways';

/** What asking the gateways about one page of unpaid orders found. */
export interface CheckoutsAsked {
  /** Where the next page begins; null after the last one. */
  next: string | null;
  asked: number;
  /** Orders whose payment was found: started as by their webhook. */
  paid: number;
  expired: number;
  /** Orders that could not be asked about; the log says why. */
  troubles: number;
}

/** Each may run more than once and at once with itself: what it changes is idempotent. */
export interface AskActivities {
  /**
   * `open`: checkouts that wait for their payment; `expired` and `paid`: those that ended unpaid, or were paid, and are
   * due to be asked about once more. `after`: the last order id of the page before; null at the beginning.
   */
  askGateways(input: { which: 'open' | 'expired' | 'paid'; after: string | null }): Promise<CheckoutsAsked>;
  /** Begins the return of every payment of which money is owed to the customer. @returns how many there are. */
  beginReturns(): Promise<number>;
  /** Tells the admin of refunds that were cancelled after they had been paid. @returns how many there were lately. */
  tellTakenBack(): Promise<number>;
}

/** Null where not every page could be done; the next run does it. */
export interface AskGatewaysResult {
  open: Omit<CheckoutsAsked, 'next'> | null;
  expired: Omit<CheckoutsAsked, 'next'> | null;
  paid: Omit<CheckoutsAsked, 'next'> | null;
  takenBack: number | null;
  owedBack: number | null;
}
