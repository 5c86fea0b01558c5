import type { Collections } from '../database.ts';
import { mayStillRun } from '../domain/free-month.ts';
import {
  isReadjusted,
  type Remedy,
  type RemedyChange,
  type RemedyOption,
  type RemedyTaken,
  type RemedyWish,
} from '../domain/remedy.ts';
import { factsOf, requestIdsOf } from './open-order.ts';
import type { OrderDocument } from './order-document.ts';
import { weighAdjustment } from './plan-adjustment.ts';
import { hasMoneyMoved } from './plan-refund.ts';
import { findKeptServer } from './remedy-servers.ts';

type Deps = { db: Collections; now: () => string };

/**
 * Takes the order for its one remedy, by one conditional update: `remedy` and ownership together. The workflow that
 * has it goes on with what was chosen first, whatever it asks for now; everybody else is refused with the reason.
 */
export async function takeRemedy(deps: Deps, wish: RemedyWish): Promise<RemedyTaken> {
  const { db } = deps;
  for (;;) {
    const order = await db.orders.findOne({ _id: wish.orderId });
    if (!order) return { kind: 'unknown' };
    const { remedy, owner, status } = order;
    if (remedy) {
      const sentence = sayTaken(order, remedy);
      if (remedy.workflowId !== wish.workflowId || owner !== wish.workflowId) {
        return { kind: 'refused', sentence };
      }
      if (!order.open) return { kind: 'refused', sentence, ended: await factsOf(db, order) };
      return { ...(await factsOfTaken(deps, order, remedy)), isNew: false };
    }
    const objection = objectionOfRenewal(order, deps.now()) ?? (await findObjection(deps, { order, wish }));
    if (objection) return { kind: 'refused', sentence: objection };
    const { orderId: _orderId, ...chosen } = wish;
    const mine: Remedy = { ...chosen, startedAt: deps.now(), from: status };
    const moved = await db.orders.updateOne(
      { _id: order._id, remedy: null, owner, status, version: order.version, ...asOfRenewal(order) },
      { $set: { remedy: mine, owner: wish.workflowId, open: true } },
    );
    if (moved.matchedCount === 1) {
      const taken = await factsOfTaken(deps, { ...order, remedy: mine, open: true }, mine);
      return { ...taken, isNew: true };
    }
  }
}

async function factsOfTaken({ db }: Deps, order: OrderDocument, remedy: Remedy) {
  const moneyBegun = await hasMoneyMoved(db, order);
  const requestIds = remedy.option === 'reprovision' ? await requestIdsOf(db, order._id) : [];
  return { kind: 'taken' as const, order: await factsOf(db, order), remedy, moneyBegun, requestIds };
}

/** Why the remedy cannot begin for this order, by what MongoDB says now; null where it can. */
async function findObjection(
  deps: Deps,
  input: { order: OrderDocument; wish: Pick<RemedyWish, 'option' | 'productId' | 'amountPaise'> },
): Promise<string | null> {
  const { order, wish } = input;
  return objectionOf(order, wish.option) ?? objectionOfServer(deps, order, wish);
}

/** A renewal and a remedy exclude each other: `renewServer` sends only where no remedy has the order. */
function asOfRenewal({ renewalSent }: OrderDocument) {
  if (!renewalSent) return { renewalSent: null };
  const { at, isPaid, isRefused } = renewalSent;
  return { 'renewalSent.at': at, 'renewalSent.isPaid': isPaid, 'renewalSent.isRefused': isRefused };
}

function objectionOfRenewal({ _id, status, renewalSent }: OrderDocument, now: string): string | null {
  if (!renewalSent) return null;
  // One that is paid for is delivered in a moment.
  const isBusy = mayStillRun({ ...renewalSent, isPaid: renewalSent.isPaid && status !== 'queued' }, now);
  if (!isBusy) return null;
  return `Order ${_id} is renewing its server at this moment: wait until that has ended, then choose.`;
}

/** What asks for remedies from outside of a workflow. */
export function remedyPorts(db: Collections) {
  const deps: Deps = { db, now: () => new Date().toISOString() };
  return {
    takeRemedy: (wish: RemedyWish) => takeRemedy(deps, wish),
    findObjection: (input: Parameters<typeof findObjection>[1]) => findObjection(deps, input),
  };
}

/** A remedy begins where nothing is at the supplier at this moment. */
function objectionOf(order: OrderDocument, option: RemedyOption): string | null {
  const { _id, status, owner, money, freeMonthOf } = order;
  if (owner === null) return `Order ${_id} is ${status}: nothing was paid for it.`;
  if (money === 'refunding' || money === 'refunded')
    return `The money of order ${_id} has gone back already.`;
  if (option === 'refundedByHand')
    return `Order ${_id} has no refund that is blocked: choose refund first, and refundedByHand only where the gateway refuses.`;
  const isRefund = option === 'refund';
  if (!isRefund && money !== 'kept') {
    return `Order ${_id} was not rightly paid: choose refund, or wait for the right payment.`;
  }
  if (!isRefund && freeMonthOf?.act === 'renew') {
    return `Order ${_id} renews the server of order ${freeMonthOf.orderId} and buys none: choose refund, or a remedy for that order.`;
  }
  switch (status) {
    case 'failed':
    case 'active':
      return null;
    case 'queued':
    case 'waitingForStock':
      return isRefund ? null : `Order ${_id} is ${status}: it is still to get its server. Choose refund.`;
    case 'provisioning':
    case 'preparing':
      return `Order ${_id} is ${status}: wait until it is delivered or failed, then choose.`;
    default:
      return `Order ${_id} is ${status}: there is nothing to remedy.`;
  }
}

