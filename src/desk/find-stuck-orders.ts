import type { Collections } from '../database.ts';
import type { StuckOrder } from '../domain/order-report.ts';
import { isPastBound } from '../domain/past-bound.ts';
import type { ResolvedPolicy } from '../domain/policy.ts';
import { boundOf } from '../domain/state-table.ts';
import { lineOf } from './list-orders.ts';

/**
 * The orders that are past their bound in no end status, oldest first: normally none. Unpaid checkouts have no
 * owner and do not count. A queued order waits without a bound where `isPaused` says that
 * its package is paused, or was while it waited.
 */
export async function findStuckOrders(
  deps: {
    db: Pick<Collections, 'orders'>;
    now: () => Date;
    isPaused: (queued: { supplier: string; packageKey: string; statusSince: string }) => Promise<boolean>;
  },
  { policy }: { policy: ResolvedPolicy },
): Promise<StuckOrder[]> {
  const now = deps.now();
  const open = await deps.db.orders.find({ open: true }).toArray();
  const late = open
    .filter((order) => order.owner !== null || order.money !== 'unpaid')
    .filter((order) => isPastBound(order, { policy, nowMs: now.getTime() }));
  const stuck: StuckOrder[] = [];
  for (const order of late) {
    if (order.status === 'queued' && (await deps.isPaused(order))) continue;
    const boundMs = boundOf({ status: order.status, policy }) ?? 0;
    stuck.push({ ...lineOf(order, now), boundSeconds: Math.floor(boundMs / 1000) });
  }
  return stuck.sort((a, b) => a.since.localeCompare(b.since));
}
