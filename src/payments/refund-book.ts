import { createHash } from 'node:crypto';
import { type Collections, insertOnce } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import type { GatewayName } from '../domain/order.ts';
import type { RefundPart } from '../domain/refund.ts';
import type { RefundNews, RefundNoted } from '../domain/webhook-verdict.ts';
import type { GatewayRefund, PaymentGateway } from './gateway.ts';
import type { PaymentDocument } from './payment-document.ts';
import type { RefundDocument } from './refund-document.ts';

export interface RefundDependencies {
  db: Pick<Collections, 'payments' | 'refunds'>;
  gatewayOf: (name: GatewayName) => PaymentGateway;
  now: () => string;
}

/** Our own books alone. */
export type Book = Pick<RefundDependencies, 'db' | 'now'>;

/** What to give back: all of a payment, or a part of it that has a name of its own: `difference`. */
export interface RefundWish {
  orderId: string;
  /** `_id` in `payments`. */
  paymentKey: string;
  part?: RefundPart;
}

/**
 * The refund of a payment that is under way, or a new one with its share reserved.
 * @throws BrokenRecord where the payment has less left than is to be given back.
 */
export async function reserveRefund(deps: RefundDependencies, wish: RefundWish): Promise<RefundDocument> {
  const { db } = deps;
  const { orderId, paymentKey, part } = wish;
  const payment = await db.payments.findOne({ _id: paymentKey });
  if (!payment) throw new BrokenRecord(`Failed to refund ${paymentKey}: the payment is not recorded.`);
  for (let attempt = 1; ; attempt += 1) {
    const refundId = refundIdOf({ payment, part: part?.name, attempt });
    const amountPaise = part?.amountPaise ?? payment.amountPaise;
    // Written down before its share is taken: a repeat that asks for another amount finds this one.
    await insertOnce<RefundDocument>(
      db.refunds,
      newRefund({ orderId, payment, refundId, amountPaise, part: part?.name ?? null, now: deps.now() }),
    );
    const refund = await db.refunds.findOne({ _id: refundId });
    if (!refund) throw new BrokenRecord(`Failed to refund ${paymentKey}: its refund ${refundId} is gone.`);
    if (hasEnded(refund) && (await returnShare(db, refund))) continue;
    if (refund.state === 'reserved') await takeShareOrClose(deps, refund);
    return refund;
  }
}

/** The share is reserved once a refund, by one conditional update: no refund without it (I7). */
export async function takeShare(db: RefundDependencies['db'], refund: RefundDocument): Promise<void> {
  const { _id: refundId, paymentKey, amountPaise } = refund;
  const taken = await db.payments.updateOne(
    { _id: paymentKey, refundIds: { $ne: refundId }, refundablePaise: { $gte: amountPaise } },
    { $inc: { refundablePaise: -amountPaise }, $push: { refundIds: refundId } },
  );
  if (taken.matchedCount === 1) return;
  const now = await db.payments.findOne({ _id: paymentKey });
  if (now?.refundIds.includes(refundId)) return;
  throw new BrokenRecord(`Failed to refund ${paymentKey}: its money is refunded or being refunded already.`);
}

/** Closes a refund that did not pay and gives its share back, each once. */
export async function giveBack(
  deps: Book,
  input: {
    refund: RefundDocument;
    from: RefundDocument['state'][];
    to: 'refused' | 'cancelled';
    why: string;
  },
): Promise<void> {
  const { refund, from, to, why } = input;
  const { _id } = refund;
  await deps.db.refunds.updateOne(
    { _id, state: { $in: from } },
    { $set: { state: to, why, settledAt: deps.now() } },
  );
  const now = await deps.db.refunds.findOne({ _id });
  // Another run may know better by now: the share of a refund that goes on stays taken.
  if (hasEnded(now)) await returnShare(deps.db, refund);
}

function hasEnded(refund: RefundDocument | null): boolean {
  return refund?.state === 'refused' || refund?.state === 'cancelled';
}

/** @returns false where the refund turned out to go on meanwhile: its share is taken again. */
async function returnShare(db: RefundDependencies['db'], refund: RefundDocument): Promise<boolean> {
  await db.payments.updateOne(
    { _id: refund.paymentKey, refundIds: refund._id },
    { $inc: { refundablePaise: refund.amountPaise }, $pull: { refundIds: refund._id } },
  );
  if (hasEnded(await db.refunds.findOne({ _id: refund._id }))) return true;
  await takeShare(db, refund);
  return false;
}

/** A refund for which there is no money left is closed: the next one may ask for less. */
async function takeShareOrClose(deps: Book, refund: RefundDocument): Promise<void> {
  try {
    await takeShare(deps.db, refund);
  } catch (error) {
    const why = 'There was not so much left of the payment.';
    await deps.db.refunds.updateOne(
      { _id: refund._id, state: 'reserved' },
      { $set: { state: 'refused', why, settledAt: deps.now() } },
    );
    throw error;
  }
}

