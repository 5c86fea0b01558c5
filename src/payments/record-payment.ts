import { type Collections, insertOnce } from '../database.ts';
import { releaseDiscount, useDiscount } from '../discounts/hold-discount.ts';
import { formatMoney } from '../domain/money.ts';
import type { CapturedPayment } from '../domain/payment.ts';
import type { PaymentVerdict, RecordedPayment } from '../domain/recorded-payment.ts';
import type { OrderDocument } from '../orders/order-document.ts';

type Rows = Pick<Collections, 'discounts' | 'orders' | 'payments'>;

/**
 * Records a captured payment under its own id and says what it is for the order: the first with the right amount
 * and currency moves `money` unpaid -> kept and provisions; every other one is money to give back. An order with a
 * discount uses its code up before: the discounted price is right only where no other order has the code by now. The
 * same payment id again changes nothing.
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
  const verdict = order ? await judge({ deps, order, payment: stored ?? payment, key }) : 'unmatched';
  const owedBack = verdict === 'extra' || verdict === 'mismatch';
  const first = await db.payments.updateOne(
    { _id: key, verdict: null },
    { $set: { verdict, owedBack }, $inc: { owedMarks: 1 } },
  );
  if (first.matchedCount === 1) return recorded({ payment, verdict, known: false, order });
  const said = await db.payments.findOne({ _id: key });
  return recorded({ payment, verdict: said?.verdict ?? verdict, known: true, order });
}

async function judge(input: {
  deps: { db: Rows; now: () => string };
  order: OrderDocument;
  payment: Pick<CapturedPayment, 'amountPaise' | 'currency' | 'paidAt'>;
  key: string;
}): Promise<Exclude<PaymentVerdict, 'unmatched'>> {
  const { deps, order, payment, key } = input;
  const { db } = deps;
  const right = payment.amountPaise === order.amountPaise && payment.currency === order.currency;
  const isWrong = !right || !(await keepsDiscount(deps, order));
  if (isWrong && order.money !== 'unpaid') return 'extra';
  if (isWrong) {
    await db.orders.updateOne({ _id: order._id }, { $set: { askGatewayAt: dayAfter(deps.now()) } });
    return 'mismatch';
  }
  const kept = await db.orders.updateOne(
    // An expired order is still provisioned where it is paid; one that was cancelled gives its money back.
    { _id: order._id, money: 'unpaid', status: { $ne: 'cancelled' } },
    {
      $set: {
        money: 'kept',
        paymentKey: key,
        paidAt: payment.paidAt,
        open: true,
        askGatewayAt: dayAfter(deps.now()),
        ...(order.status === 'expired' ? { paidLate: true } : {}),
      },
    },
  );
  if (kept.matchedCount === 1) return 'right';
  const now = await db.orders.findOne({ _id: order._id });
  if (now?.status === 'cancelled' && now.money === 'unpaid') await giveDiscountBack(deps, order);
  return now?.paymentKey === key ? 'right' : 'extra';
}

/** A second payment whose webhook was lost is looked for once more. */
function dayAfter(at: string): string {
  return new Date(Date.parse(at) + 86_400_000).toISOString();
}

async function keepsDiscount(
  deps: { db: Rows; now: () => string },
  { _id: orderId, discount, money, status }: OrderDocument,
): Promise<boolean> {
  if (!discount || money !== 'unpaid' || status === 'cancelled') return true;
  return useDiscount(deps, { discountId: discount.discountId, orderId });
}

/** The order was cancelled while its payment came: it costs nothing any more, so it has used nothing. */
async function giveDiscountBack(
  deps: { db: Rows },
  { _id: orderId, discount }: OrderDocument,
): Promise<void> {
  if (discount) await releaseDiscount(deps, { discountId: discount.discountId, orderId, evenUsed: true });
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
  return {
    paymentId: payment.paymentId,
    verdict,
    known,
    sentence: `${name} ${sayVerdict({ payment, verdict, order })}`,
  };
}

function sayVerdict(input: {
  payment: CapturedPayment;
  verdict: PaymentVerdict;
  order: OrderDocument | null | undefined;
}): string {
  const { payment, verdict, order } = input;
  if (verdict === 'right') return 'received.';
  if (verdict === 'unmatched') return 'belongs to no order that we know.';
  if (verdict === 'extra') return 'is not needed by the order: it goes back.';
  if (!order) return 'is not what the order costs: it goes back.';
  const { discount, currency, amountPaise } = order;
  if (discount && payment.amountPaise === amountPaise && payment.currency === currency) {
    const listed = formatMoney({ amountMinor: discount.listPricePaise, currency });
    return `is not what the order costs by now (${listed}), since another order has its discount code: it goes back.`;
  }
  return `is not what the order costs (${formatMoney({ amountMinor: amountPaise, currency })}): it goes back.`;
}
