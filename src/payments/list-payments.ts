import type { Collections } from '../database.ts';
import type { RefundDocument } from './refund-document.ts';

const most = 500;

/** Payments with their refunds, oldest first: those of one order, or all of which money is owed to a customer. */
export async function listPayments(
  { db }: { db: Pick<Collections, 'payments' | 'refunds'> },
  { orderId }: { orderId: string | null },
) {
  const filter = orderId === null ? { owedBack: true } : { orderId };
  const payments = await db.payments.find(filter).sort({ recordedAt: 1 }).limit(most).toArray();
  return Promise.all(
    payments.map(async ({ _id: paymentKey, owedBack = false, ...payment }) => {
      const refunds = await db.refunds.find({ orderId: payment.orderId }).toArray();
      const { amountPaise, currency, verdict, paidAt } = payment;
      return {
        paymentKey,
        orderId: payment.orderId,
        amountPaise,
        currency,
        verdict,
        paidAt,
        owedBack,
        refunds: refunds.filter((refund) => refund.paymentKey === paymentKey).map(refundLine),
      };
    }),
  );
}

function refundLine({ _id: refundId, amountPaise, state, why }: RefundDocument) {
  return { refundId, amountPaise, state, why };
}
