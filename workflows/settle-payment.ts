import { notices, records } from './activity-proxies.ts';
import type { SettlePaymentInput } from './contract/settle-payment.ts';

/**
 * A payment that arrived after its order's workflow had ended: recorded under its own id; the first right one
 * starts its order again, every other is told to the admin as money to give back.
 */
export async function settlePayment(
  input: SettlePaymentInput,
): Promise<{ paymentId: string; explanation: string }> {
  const payment = (input as SettlePaymentInput | undefined)?.payment;
  if (!payment?.orderId || !payment.paymentId) {
    return { paymentId: '', explanation: 'Started by the webhook with {"payment": {...}}.' };
  }
  const { orderId, paymentId } = payment;
  const recorded = await records.recordPayment({ orderId, payment });
  if (recorded.verdict === 'right') {
    await records.restartOrder({ orderId });
  } else if (!recorded.known) {
    const factId = `${orderId}:payment:${payment.gateway}:${paymentId}`;
    const notice = { kind: 'paymentProblem' as const, verdict: recorded.verdict, payment };
    await notices.sendNotice({ orderId, factId, notice });
  }
  return { paymentId, explanation: recorded.sentence };
}
