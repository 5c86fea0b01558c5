import { defineUpdate } from '@temporalio/workflow';

/** Id of the Temporal Schedule, and beginning of the ids of its runs. */
export const watchOrdersScheduleId = 'watch-orders';

/** Workflow type of a run. Task queue: that of the orders. */
export const watchOrdersType = 'watchOrders';

/**
 * To an order's workflow, by `watchOrders`: asks the package lock again for what it waits for, because the lock has
 * lost its queue. Answered once the request is sent: false where it waits for no lock. Not for people.
 */
export const askAgainUpdate = defineUpdate<boolean>('askAgain');

/** What a look at one page of open orders found. */
export interface OwnersWatched {
  /** Where the next page begins; null after the last one. */
  next: string | null;
  looked: number;
  restarted: number;
  tasksFailing: number;
  pastBound: number;
  /** Orders that could not be looked at; the log says why. */
  troubles: number;
}

export interface LocksWatched {
  looked: number;
  /** Orders that asked again for a lock that had lost them. */
  askedAgain: number;
  paused: number;
  troubles: number;
}

export interface CasesWatched {
  open: number;
  troubles: number;
}

/**
 * The parts of the watch. Each may run more than once and at once with itself: what it changes is idempotent, what it
 * tells is told once per fact.
 */
export interface WatchActivities {
  /** `after`: the last order id of the page before; null at the beginning. */
  watchOwners(input: { after: string | null }): Promise<OwnersWatched>;
  watchLocks(): Promise<LocksWatched>;
  remindOfCases(): Promise<CasesWatched>;
}

/** Null for a part that could not be done; the next run does it. */
export interface WatchOrdersResult {
  owners: Omit<OwnersWatched, 'next'> | null;
  locks: LocksWatched | null;
  cases: CasesWatched | null;
}
