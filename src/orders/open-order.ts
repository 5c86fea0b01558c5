import type { Collections } from '../database.ts';
import type { OpenedOrder, OrderFacts } from '../domain/order-facts.ts';
import { purchaseIdOf } from '../domain/purchase-id.ts';
import { latestPurchase } from '../purchases/latest-purchase.ts';
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
    step: await planOrder(deps, { orderId }),
    restarted,
    requestIds: restarted ? await requestIdsOf(db, orderId) : [],
  };
}

async function factsOf(db: Rows, order: OrderDocument): Promise<OrderFacts> {
  const pool = await db.packages.findOne({ _id: packageDocumentId(order) });
  const { status, statusSince, failure, version, productName, supplier, packageKey, matchPolicy } = order;
  const { ramGb, os, amountPaise, currency } = order;
  return {
    orderId: order._id,
    status,
    statusSince,
    failure,
    version,
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

async function requestIdsOf(db: Rows, orderId: string): Promise<string[]> {
  const latest = await latestPurchase({ db, orderId });
  const count = (latest?.number ?? 0) + 1;
  return Array.from({ length: count }, (_, index) => purchaseIdOf({ orderId, number: index + 1 }));
}
