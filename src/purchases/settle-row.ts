import { type Collections, insertOnce } from '../database.ts';
import { assertNever } from '../domain/assert-never.ts';
import type { PurchaseReply, RawPurchaseReply } from '../domain/purchase-reply.ts';
import { packageDocumentId } from '../orders/catalogue.ts';
import { parkGoods, releaseGoods } from '../orders/order-arbiter.ts';
import type { CaseDocument } from './case-document.ts';
import { freeFence } from './fence.ts';
import { heedLateReply } from './late-reply.ts';
import type { PurchaseDocument } from './purchase-document.ts';
import { movePurchase, readPurchase, storeReply } from './purchase-ledger.ts';
import { recordSaleOf, sayTenancy } from './purchase-sale.ts';
import type { StoredOutcome } from './stored-outcome.ts';

export interface SettlingDependencies {
  db: Collections;
  interpret: (input: { supplier: PurchaseDocument['supplier']; reply: RawPurchaseReply }) => PurchaseReply;
  now: () => string;
  /** Told once of each case that a late answer opened; it never throws. Absent where nobody is to be told. */
  onContradiction?: (opened: CaseDocument) => Promise<void>;
}

/**
 * Turns a stored reply into a verdict: tenancy first, then the row by compare-and-set, then fence and goods.
 * Every step is safe to repeat and safe to crash after; a verdict that was there first wins.
 */
export async function settleReply(
  deps: SettlingDependencies,
  input: { purchaseId: string; reply: RawPurchaseReply; sentAt?: string | null },
): Promise<StoredOutcome> {
  const { db } = deps;
  const { purchaseId, reply } = input;
  await storeReply({ db, ...input });
  const row = await readPurchase({ db, purchaseId });
  if (row.reply !== null && (row.state === 'sent' || row.state === 'unknown')) {
    await applyReply(deps, row, deps.interpret({ supplier: row.supplier, reply: row.reply }));
  }
  const outcome = await finishPurchase(deps, purchaseId);
  if (outcome.kind !== 'open') return outcome;
  const meaning = deps.interpret({ supplier: row.supplier, reply });
  return isNotSent(meaning) ? notSent(meaning) : outcome;
}

type NotSentReply = Extract<PurchaseReply, { kind: 'notSent' | 'rejectedCredentials' }>;

/** True where the reply proves that nothing reached the supplier's till. */
export function isNotSent(reply: PurchaseReply): reply is NotSentReply {
  return reply.kind === 'notSent' || reply.kind === 'rejectedCredentials';
}

function notSent({ kind, why }: NotSentReply): StoredOutcome {
  return { kind: 'notSent', why, rejectedCredentials: kind === 'rejectedCredentials' };
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
      await goBackToIntended(deps, row, reply);
      return;
    default:
      assertNever(reply);
  }
}

/** `sentAt` names the sending that this reply is about: a later one of the same row is not taken back. */
async function goBackToIntended(
  { db }: SettlingDependencies,
  row: PurchaseDocument,
  reply: NotSentReply,
): Promise<void> {
  await movePurchase({
    db,
    purchaseId: row._id,
    from: ['sent', 'unknown'],
    to: 'intended',
    sentAt: row.sentAt,
    set: {
      sentAt: null,
      reply: null,
      notSentTries: row.notSentTries + (reply.kind === 'notSent' ? 1 : 0),
      why: reply.why,
    },
  });
}

/** Writes the tenancy of a sale, then the row by compare-and-set; an address that somebody holds is a case. */
export async function applySale(
  deps: SettlingDependencies,
  row: PurchaseDocument,
  ip: string,
): Promise<void> {
  const { db } = deps;
  const sale = await recordSaleOf(deps, row, ip);
  const move = { db, purchaseId: row._id, from: ['sent', 'unknown'] satisfies PurchaseDocument['state'][] };
  if (sale.kind === 'recorded') {
    await movePurchase({ ...move, to: 'bought', set: { ip, why: row.why, settledAt: deps.now() } });
    return;
  }
  const why = `The supplier answered with ${ip}, which is ${sayTenancy(sale.tenancy)}.`;
  await movePurchase({ ...move, to: 'case', set: { ip, why, duplicate: true } });
}

