import { createHash } from 'node:crypto';
import { type Collections, insertOnce } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import { formatMoney } from '../domain/money.ts';
import type { GatewayName } from '../domain/order.ts';
import type { RefundEnd, RefundPart, RefundStart } from '../domain/refund.ts';
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

/** What to give back: all of a payment, or a part of it that has a name of its own: `difference`. */
export interface RefundWish {
  orderId: string;
  /** `_id` in `payments`. */
  paymentKey: string;
  part?: RefundPart;
}

/**
 * Asks the gateway to give a captured payment back, in full or in part. Its share is reserved by one conditional update
 * before the gateway hears of it, and the refund's id is the idempotency key: a repeat goes on with the same refund,
 * with the amount that was written down first. One that was refused or cancelled has given its share back; the next
 * try is a refund of its own.
 * @throws GatewayError where the gateway gives no usable answer: to be tried again.
 * @throws BrokenRecord where the payment has less left than is to be given back.
 */
export async function startRefund(deps: RefundDependencies, wish: RefundWish): Promise<RefundStart> {
  const refund = await reserveRefund(deps, wish);
  const { _id: refundId, amountPaise, currency, orderId } = refund;
  if (refund.state !== 'reserved') return { kind: 'taken', refundId, amountPaise, currency };
  const askedUntil = await takeTurn(deps, refund);
  if (askedUntil === null) return goOnWithOther(deps, refund);
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
    if (!(error instanceof GatewayError) || error.code !== 'refused') {
      await deps.db.refunds.updateOne({ _id: refundId, askedUntil }, { $set: { askedUntil: '' } });
      throw error;
    }
    await giveBack(deps, { refund, from: ['reserved'], to: 'refused', why: error.message });
    const money = formatMoney({ amountMinor: amountPaise, currency });
    return { kind: 'refused', sentence: `The gateway refused to give ${money} back. ${error.message}` };
  }
  await noteGoing(deps, { refund, from: ['reserved'], to: 'pending' });
  return { kind: 'taken', refundId, amountPaise, currency };
}

/** Longer than the calls of one try take: after it, whoever asked is gone. */
const turnMs = 60_000;

/**
 * One try at a time: while another one may still be taken by the gateway, a refusal would be no end, and its share
 * would be given out twice.
 */
async function takeTurn(deps: Book, { _id }: RefundDocument): Promise<string | null> {
  const now = deps.now();
  const askedUntil = new Date(Date.parse(now) + turnMs).toISOString();
  const taken = await deps.db.refunds.updateOne(
    { _id, state: 'reserved', askedUntil: { $lt: now } },
    { $set: { askedUntil } },
  );
  return taken.matchedCount === 1 ? askedUntil : null;
}

/** The other try may be gone already: what the gateway has by now is gone on with, the rest waits for its turn. */
async function goOnWithOther(deps: RefundDependencies, refund: RefundDocument): Promise<RefundStart> {
  const { _id: refundId, orderId, paymentId, amountPaise, currency } = refund;
  const said = await deps.gatewayOf(refund.gateway).findRefund({ orderId, paymentId, refundId });
  if (said !== null) {
    await noteGoing(deps, { refund, from: ['reserved'], to: 'pending' });
    return { kind: 'taken', refundId, amountPaise, currency };
  }
  const message = `Failed to refund order ${orderId}: another try of ${refundId} is under way. Try again in a minute.`;
  throw new GatewayError({ code: 'unreachable', message });
}

/**
 * Records what an admin gave back outside the gateway: every payment of the order that is not returned counts as
 * returned, under the reference of the transfer; one that the gateway may still give back does not. Safe to repeat.
 */
export async function recordRefundByHand(
  deps: RefundDependencies,
  { orderId, reference }: { orderId: string; reference: string },
): Promise<boolean> {
  const { db } = deps;
  const returned = await db.refunds.find({ orderId, state: 'success' }).toArray();
  const keys = new Set(returned.map(({ paymentKey }) => paymentKey));
  const payments = await db.payments.find({ orderId }).toArray();
  let isWhole = true;
  for (const payment of payments.filter(({ _id }) => !keys.has(_id))) {
    const isRecorded = await recordByHand(deps, { orderId, payment, part: null, reference });
    isWhole &&= isRecorded;
  }
  return isWhole;
}

/**
 * The same for one payment, or for the part of it that the gateway does not give back. Safe to repeat.
 * @returns false where the gateway may still give it back: it would be paid twice.
 */