/** Refund ids at the gateways: letters, digits, dashes and underscores, at most 40 characters. */
const refundIdLimit = 40;

function refundIdOf(input: { payment: PaymentDocument; part: string | undefined; attempt: number }): string {
  const { payment, part, attempt } = input;
  const suffix = `${part === undefined ? '' : `-${part}`}${attempt === 1 ? '' : `-${attempt}`}`;
  const readable = `refund-${payment.paymentId}`;
  const fits = readable.length + suffix.length <= refundIdLimit && /^[A-Za-z0-9_-]+$/.test(readable);
  // An id that the gateways would not take is named by its hash: two payments never share a refund.
  const hash = createHash('sha256').update(payment.paymentId).digest('hex').slice(0, 20);
  return `${fits ? readable : `refund-${hash}`}${suffix}`;
}

/** The document of a refund of which the gateway has not heard yet. */
export function newRefund(input: {
  orderId: string;
  payment: PaymentDocument;
  refundId: string;
  amountPaise: number;
  part: RefundPart['name'] | null;
  now: string;
}): RefundDocument {
  const { orderId, payment, refundId, amountPaise, part, now } = input;
  const { gateway, paymentId, currency } = payment;
  return {
    _id: refundId,
    orderId,
    gateway,
    paymentKey: payment._id,
    paymentId,
    amountPaise,
    part,
    currency,
    state: 'reserved',
    why: null,
    createdAt: now,
    askedUntil: '',
    settledAt: null,
    takenBackAt: null,
  };
}

/**
 * What a gateway's webhook says of a refund of ours goes into the book, also long after it was settled: one that is
 * cancelled after its success gives its share back, once, and its payment is owed to the customer again. Safe to repeat,
 * in any order.
 * One that the book does not know was made by hand, or by another shop.
 */
export async function noteRefundNews(deps: Book, news: RefundNews): Promise<RefundNoted> {
  const refund = await deps.db.refunds.findOne({ _id: news.refundId, gateway: news.gateway });
  if (!refund) return 'unknown';
  try {
    await noteSaid(deps, { refund, status: news.status });
    return 'noted';
  } catch (error) {
    if (!(error instanceof BrokenRecord)) throw error;
    const why = 'The gateway has paid it all the same: it went back twice.';
    await deps.db.refunds.updateOne({ _id: refund._id, state: 'refused' }, { $set: { why } });
    return 'paidTwice';
  }
}

/** Writes down how a refund stands by the gateway's word; safe to repeat, in any order. */
export async function noteSaid(
  deps: Book,
  { refund, status }: { refund: RefundDocument; status: GatewayRefund['status'] },
): Promise<void> {
  if (status === 'success') await noteGoing(deps, { refund, from: ['reserved', 'pending'], to: 'success' });
  if (status !== 'cancelled') return;
  const { _id } = refund;
  await deps.db.refunds.updateOne({ _id, state: 'success' }, { $set: { takenBackAt: deps.now() } });
  await giveBack(deps, {
    refund,
    from: ['reserved', 'pending', 'success'],
    to: 'cancelled',
    why: 'The gateway cancelled it.',
  });
  const now = await deps.db.refunds.findOne({ _id });
  if (now?.takenBackAt) await noteOwed(deps, now);
}

/** What was called paid and is not is owed to the customer: `returnPayment` gives it back. Safe to repeat. */
export async function noteOwed(
  { db }: Pick<Book, 'db'>,
  { paymentKey }: Pick<RefundDocument, 'paymentKey'>,
): Promise<void> {
  await db.payments.updateOne({ _id: paymentKey }, { $set: { owedBack: true }, $inc: { owedMarks: 1 } });
}

/**
 * The gateway has taken a refund, or has paid it. One that the book calls refused was refused to another try at the same
 * moment: its share is taken again before the book says so.
 */
export async function noteGoing(
  deps: Book,
  input: { refund: RefundDocument; from: RefundDocument['state'][]; to: 'pending' | 'success' },
): Promise<void> {
  const { db } = deps;
  const { refund, from, to } = input;
  const change = { $set: { state: to, settledAt: to === 'success' ? deps.now() : null } };
  const moved = await db.refunds.updateOne({ _id: refund._id, state: { $in: from } }, change);
  if (moved.matchedCount === 1) return;
  const now = await db.refunds.findOne({ _id: refund._id });
  if (now?.state !== 'refused') return;
  await takeShare(db, refund);
  await db.refunds.updateOne({ _id: refund._id, state: 'refused' }, { $set: { ...change.$set, why: null } });
}
