import type { RawValue } from '@temporalio/common';
import { defineWorkflowOptions } from '@temporalio/workflow';
import { notices, records } from './activity-proxies.ts';
import { everyInputRaw, findText, readSignal, sortInput } from './contract/read-signal.ts';
import { findPayment } from './payment-desk.ts';

/**
 * A payment that arrived after its order's workflow had ended: recorded under its own id; the first right one
 * starts its order again, every other goes back by a workflow of its own and is told to the admin.
 */
export async function settlePayment(input?: RawValue): Promise<{ paymentId: string; explanation: string }> {
  const said = readSignal(input);
  const from = sortInput(said.kind === 'fields' ? said.fields.payment : undefined);
  const orderIdSaid = findText({ from, name: 'orderId' });
  const payment = orderIdSaid === undefined ? undefined : findPayment(orderIdSaid, from);
  if (!payment) {
    return { paymentId: '', explanation: 'Started by the webhook with {"payment": {...}}.' };
  }
  const { orderId, paymentId } = payment;
  const recorded = await records.recordPayment({ orderId, payment });
  if (recorded.verdict === 'right') {
    await records.restartOrder({ orderId });
  } else {
    await records.beginReturn({ paymentKey: `${payment.gateway}:${paymentId}` });
    const factId = `${orderId}:payment:${payment.gateway}:${paymentId}`;
    const notice = { kind: 'paymentProblem' as const, verdict: recorded.verdict, payment };
    try {
      await notices.sendNotice({ orderId, factId, notice });
    } catch {
      return { paymentId, explanation: `${recorded.sentence} The mail about it could not be sent.` };
    }
  }
  return { paymentId, explanation: recorded.sentence };
}

// As with signals: input that the SDK cannot decode by itself would fail every task of the run.
defineWorkflowOptions(settlePayment, { staticOptions: { typeInfo: { inputTypes: everyInputRaw } } });
