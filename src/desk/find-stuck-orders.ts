import type { Collections } from '../database.ts';
import type { StuckOrder } from '../domain/order-report.ts';
import type { ResolvedPolicy } from '../domain/policy.ts';
import { boundOf } from '../domain/state-table.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { lineOf } from './list-orders.ts';

/**
 * The orders that are past their bound in no end status, oldest first: normally none. Unpaid checkouts have no
 * owner and do not count. A queued order waits without a bound while `isPaused` says so of its package.
 */
export async function findStuckOrders(
  deps: {
    db: Pick<Collections, 'orders'>;
    now: () => Date;
    isPaused: (pool: { supplier: string; packageKey: string }) => Promise<boolean>;
  },
  { policy }: { policy: ResolvedPolicy },
): Promise<StuckOrder[]> {
  const now = deps.now();
  const open = await deps.db.orders.find({ open: true }).toArray();
  const late = open
    .filter((order) => order.owner !== null || order.money !== 'unpaid')
    .flatMap((order) => {
      const boundMs = boundMsOf(order, policy);
      const ageMs = now.getTime() - Date.parse(order.statusSince);
      return boundMs !== null && ageMs > boundMs ? [{ order, boundMs }] : [];
    });
  const stuck: StuckOrder[] = [];
  for (const { order, boundMs } of late) {
    if (order.status === 'queued' && (await deps.isPaused(order))) continue;
    stuck.push({ ...lineOf(order, now), boundSeconds: Math.floor(boundMs / 1000) });
  }
  return stuck.sort((a, b) => a.since.localeCompare(b.since));
}

function boundMsOf({ status, failure, goods }: OrderDocument, policy: ResolvedPolicy): number | null {
  const hasDelivered = goods.state === 'delivered';
  return boundOf({ status, policy, failureCode: failure?.code, hasDelivered });
}
