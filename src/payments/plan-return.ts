import type { Collections } from '../database.ts';
import type { RefundPart, ReturnStep } from '../domain/refund.ts';
import type { PaymentDocument } from './payment-document.ts';
import type { RefundDocument } from './refund-document.ts';

type Rows = Pick<Collections, 'orders' | 'payments' | 'refunds'>;

/**
 * What is still to be given back of one payment beside any remedy: all of a payment that its order does not keep, and
 * whatever the gateway has cancelled after it had called it paid. Where nothing is, the payment is not looked at by the
 * sweep any more, unless it was marked once more since it was read: a mark is always made after the fact it stands for.
 */
export async function planReturn(
  { db }: { db: Rows },
  { paymentKey }: { paymentKey: string },
): Promise<ReturnStep> {
  const payment = await db.payments.findOne({ _id: paymentKey });
  if (!payment) return { kind: 'unknownPayment' };
  const { orderId, currency, owedMarks = 0 } = payment;
  const refunds = (await db.refunds.find({ orderId }).toArray()).filter(
    (one) => one.paymentKey === paymentKey,
  );
  const order = await db.orders.findOne({ _id: orderId });
  const owed = findOwed({ payment, refunds, isKept: order?.money === 'kept' });
  if (owed !== undefined) {
    return {
      kind: 'refund',
      orderId,
      part: owed,
      amountPaise: owed?.amountPaise ?? payment.amountPaise,
      currency,
    };
  }
  await db.payments.updateOne({ _id: paymentKey, owedMarks }, { $set: { owedBack: false } });
  return { kind: 'nothing' };
}

/**
 * The part that is owed, null for all of the payment, undefined where nothing is. All of the right payment is never owed
 * beside a remedy while its order keeps the money: the order still delivers for it.
 */
function findOwed(input: {
  payment: PaymentDocument;
  refunds: readonly RefundDocument[];
  isKept: boolean;
}): RefundPart | null | undefined {
  const { payment, refunds, isKept } = input;
  const { verdict } = payment;
  const isReturned = (part: string | null) =>
    refunds.some((refund) => refund.state === 'success' && (refund.part ?? null) === part);
  if (isReturned(null)) return undefined;
  const takenBack = refunds.filter((refund) => refund.state === 'cancelled' && refund.takenBackAt);
  const isForAnother = verdict === 'extra' || verdict === 'mismatch';
  if (isForAnother) return null;
  if (!isKept && takenBack.some(({ part }) => (part ?? null) === null)) return null;
  const lost = takenBack.find(({ part }) => !isReturned(part ?? null));
  return lost?.part ? { name: lost.part, amountPaise: lost.amountPaise } : undefined;
}
