import type { Filter } from 'mongodb';
import type { Collections } from '../database.ts';
import type { FailureCode, OrderStatus } from '../domain/order.ts';
import type { OrderLine } from '../domain/order-report.ts';
import { describeStatus } from '../orders/customer-status.ts';
import type { OrderDocument } from '../orders/order-document.ts';

/** Which orders are wanted; null: all of them. */
export interface OrderQuery {
  status: OrderStatus | null;
  code: FailureCode | null;
  packageKey: string | null;
  /** The customer's mail address, exactly; it is asked by and never shown. */
  email: string | null;
  limit: number;
}

/** The newest orders first, as far as they fit; ids rise with time. */
export async function listOrders(
  deps: { db: Pick<Collections, 'orders'>; now: () => Date },
  query: OrderQuery,
): Promise<OrderLine[]> {
  const found = await deps.db.orders.find(filterOf(query)).sort({ _id: -1 }).limit(query.limit).toArray();
  return found.map((order) => lineOf(order, deps.now()));
}

function filterOf({ status, code, packageKey, email }: OrderQuery): Filter<OrderDocument> {
  return {
    ...(status === null ? {} : { status }),
    ...(code === null ? {} : { status: 'failed' as const, 'failure.code': code }),
    ...(packageKey === null ? {} : { packageKey }),
    ...(email === null ? {} : { 'customer.email': email }),
  };
}

/** An order as one line. */
export function lineOf(order: OrderDocument, now: Date): OrderLine {
  const { _id: orderId, status, statusSince: since, packageKey, failure, next } = order;
  return {
    orderId,
    status,
    statusText: describeStatus({ status, failureMessage: failure?.message ?? null }),
    since,
    ageSeconds: Math.max(0, Math.floor((now.getTime() - Date.parse(since)) / 1000)),
    packageKey,
    failureCode: failure?.code ?? null,
    next,
  };
}
