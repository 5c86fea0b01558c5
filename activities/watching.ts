import type { WatchActivities } from '../workflows/contract/watch-orders.ts';
import { beating } from './beating.ts';
import { withFailures } from './failures.ts';
import { remindOfCases } from './remind-of-cases.ts';
import type { WatchDependencies } from './watch-dependencies.ts';
import { watchLocks } from './watch-locks.ts';
import { watchOwners } from './watch-owners.ts';

/** The parts of `watchOrders`: they beat, so that a run whose worker died goes on within seconds. */
export function createWatching(deps: WatchDependencies): WatchActivities {
  return withFailures({
    watchOwners: (input) => beating(() => watchOwners(deps, input)),
    watchLocks: () => beating(() => watchLocks(deps)),
    remindOfCases: () => beating(() => remindOfCases(deps)),
  });
}