/** Opens the case of a purchase once; an admin resolves it, and reads what was told since then. */
async function openCase({ db, now }: SettlingDependencies, row: PurchaseDocument): Promise<void> {
  const { _id, orderId, supplier, packageKey } = row;
  const sentence = row.why ?? '';
  const kind = row.duplicate ? 'duplicate' : 'unknown';
  const opened = { sentence, openedAt: now(), resolution: null };
  if (await insertOnce<CaseDocument>(db.cases, { _id, orderId, supplier, packageKey, kind, ...opened }))
    return;
  if (kind === 'unknown' && row.ip !== null) {
    await db.cases.updateOne({ _id, kind, resolution: null }, { $set: { sentence } });
  }
}

/**
 * A sale that is told after its purchase became a case: the server was paid for, so it gets its tenancy, and the row
 * its address, so that nobody has to find it again (design I5). Safe to repeat.
 */
async function accountForLateSale(
  deps: SettlingDependencies,
  row: PurchaseDocument,
): Promise<PurchaseDocument> {
  const ip = row.ip === null ? findToldSale(deps, row) : undefined;
  if (ip === undefined) return row;
  const sale = await recordSaleOf(deps, row, ip);
  const found =
    sale.kind === 'recorded' ? 'it is kept for the order' : `which is ${sayTenancy(sale.tenancy)}`;
  const why = `${row.why ?? ''} An answer came after the verdict: ${ip} was sold; ${found}.`.trim();
  await deps.db.purchases.updateOne({ _id: row._id, state: row.state, ip: null }, { $set: { ip, why } });
  return readPurchase({ db: deps.db, purchaseId: row._id });
}

function findToldSale(deps: SettlingDependencies, row: PurchaseDocument): string | undefined {
  for (const reply of [row.reply, row.lateReply]) {
    if (reply === null) continue;
    const meaning = deps.interpret({ supplier: row.supplier, reply });
    if (meaning.kind === 'bought') return meaning.ip;
  }
  return undefined;
}

/**
 * Completes what a settled purchase leaves behind (fence freed, goods released or parked) and says its outcome.
 * Safe to repeat: a rerun after a crash passes here again.
 */
export async function finishPurchase(deps: SettlingDependencies, purchaseId: string): Promise<StoredOutcome> {
  const { db } = deps;
  let row = await readPurchase({ db, purchaseId });
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
      row = await accountForLateSale(deps, row);
      await openCase(deps, row);
      await parkGoods(goods);
      await freeFence(fence);
      return row.duplicate
        ? { kind: 'duplicate', ip: row.ip ?? '', sentence: row.why ?? '' }
        : { kind: 'case', sentence: row.why ?? 'It is not known whether the supplier sold a server.' };
    case 'bought':
      await heedLateReply(deps, row);
      await freeFence(fence);
      return { kind: 'bought', ip: row.ip ?? '' };
    case 'void':
    case 'refused':
    case 'notBought':
    case 'wrong':
      await heedLateReply(deps, row);
      await freeFence(fence);
      await releaseGoods(goods);
      return finalOutcome(row);
    default:
      return assertNever(row.state);
  }
}

function finalOutcome(row: PurchaseDocument): StoredOutcome {
  if (row.state === 'void') return { kind: 'voided' };
  if (row.state === 'refused') {
    return { kind: 'refused', reason: row.why ?? 'The supplier refused.', stockBefore: row.stockBefore };
  }
  if (row.state === 'notBought') return { kind: 'notBought' };
  return { kind: 'wrong', ip: row.ip ?? '' };
}