/** What the chosen remedy needs: a server to keep, and a price for it. */
async function objectionOfServer(
  deps: Deps,
  order: OrderDocument,
  { option, productId, amountPaise }: Pick<RemedyWish, 'option' | 'productId' | 'amountPaise'>,
): Promise<string | null> {
  if (option === 'refundAndFreeMonth') {
    const server = await findKeptServer(deps, order);
    return server ? null : `No server was bought for order ${order._id}: there is none that could be kept.`;
  }
  if (option !== 'priceAdjustment') return null;
  const wish = { productId: productId ?? null, amountPaise: amountPaise ?? null };
  const found = await weighAdjustment(deps, order, wish);
  return 'refused' in found ? found.refused : null;
}

/**
 * A blocked remedy becomes another one, or a price adjustment of another sum, by one conditional update, as long as no money has moved for it; money that
 * was only reserved is the order's again, and so is the name of what was ordered.
 */
export async function changeRemedy(deps: Deps, wish: RemedyWish): Promise<RemedyChange> {
  const { db } = deps;
  const order = await db.orders.findOne({ _id: wish.orderId });
  const { orderId, workflowId, ...chosen } = wish;
  const before = order?.remedy;
  if (!order || before?.workflowId !== workflowId || order.owner !== workflowId) {
    return { kind: 'refused', sentence: `Order ${orderId} belongs to another workflow.` };
  }
  if (before.option === wish.option && !isReadjusted(wish)) return { kind: 'changed', remedy: before };
  if (order.freeMonth) return leaveMonth(deps, { order, before, wish });
  if (await hasMoneyMoved(db, order)) {
    const sentence = `Money of order ${orderId} has moved for the remedy ${before.option}: it goes on with that.`;
    return { kind: 'refused', sentence };
  }
  const money = order.money === 'refunding' ? 'kept' : order.money;
  const objection = await findObjection(deps, { order: { ...order, money }, wish });
  if (objection) return { kind: 'refused', sentence: objection };
  const remedy: Remedy = { ...before, ...chosen, workflowId, adjustment: null, replaces: null };
  const moved = await db.orders.updateOne(
    { _id: orderId, owner: workflowId, 'remedy.option': before.option, money: order.money },
    { $set: { remedy, money, ...orderedOf(before) } },
  );
  if (moved.matchedCount === 1) return { kind: 'changed', remedy };
  return { kind: 'refused', sentence: `Order ${orderId} changed at this moment. Try again.` };
}

/** A price adjustment that is not carried out has renamed the order all the same. */
function orderedOf({ adjustment }: Remedy): Partial<Pick<OrderDocument, 'productId' | 'productName'>> {
  if (!adjustment) return {};
  return { productId: adjustment.orderedProductId, productName: adjustment.orderedProductName };
}

/** Out of a free month, by one conditional update: the server goes back at once, or the customer keeps it. */
async function leaveMonth(
  deps: Deps,
  { order, before, wish }: { order: OrderDocument; before: Remedy; wish: RemedyWish },
): Promise<RemedyChange> {
  const { option } = wish;
  if (option !== 'refund' && option !== 'priceAdjustment') {
    const sentence = `The money of order ${order._id} has gone back: out of its month only refund or priceAdjustment leads.`;
    return { kind: 'refused', sentence };
  }
  const objection = await objectionOfServer(deps, order, wish);
  if (objection) return { kind: 'refused', sentence: objection };
  const { orderId, ...chosen } = wish;
  const remedy: Remedy = { ...before, ...chosen, adjustment: null };
  const moved = await deps.db.orders.updateOne(
    { _id: orderId, owner: wish.workflowId, 'freeMonth.state': 'running' },
    { $set: { remedy, 'freeMonth.state': option === 'refund' ? 'ending' : 'kept' } },
  );
  if (moved.matchedCount === 1) return { kind: 'changed', remedy };
  return {
    kind: 'refused',
    sentence: `The month of order ${orderId} is being renewed or ended at this moment.`,
  };
}

function sayTaken({ _id, open, status }: OrderDocument, { option, by, startedAt }: Remedy): string {
  const chosen = `the remedy ${option} was chosen by ${by} at ${startedAt}`;
  return open
    ? `Order ${_id}: ${chosen} and is under way.`
    : `Order ${_id} has ended as ${status}: ${chosen}.`;
}