export async function recordPartByHand(
  deps: Book,
  input: { orderId: string; paymentKey: string; part: RefundPart | null; reference: string },
): Promise<boolean> {
  const { orderId, paymentKey, part, reference } = input;
  const payment = await deps.db.payments.findOne({ _id: paymentKey });
  if (!payment)
    throw new BrokenRecord(`Failed to record what went back of ${paymentKey}: it is not recorded.`);
  return recordByHand(deps, { orderId, payment, part, reference });
}

async function recordByHand(
  { db, now }: Book,
  input: { orderId: string; payment: PaymentDocument; part: RefundPart | null; reference: string },
): Promise<boolean> {
  const { orderId, payment, part, reference } = input;
  const refundId = `by-hand-${payment._id}${part ? `-${part.name}` : ''}`;
  const amountPaise = part?.amountPaise ?? payment.amountPaise;
  const refund = newRefund({
    orderId,
    payment,
    refundId,
    amountPaise,
    part: part?.name ?? null,
    now: now(),
  });
  try {
    await takeShare(db, refund);
  } catch (error) {
    if (error instanceof BrokenRecord) return false;
    throw error;
  }
  const why = `Given back by hand: ${reference}`;
  await insertOnce<RefundDocument>(db.refunds, { ...refund, state: 'success', why, settledAt: now() });
  return true;
}

/** How a refund stands: the gateway is asked, and what its webhooks have told counts too; null while it is open. */
export async function lookAtRefund(
  deps: RefundDependencies,
  input: { refundId: string },
): Promise<RefundEnd | null> {
  const refund = await deps.db.refunds.findOne({ _id: input.refundId });
  if (!refund) throw new BrokenRecord(`Failed to ask for refund ${input.refundId}: it is not recorded.`);
  const said = await deps
    .gatewayOf(refund.gateway)
    .findRefund({ orderId: refund.orderId, paymentId: refund.paymentId, refundId: refund._id });
  if (said !== null) await noteSaid(deps, { refund, status: said.status });
  const now = await deps.db.refunds.findOne({ _id: refund._id });
  if (now?.state === 'success') return { kind: 'success' };
  if (now?.state !== 'cancelled' && now?.state !== 'refused') return null;
  return { kind: 'cancelled', sentence: sayUnpaid(now) };
}

function sayUnpaid({ _id: refundId, state, takenBackAt }: RefundDocument): string {
  if (state === 'refused') return `The gateway refused the refund ${refundId}; nothing was paid back.`;
  return takenBackAt
    ? `The gateway called the refund ${refundId} paid and then took it back; the customer has not got the money.`
    : `The gateway cancelled the refund ${refundId}; nothing was paid back.`;
}

/**
 * What a gateway's webhook says of a refund of ours goes into the book, also long after it was settled: one that is
 * cancelled after its success gives its share back, once, and its payment is owed to the customer again. Safe to repeat,
 * in any order.
 * @returns false where the book knows no such refund: it was made by hand, or by another shop.
 */
export async function noteRefundNews(deps: Book, news: RefundNews): Promise<boolean> {
  const refund = await deps.db.refunds.findOne({ _id: news.refundId, gateway: news.gateway });
  if (!refund) return false;
  await noteSaid(deps, { refund, status: news.status });
  return true;
}

type Book = Pick<RefundDependencies, 'db' | 'now'>;

async function noteSaid(
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
async function noteGoing(
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

async function reserveRefund(deps: RefundDependencies, wish: RefundWish): Promise<RefundDocument> {
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
async function takeShare(db: RefundDependencies['db'], refund: RefundDocument): Promise<void> {
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

function refundIdOf(input: { payment: PaymentDocument; part: string | undefined; attempt: number }): string {
  const { payment, part, attempt } = input;
  const suffix = `${part === undefined ? '' : `-${part}`}${attempt === 1 ? '' : `-${attempt}`}`;
  const readable = `refund-${payment.paymentId}`;
  const fits = readable.length + suffix.length <= refundIdLimit && /^[A-Za-z0-9_-]+$/.test(readable);
  // An id that the gateways would not take is named by its hash: two payments never share a refund.
  const hash = createHash('sha256').update(payment.paymentId).digest('hex').slice(0, 20);
  return `${fits ? readable : `refund-${hash}`}${suffix}`;
}

function newRefund(input: {
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
