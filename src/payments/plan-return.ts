import type { Collections } from '../database.ts';
import type { RefundPart, ReturnStep } from '../domain/refund.ts';
import type { PaymentDocument } from './payment-document.ts';
import type { RefundDocument } from './refund-document.ts';

type Rows = Pick<Collections, 'payments' | 'refunds'>;

/**
 * What is still to be given back of one payment beside any remedy: all of a payment that its order does not keep, and
 * whatever the gateway has cancelled after it had called it paid. Where nothing is, the payment is not looked at by the
 * sweep any more; what is owed from a moment later on is found again.
 */
export async function planReturn(
  { db }: { db: Rows },
  { paymentKey }: { paymentKey: string },
): Promise<ReturnStep> {
  const before = await lookAt(db, paymentKey);
  if (before.kind !== 'nothing') return before;
  await db.payments.updateOne({ _id: paymentKey }, { $set: { owedBack: false } });
  const after = await lookAt(db, paymentKey);
  if (after.kind === 'refund') await db.payments.updateOne({ _id: paymentKey }, { $set: { owedBack: true } });
  return after;
}

async function lookAt(db: Rows, paymentKey: string): Promise<ReturnStep> {
  const payment = await db.payments.findOne({ _id: paymentKey });
  if (!payment) return { kind: 'unknownPayment' };
  const { orderId, currency } = payment;
  const refunds = (await db.refunds.find({ orderId }).toArray()).filter(
    (one) => one.paymentKey === paymentKey,
  );
  const owed = findOwed(payment, refunds);
  if (owed === undefined) return { kind: 'nothing' };
  return {
    kind: 'refund',
    orderId,
    part: owed,
    amountPaise: owed?.amountPaise ?? payment.amountPaise,
    currency,
  };
}

/** The part that is owed, null for all of the payment, undefined where nothing is. */
function findOwed(
  { verdict }: PaymentDocument,
  refunds: readonly RefundDocument[],
): RefundPart | null | undefined {
  const isReturned = (part: string | null) =>
    refunds.some((refund) => refund.state === 'success' && (refund.part ?? null) === part);
  if (isReturned(null)) return undefined;
  const takenBack = refunds.filter((refund) => refund.state === 'cancelled' && refund.takenBackAt);
  const isForAnother = verdict === 'extra' || verdict === 'mismatch';
  if (isForAnother || takenBack.some(({ part }) => (part ?? null) === null)) return null;
  const lost = takenBack.find(({ part }) => !isReturned(part ?? null));
  return lost?.part ? { name: lost.part, amountPaise: lost.amountPaise } : undefined;
}
