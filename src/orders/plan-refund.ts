import type { Collections } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import type { SupplierName } from '../domain/order.ts';
import type { RemedyStep } from '../domain/remedy-step.ts';
import { latestPurchase } from '../purchases/latest-purchase.ts';
import { movePurchase } from '../purchases/purchase-ledger.ts';
import { finishPurchase, type SettlingDependencies } from '../purchases/settle-row.ts';
import type { Supplier } from '../suppliers/supplier.ts';
import type { OrderDocument } from './order-document.ts';
import { livingServers } from './remedy-servers.ts';

type Rows = Collections;
export type PlanDependencies = SettlingDependencies & {
  db: Rows;
  supplierOf: (name: SupplierName) => Pick<Supplier, 'readServer'>;
  returnClaim: (input: { purchaseId: string; why: string }) => Promise<unknown>;
};

/**
 * The next step of the remedy `refund`, by what MongoDB and the ledger say: nothing may be bought for the order any
 * more, then every captured payment goes back, then the servers that were bought for it are taken back. A payment that
 * the gateway refused in this try (`skip`) holds up nothing else.
 */
export async function planRefund(
  deps: PlanDependencies,
  input: { orderId: string; workflowId: string; skip: readonly string[] },
): Promise<RemedyStep> {
  const { db } = deps;
  const { orderId, workflowId, skip } = input;
  const order = await db.orders.findOne({ _id: orderId });
  if (!order) throw new BrokenRecord(`Failed to refund order ${orderId}: it does not exist.`);
  const open = await closePurchase(deps, order);
  if (open) return { kind: 'settle', purchaseId: open };
  await takeMoney(db, order, workflowId);
  const unreturned = await unreturnedPayments(db, orderId);
  const payment = unreturned.find((key) => !skip.includes(key));
  if (payment) return { kind: 'refund', paymentKey: payment };
  const [server] = await livingServers(deps, orderId);
  if (server) return { kind: 'endServer', purchaseId: server.purchaseId, ip: server.ip };
  if (unreturned.length > 0) return blockedStep(deps, { order });
  // Also what was never rightly paid is closed: a payment that comes from here on is one to give back, and is told.
  await db.orders.updateOne(
    { _id: orderId, money: { $in: ['refunding', 'unpaid'] }, 'remedy.workflowId': workflowId },
    { $set: { money: 'refunded' } },
  );
  const closed = await db.orders.findOne({ _id: orderId });
  const late = (await unreturnedPayments(db, orderId)).length > 0;
  if (closed?.money === 'kept' || late) return planRefund(deps, input);
  const refunds = await db.refunds.find({ orderId, state: 'success' }).toArray();
  const refundedPaise = refunds.reduce((sum, { amountPaise }) => sum + amountPaise, 0);
  return {
    kind: 'done',
    endsAs: order.remedy?.endsAs ?? 'refunded',
    refundedPaise,
    currency: order.currency,
    monthOf: order.freeMonth ? (order.server?.ip ?? '') : null,
  };
}

/** The remedy waits for a decision: `why` it cannot go on, where the gateway has not said it already. */
export async function blockedStep(
  { db }: Pick<PlanDependencies, 'db'>,
  { order, why }: { order: OrderDocument; why?: string },
): Promise<Extract<RemedyStep, { kind: 'blocked' }>> {
  const moneyBegun = await hasMoneyMoved(db, order);
  return { kind: 'blocked', moneyBegun, ...(why === undefined ? {} : { why }) };
}

/** What was only intended is voided, so that no late run can send it. @returns a purchase that has to be settled. */
export async function closePurchase(deps: PlanDependencies, order: OrderDocument): Promise<string | null> {
  const { db } = deps;
  const latest = await latestPurchase({ db, orderId: order._id });
  if (!latest) return null;
  const purchaseId = latest._id;
  if (latest.kind === 'claim') {
    const why = 'A remedy has taken the order.';
    if (latest.state === 'intended') await deps.returnClaim({ purchaseId, why });
    return null;
  }
  if (latest.state === 'sent' || latest.state === 'unknown') return purchaseId;
  if (latest.state === 'intended') {
    const why = 'A remedy has taken the order; nothing was sent.';
    const moved = await movePurchase({ db, purchaseId, from: ['intended'], to: 'void', set: { why } });
    if (!moved) return closePurchase(deps, order);
  }
  await finishPurchase(deps, purchaseId);
  return null;
}

/** kept -> refunding, by the remedy that owns the order: from here on nothing is bought or delivered for it. */
export async function takeMoney(db: Rows, order: OrderDocument, workflowId: string): Promise<void> {
  if (order.money !== 'kept') return;
  await releaseMonth(db, order);
  const moved = await db.orders.updateOne(
    { _id: order._id, money: 'kept', owner: workflowId, 'remedy.workflowId': workflowId },
    { $set: { money: 'refunding' } },
  );
  if (moved.matchedCount === 0)
    throw new BrokenRecord(`Failed to refund order ${order._id}: it belongs to another workflow.`);
}

/** A renewal whose money goes back renews nothing any more: the free month runs on. */
export async function releaseMonth(
  db: Pick<Collections, 'orders'>,
  { _id, freeMonthOf }: OrderDocument,
): Promise<void> {
  if (freeMonthOf?.act !== 'renew') return;
  await db.orders.updateOne(
    { _id: freeMonthOf.orderId, 'freeMonth.state': 'renewing', 'freeMonth.renewalId': _id },
    { $set: { 'freeMonth.state': 'running', 'freeMonth.renewalId': null } },
  );
}

/**
 * True once the gateway may have given back something of what the order was rightly paid with; also where it took that
 * back later: `returnPayment` gives it once more.
 */
export async function hasMoneyMoved(
  db: Pick<Collections, 'refunds'>,
  { _id: orderId, paymentKey }: Pick<OrderDocument, '_id' | 'paymentKey'>,
): Promise<boolean> {
  const refunds = await db.refunds.find({ orderId }).toArray();
  return refunds.some((refund) => {
    const hasEnded = refund.state === 'refused' || refund.state === 'cancelled';
    return refund.paymentKey === paymentKey && (!hasEnded || Boolean(refund.takenBackAt));
  });
}

export async function unreturnedPayments(db: Rows, orderId: string): Promise<string[]> {
  const payments = await db.payments.find({ orderId }).toArray();
  const refunds = await db.refunds.find({ orderId, state: 'success' }).toArray();
  const whole = refunds.filter(({ part }) => !part);
  const returned = new Set(whole.map(({ paymentKey }) => paymentKey));
  return payments.map(({ _id }) => _id).filter((key) => !returned.has(key));
}
