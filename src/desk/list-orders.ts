import type { Filter } from 'mongodb';
import type { Collections } from '../database.ts';
import type { FailureCode, OrderStatus } from '../domain/order.ts';
import type { OrderLine } from '../domain/order-report.ts';
import { describeStatus } from '../orders/customer-status.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { leastOrderId } from '../orders/order-id.ts';

/** Which orders are wanted; null: all of them. */
export interface OrderQuery {
  status: OrderStatus | null;
  code: FailureCode | null;
  packageKey: string | null;
  /** The customer's mail address, in any case of letters; it is asked by and never shown. */
  email: string | null;
  /** Only those ordered in this time (ISO UTC), the end excluded; null or missing: at any time. */
  from?: string | null;
  to?: string | null;
  /** Only those before this id: the next page. */
  before?: string | null;
  limit: number;
}

/** A customer has few orders: they are found by the address alone, and sifted here. */
const ordersOfOneCustomer = 500;

/** The newest orders first, as far as they fit; ids rise with time. */
export async function listOrders(
  deps: { db: Pick<Collections, 'orders'>; now: () => Date },
  query: OrderQuery,
): Promise<OrderLine[]> {
  const { limit, email } = query;
  const cursor = deps.db.orders.find(filterOf(query)).sort({ _id: -1 });
  if (email === null) return (await cursor.limit(limit).toArray()).map((order) => lineOf(order, deps.now()));
  const theirs = await cursor.limit(ordersOfOneCustomer).toArray();
  const fitting = theirs.filter((order) => fits(order, query)).slice(0, limit);
  return fitting.map((order) => lineOf(order, deps.now()));
}

const failedPageSize = 500;

/** All orders that failed so, however many there are, the oldest first. */
export async function listFailed(
  deps: Parameters<typeof listOrders>[0],
  { code, pageSize = failedPageSize }: { code: FailureCode; pageSize?: number },
): Promise<OrderLine[]> {
  const query = { status: null, code, packageKey: null, email: null, limit: pageSize };
  const failed: OrderLine[] = [];
  for (;;) {
    const page = await listOrders(deps, { ...query, before: failed.at(-1)?.orderId ?? null });
    failed.push(...page);
    if (page.length < pageSize) return failed.reverse();
  }
}

/** Each combination is the beginning of an index (`prepareIndexes`), with the order of ids behind it. */
function filterOf(query: OrderQuery): Filter<OrderDocument> {
  const { status, code, packageKey, email } = query;
  const ids = { ...idsOf(query) };
  const time = Object.keys(ids).length === 0 ? {} : { _id: ids };
  if (email !== null) return { 'customer.email': email.trim().toLowerCase(), ...time };
  return {
    ...(status === null ? {} : { status }),
    ...(code === null ? {} : { status: 'failed' as const, 'failure.code': code }),
    ...(packageKey === null ? {} : { packageKey }),
    ...time,
  };
}

function idsOf({ from, to, before }: OrderQuery): { $gte?: string; $lt?: string } {
  const ends = [...(to ? [leastOrderId(to)] : []), ...(before ? [before] : [])].sort();
  const [end] = ends;
  return { ...(from ? { $gte: leastOrderId(from) } : {}), ...(end === undefined ? {} : { $lt: end }) };
}

function fits(order: OrderDocument, { status, code, packageKey }: OrderQuery): boolean {
  const isOfStatus = code === null ? status === null || order.status === status : order.status === 'failed';
  const isOfCode = code === null || order.failure?.code === code;
  return isOfStatus && isOfCode && (packageKey === null || order.packageKey === packageKey);
}

type Lined = Pick<OrderDocument, '_id' | 'status' | 'statusSince' | 'packageKey' | 'failure' | 'next'>;

/** An order as one line. */
export function lineOf(order: Lined, now: Date): OrderLine {
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
