import { condition, setHandler } from '@temporalio/workflow';
import type { GatewayName } from '../src/domain/order.ts';
import type { CapturedPayment } from '../src/domain/payment.ts';
import { records } from './activity-proxies.ts';
import { paymentReceivedSignal } from './contract/provision-order.ts';
import { findInteger, findText, readSignal, type SignalInput } from './contract/read-signal.ts';
import type { OrderNotices } from './order-notices.ts';
import type { OrderRecord } from './order-record.ts';

export interface PaymentDesk {
  /** True while no payment waits to be looked at. */
  readonly isEmpty: boolean;
  /** How many payments have been looked at. */
  readonly settled: number;
  /** Begins to look at payments, one after another. */
  open(): void;
  /** True while every payment that has arrived is recorded. */
  readonly isIdle: boolean;
  /** Waits until every payment that has arrived is recorded. */
  idle(): Promise<void>;
}

/**
 * Takes in captured payments: each is recorded under its own id; one that is not the right first payment of the
 * order goes back by a workflow of its own and is told to the admin. The same payment id again changes nothing; an unreadable signal is only noted.
 */
export function usePaymentDesk(input: {
  orderId: string;
  record: OrderRecord;
  notices: OrderNotices;
}): PaymentDesk {
  const { orderId, record, notices } = input;
  const waiting: CapturedPayment[] = [];
  let busy = false;
  let settled = 0;
  setHandler(
    paymentReceivedSignal,
    (raw) => {
      const payment = findPayment(orderId, readSignal(raw));
      if (payment) waiting.push(payment);
      else record.note('A paymentReceived signal was not readable and changed nothing.');
    },
    {
      description:
        'Sent by the gateway webhook: {"gateway": "cashfree", "paymentId": "...", "amountPaise": 49900, ' +
        '"currency": "INR", "paidAt": "2026-11-21T10:00:00.000Z"}',
    },
  );
  return {
    get isEmpty() {
      return waiting.length === 0;
    },
    get settled() {
      return settled;
    },
    open: () => void work(),
    get isIdle() {
      return waiting.length === 0 && !busy;
    },
    idle: () => condition(() => waiting.length === 0 && !busy),
  };

  async function work(): Promise<void> {
    for (;;) {
      await condition(() => waiting.length > 0);
      busy = true;
      const payment = waiting.shift();
      if (payment) await settle(payment);
      busy = false;
      settled += 1;
    }
  }

  async function settle(payment: CapturedPayment): Promise<void> {
    const recorded = await records.recordPayment({ orderId, payment });
    if (!recorded.known) record.note(recorded.sentence);
    if (recorded.verdict === 'right') return;
    // Also where it was recorded before: the run that did may have died before it began this or told anybody.
    await records.beginReturn({ paymentKey: `${payment.gateway}:${payment.paymentId}` });
    notices.tell({
      factId: `payment:${payment.gateway}:${payment.paymentId}`,
      notice: { kind: 'paymentProblem', verdict: recorded.verdict, payment },
    });
  }
}

/** Reads a captured payment of an order; undefined where a member is missing or absurd. */
export function findPayment(orderId: string, from: SignalInput): CapturedPayment | undefined {
  const gateway = findText({ from, name: 'gateway' });
  const paymentId = findText({ from, name: 'paymentId' });
  const currency = findText({ from, name: 'currency' });
  const paidAt = findText({ from, name: 'paidAt' });
  const amountPaise = findInteger({ from, name: 'amountPaise' });
  if (!isGateway(gateway) || !isShort(paymentId) || !isShort(currency) || !isMoment(paidAt)) return undefined;
  if (amountPaise === undefined || amountPaise <= 0) return undefined;
  return { gateway, paymentId, orderId, amountPaise, currency, paidAt };
}

/** Gateways' ids and currencies are short; anything longer was never one. */
function isShort(text: string | undefined): text is string {
  return text !== undefined && text.length <= 100;
}

function isMoment(text: string | undefined): text is string {
  return text !== undefined && !Number.isNaN(Date.parse(text));
}

function isGateway(name: string | undefined): name is GatewayName {
  return name === 'cashfree' || name === 'razorpay';
}
