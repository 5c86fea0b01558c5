import type { Collections } from '../database.ts';
import { type FailureCode, type OrderStatus, orderStatuses } from '../domain/order.ts';

/** More open orders than this are not counted out: the page says "many". */
const mostCounted = 5_000;
const waiting: readonly OrderStatus[] = ['queued', 'waitingForStock', 'provisioning', 'preparing', 'failed'];

/** The orders that have not ended. */
export interface OpenCounts {
  byStatus: { status: OrderStatus; count: number; oldestSince: string }[];
  byCode: { code: FailureCode; count: number }[];
  oldest: { orderId: string; status: OrderStatus; since: string } | null;
  isCapped: boolean;
}

/** Counts the open orders by status and failure, and finds the one that waits longest, in one read. */
export async function countOpen(db: Pick<Collections, 'orders'>): Promise<OpenCounts> {
  const projection = { status: 1, statusSince: 1, 'failure.code': 1 } as const;
  const open = await db.orders.find({ open: true }, { projection }).limit(mostCounted).toArray();
  open.sort((a, b) => a.statusSince.localeCompare(b.statusSince));
  const oldest = open.find(({ status }) => waiting.includes(status));
  const byStatus = orderStatuses.flatMap((status) => {
    const those = open.filter((order) => order.status === status);
    const [first] = those;
    return first === undefined ? [] : [{ status, count: those.length, oldestSince: first.statusSince }];
  });
  const codes = new Map<FailureCode, number>();
  for (const { status, failure } of open) {
    if (status === 'failed' && failure) codes.set(failure.code, (codes.get(failure.code) ?? 0) + 1);
  }
  return {
    byStatus,
    byCode: [...codes].map(([code, count]) => ({ code, count })).sort((a, b) => b.count - a.count),
    oldest: oldest ? { orderId: oldest._id, status: oldest.status, since: oldest.statusSince } : null,
    isCapped: open.length === mostCounted,
  };
}
