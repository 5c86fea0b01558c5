import type { Collections } from '../database.ts';
import { assertNever } from '../domain/assert-never.ts';
import type { PurchaseReply, RawPurchaseReply } from '../domain/purchase-reply.ts';
import { packageDocumentId } from '../orders/catalogue.ts';
import { parkGoods, releaseGoods } from '../orders/order-arbiter.ts';
import { recordSale } from '../servers/tenancies.ts';
import { freeFence } from './fence.ts';
import type { PurchaseDocument } from './purchase-document.ts';
import { movePurchase, readPurchase, storeReply } from './purchase-ledger.ts';
import type { StoredOutcome } from './stored-outcome.ts';

export interface SettlingDependencies {
  db: Collections;
  interpret: (input: { supplier: PurchaseDocument['supplier']; reply: RawPurchaseReply }) => PurchaseReply;
  now: () => string;
}

/**
 * Turns a stored reply into a verdict: tenancy first, then the row by compare-and-set, then fence and goods.
 * Every step is safe to repeat and safe to crash after; a verdict that was there first wins.
 */
export async function settleReply(
  deps: SettlingDependencies,
  input: { purchaseId: string; reply: RawPurchaseReply },
): Promise<StoredOutcome> {
  const { db } = deps;
  const { purchaseId, reply } = input;
  await storeReply({ db, purchaseId, reply });
  const row = await readPurchase({ db, purchaseId });
  if (row.reply !== null && (row.state === 'sent' || row.state === 'unknown')) {
    await applyReply(deps, row, deps.interpret({ supplier: row.supplier, reply: row.reply }));
  }
  return finishPurchase(deps, purchaseId);
}

async function applyReply(
  deps: SettlingDependencies,
  row: PurchaseDocument,
  reply: PurchaseReply,
): Promise<void> {
  const settledAt = deps.now();
  const from: ['sent', 'unknown'] = ['sent', 'unknown'];
  const move = { db: deps.db, purchaseId: row._id, from };
  switch (reply.kind) {
    case 'bought':
      return applySale(deps, row, reply.ip);
    case 'refused':
      await movePurchase({ ...move, to: 'refused', set: { why: reply.reason, settledAt } });
      return;
    case 'unknown':
      await movePurchase({ ...move, to: 'unknown', set: { why: reply.why } });
      return;
    case 'notSent':
    case 'rejectedCredentials':
      return;
    default:
      assertNever(reply);
  }
}

async function applySale(deps: SettlingDependencies, row: PurchaseDocument, ip: string): Promise<void> {
  const { db } = deps;
  const now = deps.now();
  const order = await db.orders.findOne({ _id: row.orderId });
  const sale = await recordSale({
    db,
    supplier: row.supplier,
    ip,
    purchaseId: row._id,
    orderId: row.orderId,
    expiresAt: oneMonthAfter(row.sentAt ?? now),
    cost: order ? { amountMinor: order.amountPaise, currency: order.currency } : null,
    now,
  });
  if (sale.kind === 'recorded') {
    const set = { ip, settledAt: now };
    await movePurchase({ db, purchaseId: row._id, from: ['sent', 'unknown'], to: 'bought', set });
    return;
  }
  const why =
    `The supplier answered with ${ip}, which is already ${sale.tenancy.state}` +
    `${sale.tenancy.orderId ? ` for order ${sale.tenancy.orderId}` : ''}.`;
  await movePurchase({
    db,
    purchaseId: row._id,
    from: ['sent', 'unknown'],
    to: 'case',
    set: { ip, why, duplicate: true },
  });
}

/**
 * Completes what a settled purchase leaves behind (fence freed, goods released or parked) and says its outcome.
 * Safe to repeat: a rerun after a crash passes here again.
 */
export async function finishPurchase(deps: SettlingDependencies, purchaseId: string): Promise<StoredOutcome> {
  const { db } = deps;
  const row = await readPurchase({ db, purchaseId });
  const goods = { db, orderId: row.orderId, purchaseId };
  const fence = { db, purchaseId, fenceId: packageDocumentId(row) };
  switch (row.state) {
    case 'intended':
    case 'sent':
      return { kind: 'open', row };
    case 'unknown':
      return {
        kind: 'unknown',
        why: row.why ?? 'The answer was lost.',
        sentAt: row.sentAt ?? row.intendedAt,
      };
    case 'case':
      await parkGoods(goods);
      await freeFence(fence);
      return row.duplicate
        ? { kind: 'duplicate', ip: row.ip ?? '', sentence: row.why ?? '' }
        : { kind: 'case', sentence: row.why ?? 'It is not known whether the supplier sold a server.' };
    case 'bought':
      await freeFence(fence);
      return { kind: 'bought', ip: row.ip ?? '' };
    case 'void':
    case 'refused':
    case 'notBought':
    case 'wrong':
      await freeFence(fence);
      await releaseGoods(goods);
      return finalOutcome(row.state, row);
    default:
      return assertNever(row.state);
  }
}

function finalOutcome(
  state: 'void' | 'refused' | 'notBought' | 'wrong',
  row: PurchaseDocument,
): StoredOutcome {
  if (state === 'void') return { kind: 'voided' };
  if (state === 'refused') return { kind: 'refused', reason: row.why ?? 'The supplier refused.' };
  if (state === 'notBought') return { kind: 'notBought' };
  return { kind: 'wrong', ip: row.ip ?? '' };
}

/** The supplier sells by the month: the same day and hour a month later, ISO UTC. */
export function oneMonthAfter(iso: string): string {
  const date = new Date(iso);
  const day = date.getUTCDate();
  date.setUTCMonth(date.getUTCMonth() + 1);
  if (date.getUTCDate() !== day) date.setUTCDate(0);
  return date.toISOString();
}
