import { BrokenRecord } from '../domain/broken-record.ts';
import { formatMoney } from '../domain/money.ts';
import type { RefundEnd, RefundStart } from '../domain/refund.ts';
import { GatewayError } from './gateway.ts';
import {
  type Book,
  giveBack,
  noteGoing,
  noteSaid,
  type RefundDependencies,
  type RefundWish,
  reserveRefund,
} from './refund-book.ts';
import type { RefundDocument } from './refund-document.ts';

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
 * A refund of this payment that the gateway never took keeps no share of it any more: nobody could cancel it there. One
 * that is being asked for at this moment, or of which the gateway says nothing, stays as it is.
 */
export async function closeUnknown(deps: RefundDependencies, paymentKey: string): Promise<void> {
  const refunds = await deps.db.refunds.find({ paymentKey, state: 'reserved' }).toArray();
  for (const refund of refunds) {
    const { _id: refundId, orderId, paymentId } = refund;
    // The turn is kept where there is no answer: a repeat must not wait for the gateway once more.
    if ((await takeTurn(deps, refund)) === null) continue;
    try {
      const said = await deps.gatewayOf(refund.gateway).findRefund({ orderId, paymentId, refundId });
      const why = 'The gateway never took it.';
      if (said === null) await giveBack(deps, { refund, from: ['reserved'], to: 'refused', why });
      else await noteGoing(deps, { refund, from: ['reserved'], to: 'pending' });
    } catch (error) {
      // Broken: the gateway is switched off by now.
      if (!(error instanceof GatewayError) && !(error instanceof BrokenRecord)) throw error;
    }
  }
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
