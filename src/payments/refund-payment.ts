import { type Collections, insertOnce } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import { formatMoney } from '../domain/money.ts';
import type { GatewayName } from '../domain/order.ts';
import type { RefundEnd, RefundStart } from '../domain/refund.ts';
import type { RefundNews } from '../domain/webhook-verdict.ts';
import { GatewayError, type GatewayRefund, type PaymentGateway } from './gateway.ts';
import type { PaymentDocument } from './payment-document.ts';
import type { RefundDocument } from './refund-document.ts';

export interface RefundDependencies {
  db: Pick<Collections, 'payments' | 'refunds'>;
  gatewayOf: (name: GatewayName) => PaymentGateway;
  now: () => string;
}

/** Refund ids at the gateways: letters, digits, dashes and underscores, at most 40 characters. */
const refundIdLimit = 40;

/**
 * Asks the gateway to give a captured payment back in full. Its share is reserved by one conditional update before the
 * gateway hears of it, and the refund's id is the idempotency key: a repeat goes on with the same refund. One that was
 * refused or cancelled has given its share back; the next try is a refund of its own.
 * @throws GatewayError where the gateway gives no usable answer: to be tried again.
 */
export async function startRefund(
  deps: RefundDependencies,
  input: { orderId: string; paymentKey: string },
): Promise<RefundStart> {
  const refund = await reserveRefund(deps, input);
  const { _id: refundId, amountPaise, currency, orderId } = refund;
  if (refund.state !== 'reserved') return { kind: 'taken', refundId, amountPaise, currency };
  try {
    await deps.gatewayOf(refund.gateway).createRefund({
      orderId,
      paymentId: refund.paymentId,
      refundId,
      amountPaise,
      currency,
      note: `Order ${orderId}`,
    });
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'refused') throw error;
    await giveBack(deps, { refund, from: ['reserved'], to: 'refused', why: error.message });
    const money = formatMoney({ amountMinor: amountPaise, currency });
    return { kind: 'refused', sentence: `The gateway refused to give ${money} back. ${error.message}` };
  }
  await deps.db.refunds.updateOne({ _id: refundId, state: 'reserved' }, { $set: { state: 'pending' } });
  return { kind: 'taken', refundId, amountPaise, currency };
}

/** What the gateway says of a refund now; null while its outcome is open. */
export async function lookAtRefund(
  deps: RefundDependencies,
  input: { refundId: string },
): Promise<RefundEnd | null> {
  const refund = await deps.db.refunds.findOne({ _id: input.refundId });
  if (!refund) throw new BrokenRecord(`Failed to ask for refund ${input.refundId}: it is not recorded.`);
  const said = await deps
    .gatewayOf(refund.gateway)
    .findRefund({ orderId: refund.orderId, paymentId: refund.paymentId, refundId: refund._id });
  return settleRefund(deps, { refund, said });
}

/**
 * What a gateway's webhook says of a refund of ours goes into the book, also long after it was settled: one that is
 * cancelled after its success gives its share back, once, and is marked for the admin. Safe to repeat, in any order.
 * @returns false where the book knows no such refund: it was made by hand, or by another shop.
 */
export async function noteRefundNews(
  deps: Pick<RefundDependencies, 'db' | 'now'>,
  news: RefundNews,
): Promise<boolean> {
  const refund = await deps.db.refunds.findOne({ _id: news.refundId, gateway: news.gateway });
  if (!refund) return false;
  await settleRefund(deps, { refund, said: news });
  return true;
}

type Book = Pick<RefundDependencies, 'db' | 'now'>;

