import { proxyActivities } from '@temporalio/workflow';
import type { OwnersWatched, WatchActivities, WatchOrdersResult } from './contract/watch-orders.ts';

/**
 * Normal activities: a page of orders can take longer than a workflow task may, and a run that its worker left is
 * noticed by the missing beat. Few tries: the schedule comes again soon, and one part must not hold up the others.
 */
const watching = proxyActivities<WatchActivities>({
  startToCloseTimeout: '4m',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumAttempts: 3 },
});

/**
 * One look at everything that is open, by the schedule `watch-orders`: every owner runs, no package lock has lost its
 * queue, no case is forgotten. A part that fails is left to the next run.
 */
export async function watchOrders(): Promise<WatchOrdersResult> {
  return {
    owners: await orNull(watchAllOwners),
    locks: await orNull(() => watching.watchLocks()),
    cases: await orNull(() => watching.remindOfCases()),
  };
}

async function watchAllOwners(): Promise<Omit<OwnersWatched, 'next'>> {
  const sum = { looked: 0, restarted: 0, tasksFailing: 0, pastBound: 0, troubles: 0 };
  let after: string | null = null;
  do {
    const found: OwnersWatched = await watching.watchOwners({ after });
    sum.looked += found.looked;
    sum.restarted += found.restarted;
    sum.tasksFailing += found.tasksFailing;
    sum.pastBound += found.pastBound;
    sum.troubles += found.troubles;
    after = found.next;
  } while (after !== null);
  return sum;
}

async function orNull<T>(part: () => Promise<T>): Promise<T | null> {
  try {
    return await part();
  } catch {
    return null;
  }
}
