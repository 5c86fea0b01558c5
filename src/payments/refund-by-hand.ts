import { insertOnce } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import type { RefundPart } from '../domain/refund.ts';
import type { PaymentDocument } from './payment-document.ts';
import { newRefund, type RefundDependencies, takeShare } from './refund-book.ts';
import type { RefundDocument } from './refund-document.ts';
import { closeUnknown } from './refund-payment.ts';

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
  deps: RefundDependencies,
  input: { orderId: string; paymentKey: string; part: RefundPart | null; reference: string },
): Promise<boolean> {
  const { orderId, paymentKey, part, reference } = input;
  const payment = await deps.db.payments.findOne({ _id: paymentKey });
  if (!payment)
    throw new BrokenRecord(`Failed to record what went back of ${paymentKey}: it is not recorded.`);
  return recordByHand(deps, { orderId, payment, part, reference });
}

const byHandPrefix = 'by-hand-';

/** True for what was given back outside the gateway. */
export function isByHand({ _id }: Pick<RefundDocument, '_id'>): boolean {
  return _id.startsWith(byHandPrefix);
}

async function recordByHand(
  deps: RefundDependencies,
  input: { orderId: string; payment: PaymentDocument; part: RefundPart | null; reference: string },
): Promise<boolean> {
  const { db, now } = deps;
  const { orderId, payment, part, reference } = input;
  await closeUnknown(deps, payment._id);
  const refundId = `${byHandPrefix}${payment._id}${part ? `-${part.name}` : ''}`;
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