async function settleRefund(
  deps: Book,
  { refund, said }: { refund: RefundDocument; said: GatewayRefund | null },
): Promise<RefundEnd | null> {
  const { _id: refundId } = refund;
  if (said?.status === 'success') {
    await deps.db.refunds.updateOne(
      { _id: refundId, state: { $in: ['reserved', 'pending'] } },
      { $set: { state: 'success', settledAt: deps.now() } },
    );
    return { kind: 'success' };
  }
  if (said?.status === 'cancelled') {
    const why = 'The gateway cancelled it.';
    await deps.db.refunds.updateOne(
      { _id: refundId, state: 'success' },
      { $set: { takenBackAt: deps.now() } },
    );
    await giveBack(deps, { refund, from: ['reserved', 'pending', 'success'], to: 'cancelled', why });
    return {
      kind: 'cancelled',
      sentence: `The gateway cancelled the refund ${refundId}; nothing was paid back.`,
    };
  }
  return null;
}

async function reserveRefund(
  deps: RefundDependencies,
  { orderId, paymentKey }: { orderId: string; paymentKey: string },
): Promise<RefundDocument> {
  const { db } = deps;
  for (let attempt = 1; ; attempt += 1) {
    const payment = await db.payments.findOne({ _id: paymentKey });
    if (!payment) throw new BrokenRecord(`Failed to refund ${paymentKey}: the payment is not recorded.`);
    const refundId = refundIdOf(payment, attempt);
    const known = await db.refunds.findOne({ _id: refundId });
    if (known?.state === 'refused' || known?.state === 'cancelled') {
      await returnShare(db, known);
      continue;
    }
    await takeShare(db, { payment, refundId });
    if (known) return known;
    await insertOnce<RefundDocument>(db.refunds, newRefund({ orderId, payment, refundId, now: deps.now() }));
    const made = await db.refunds.findOne({ _id: refundId });
    if (made) return made;
  }
}

/** The share is reserved once a refund, by one conditional update: no refund without it (I7). */
async function takeShare(
  db: RefundDependencies['db'],
  { payment, refundId }: { payment: PaymentDocument; refundId: string },
): Promise<void> {
  const taken = await db.payments.updateOne(
    { _id: payment._id, refundIds: { $ne: refundId }, refundablePaise: { $gte: payment.amountPaise } },
    { $inc: { refundablePaise: -payment.amountPaise }, $push: { refundIds: refundId } },
  );
  if (taken.matchedCount === 1) return;
  const now = await db.payments.findOne({ _id: payment._id });
  if (now?.refundIds.includes(refundId)) return;
  throw new BrokenRecord(`Failed to refund ${payment._id}: its money is refunded or being refunded already.`);
}

/** Closes a refund that did not pay and gives its share back, each once. */
async function giveBack(
  deps: Book,
  input: {
    refund: RefundDocument;
    from: RefundDocument['state'][];
    to: 'refused' | 'cancelled';
    why: string;
  },
): Promise<void> {
  const { refund, from, to, why } = input;
  await deps.db.refunds.updateOne(
    { _id: refund._id, state: { $in: from } },
    { $set: { state: to, why, settledAt: deps.now() } },
  );
  await returnShare(deps.db, refund);
}

async function returnShare(db: RefundDependencies['db'], refund: RefundDocument): Promise<void> {
  await db.payments.updateOne(
    { _id: refund.paymentKey, refundIds: refund._id },
    { $inc: { refundablePaise: refund.amountPaise }, $pull: { refundIds: refund._id } },
  );
}

function refundIdOf({ paymentId }: PaymentDocument, attempt: number): string {
  const suffix = attempt === 1 ? '' : `-${attempt}`;
  const base = `refund-${paymentId}`.replaceAll(/[^A-Za-z0-9_-]/g, '-');
  return `${base.slice(0, refundIdLimit - suffix.length)}${suffix}`;
}

function newRefund(input: {
  orderId: string;
  payment: PaymentDocument;
  refundId: string;
  now: string;
}): RefundDocument {
  const { orderId, payment, refundId, now } = input;
  const { gateway, paymentId, amountPaise, currency } = payment;
  return {
    _id: refundId,
    orderId,
    gateway,
    paymentKey: payment._id,
    paymentId,
    amountPaise,
    currency,
    state: 'reserved',
    why: null,
    createdAt: now,
    settledAt: null,
    takenBackAt: null,
  };
}
