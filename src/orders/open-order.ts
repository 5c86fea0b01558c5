import type { Collections } from '../database.ts';
import { brokenNames } from '../domain/broken-record.ts';
import type { NextStep, OpenedOrder, OrderFacts } from '../domain/order-facts.ts';
import { hasDelivered } from '../domain/past-bound.ts';
import { purchaseIdOf } from '../domain/purchase-id.ts';
import { latestPurchase, wasSent } from '../purchases/latest-purchase.ts';
import type { SettlingDependencies } from '../purchases/settle-row.ts';
import { packageDocumentId } from './catalogue.ts';
import type { OrderDocument } from './order-document.ts';
import { planOrder } from './plan-order.ts';

type Rows = Pick<Collections, 'orders' | 'packages' | 'purchases'>;

/**
 * What a run needs before anything else, its first step included: takes the ownership of a paid (or just being
 * paid) order by conditional update, or says whose it is. A restarted run gets every requestId that an earlier run may have left at the lock.
 */
export async function openOrder(
  deps: SettlingDependencies,
  input: { orderId: string; workflowId: string; paymentSignalled: boolean },
): Promise<OpenedOrder> {
  const { db } = deps;
  const { orderId, workflowId } = input;
  const before = await db.orders.findOne({ _id: orderId });
  if (!before) return { kind: 'unknown' };
  if (before.money === 'unpaid' && before.owner === null && !input.paymentSignalled)
    return { kind: 'notPaid' };
  if (before.owner === null) {
    await db.orders.updateOne({ _id: orderId, owner: null }, { $set: { owner: workflowId } });
  }
  const order = (await db.orders.findOne({ _id: orderId })) ?? before;
  if (order.owner !== workflowId) return { kind: 'ownedByOther', owner: order.owner ?? 'nobody' };
  const restarted = before.owner === workflowId;
  return {
    kind: 'open',
    order: await factsOf(db, order),
    step: await planOrSayWhy(deps, orderId),
    restarted,
    requestIds: restarted ? await requestIdsOf(db, orderId) : [],
  };
}

/** A ledger that cannot be read is a failure of the order that people see, not a start that hangs. */
async function planOrSayWhy(deps: SettlingDependencies, orderId: string): Promise<NextStep> {
  try {
    return await planOrder(deps, { orderId });
  } catch (error) {
    if (!(error instanceof Error) || !brokenNames.includes(error.name)) throw error;
    return { kind: 'broken', why: error.message };
  }
}

/** What a workflow may know of an order; its purchases are looked at only where an earlier run may have made some. */
export async function factsOf(db: Rows, order: OrderDocument): Promise<OrderFacts> {
  const pool = await db.packages.findOne({ _id: packageDocumentId(order) });
  const { status, statusSince, failure, version, productName, supplier, packageKey, matchPolicy } = order;
  const { ramGb, os, amountPaise, currency } = order;
  return {
    orderId: order._id,
    status,
    statusSince,
    failure,
    next: order.next,
    decisionDeadline: order.decisionDeadline ?? null,
    version,
    open: order.open,
    sent: await isSent(db, order),
    freeUntil: order.open ? (order.freeMonth?.until ?? null) : null,
    freeMonthOf: order.freeMonthOf ?? null,
    delivered: hasDelivered(order),
    paidLate: order.paidLate === true,
    productName,
    supplier,
    packageKey,
    packageName: pool?.name ?? packageKey,
    matchPolicy,
    ramGb,
    os,
    amountPaise,
    currency,
  };
}

/** A renewal is a call to the supplier as a purchase is; one that the supplier refused was none. */
async function isSent(db: Rows, { _id: orderId, status, renewalSent }: OrderDocument): Promise<boolean> {
  if (renewalSent && !renewalSent.isRefused) return true;
  return status === 'pendingPayment' ? false : wasSent({ db, orderId });
}

/** Every request that an earlier run of the order may have left at the lock. */
export async function requestIdsOf(db: Rows, orderId: string): Promise<string[]> {
  const latest = await latestPurchase({ db, orderId });
  const count = (latest?.number ?? 0) + 1;
  return Array.from({ length: count }, (_, index) => purchaseIdOf({ orderId, number: index + 1 }));
}
