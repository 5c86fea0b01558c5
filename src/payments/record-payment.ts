import { type Collections, insertOnce } from '../database.ts';
import { formatMoney } from '../domain/money.ts';
import type { CapturedPayment } from '../domain/payment.ts';
import type { PaymentVerdict, RecordedPayment } from '../domain/recorded-payment.ts';
import type { OrderDocument } from '../orders/order-document.ts';

type Rows = Pick<Collections, 'orders' | 'payments'>;

/**
 * Records a captured payment under its own id and says what it is for the order: the first with the right amount
 * and currency moves `money` unpaid -> kept and provisions; every other one is money to give back. The same
 * payment id again changes nothing.
 */
export async function recordPayment(
  deps: { db: Rows; now: () => string },
  input: { orderId: string; payment: CapturedPayment },
): Promise<RecordedPayment> {
  const { db } = deps;
  const { orderId, payment } = input;
  const key = `${payment.gateway}:${payment.paymentId}`;
  await insertOnce(db.payments, {
    ...payment,
    _id: key,
    verdict: null,
    recordedAt: deps.now(),
    refundablePaise: payment.amountPaise,
    refundIds: [],
  });
  const stored = await db.payments.findOne({ _id: key });
  if (stored?.verdict) return recorded({ payment, verdict: stored.verdict, known: true });
  const order = await db.orders.findOne({ _id: orderId });
  const verdict = order ? await judge({ db, order, payment: stored ?? payment, key }) : 'unmatched';
  const first = await db.payments.updateOne({ _id: key, verdict: null }, { $set: { verdict } });
  if (first.matchedCount === 1) return recorded({ payment, verdict, known: false, order });
  const said = await db.payments.findOne({ _id: key });
  return recorded({ payment, verdict: said?.verdict ?? verdict, known: true, order });
}

async function judge(input: {
  db: Rows;
  order: OrderDocument;
  payment: Pick<CapturedPayment, 'amountPaise' | 'currency' | 'paidAt'>;
  key: string;
}): Promise<Exclude<PaymentVerdict, 'unmatched'>> {
  const { db, order, payment, key } = input;
  const right = payment.amountPaise === order.amountPaise && payment.currency === order.currency;
  if (!right) return order.money === 'unpaid' ? 'mismatch' : 'extra';
  const kept = await db.orders.updateOne(
    // An expired order is still provisioned where it is paid; one that was cancelled gives its money back.
    { _id: order._id, money: 'unpaid', status: { $ne: 'cancelled' } },
    { $set: { money: 'kept', paymentKey: key, paidAt: payment.paidAt, open: true } },
  );
  if (kept.matchedCount === 1) return 'right';
  const now = await db.orders.findOne({ _id: order._id });
  return now?.paymentKey === key ? 'right' : 'extra';
}

function recorded(input: {
  payment: CapturedPayment;
  verdict: PaymentVerdict;
  known: boolean;
  order?: OrderDocument | null;
}): RecordedPayment {
  const { payment, verdict, known, order } = input;
  const paid = formatMoney({ amountMinor: payment.amountPaise, currency: payment.currency });
  const name = `Payment ${payment.paymentId} of ${paid}`;
  return { paymentId: payment.paymentId, verdict, known, sentence: `${name} ${sayVerdict(verdict, order)}` };
}

function sayVerdict(verdict: PaymentVerdict, order: OrderDocument | null | undefined): string {
  if (verdict === 'right') return 'received.';
  if (verdict === 'unmatched') return 'belongs to no order that we know.';
  if (verdict === 'extra') return 'came beside the payment of the order: it is to be given back.';
  if (!order) return 'is not what the order costs.';
  const asked = formatMoney({ amountMinor: order.amountPaise, currency: order.currency });
  return `is not what the order costs (${asked}).`;
}
