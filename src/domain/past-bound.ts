import type { FailureCode, Goods, OrderStatus } from './order.ts';
import type { ResolvedPolicy } from './policy.ts';
import { boundOf } from './state-table.ts';

/** What tells whether an order has been in its status for too long. */
export interface BoundedOrder {
  status: OrderStatus;
  statusSince: string;
  failure: { code: FailureCode } | null;
  goods: Pick<Goods, 'state'>;
  needsReprovision?: null | { delivered: boolean };
}

/** True where the customer has a server of the order, also while a remedy buys another one instead of it. */
export function hasDelivered({
  goods,
  needsReprovision,
}: Pick<BoundedOrder, 'goods' | 'needsReprovision'>): boolean {
  return goods.state === 'delivered' || needsReprovision?.delivered === true;
}

/**
 * True where an order is longer in its status than its limits allow, which must never happen. In the queue the
 * breaker's pauses are allowed on top; whether a person has paused the lock, the caller asks the lock.
 */
export function isPastBound(order: BoundedOrder, now: { policy: ResolvedPolicy; nowMs: number }): boolean {
  const { policy, nowMs } = now;
  const boundMs = boundOf({
    status: order.status,
    policy,
    failureCode: order.failure?.code,
    hasDelivered: hasDelivered(order),
  });
  if (boundMs === null) return false;
  const breakerMs = policy.breakerPausesMs.reduce((sum, ms) => sum + ms, 0);
  const allowedMs = order.status === 'queued' ? boundMs + breakerMs : boundMs;
  return nowMs - Date.parse(order.statusSince) > allowedMs;
}
