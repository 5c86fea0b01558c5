import { randomBytes, randomUUID } from 'node:crypto';
import type { PayAnswer } from './cashfree-ledger.ts';
import { deliver, scheduleAttempt } from './cashfree-webhooks.ts';
import { orderJson, paymentJson, refundJson, webhookBody } from './razorpay-shapes.ts';
import type {
  RazorpayOrder,
  RazorpayPayment,
  RazorpayRefund,
  WebhookDelivery,
  WebhookEvent,
} from './state.ts';
import type { World } from './world.ts';

const EVENTS_KEPT = 5000;

export type RazorpayEvent = 'payment.captured' | 'order.paid';

export interface RazorpayPayInput {
  /** The shop's id (receipt), or the gateway's own. */
  orderId: string;
  /** Default: the order's amount. */
  amountPaise?: number;
  currency?: string;
  status?: 'captured' | 'failed';
  /** Webhooks that tell of it, default both; a failed payment has one of its own. */
  events?: RazorpayEvent[];
  /** Times each webhook is sent, default 1; 0 is a lost webhook. */
  deliver?: number;
  /** Sends them all at once instead of one after the other. */
  together?: boolean;
  badSignature?: boolean;
  /** ISO time of the payment, default now. */
  paidAt?: string;
}

/** An id as the gateway makes them: a prefix and 14 letters and digits. */
export function newId(prefix: 'order' | 'pay' | 'rfnd'): string {
  return `${prefix}_${randomBytes(7).toString('hex')}`;
}

/** Captures (or fails) a payment and sends its webhooks. Throws a sentence where that makes no sense. */
export async function payRazorpay(input: { world: World; input: RazorpayPayInput }): Promise<PayAnswer> {
  const { world, input: pay } = input;
  const order = findOrder({ world, orderId: pay.orderId });
  const times = pay.deliver ?? 1;
  const { webhookUrl, webhookSecret } = world.state.config.razorpay;
  if (times > 0 && (webhookUrl === null || webhookSecret === null)) {
    throw new Error(
      `Failed to pay order ${pay.orderId}: no webhook is set up. Set razorpay.webhookUrl and razorpay.webhookSecret.`,
    );
  }
  const payment: RazorpayPayment = {
    id: newId('pay'),
    orderId: order.id,
    amountPaise: pay.amountPaise ?? order.amountPaise,
    currency: pay.currency ?? order.currency,
    status: pay.status ?? 'captured',
    createdAt: pay.paidAt ?? new Date().toISOString(),
  };
  world.state.razorpay.payments.push(payment);
  if (payment.status === 'captured') order.status = 'paid';
  else if (order.status === 'created') order.status = 'attempted';
  await world.saved();
  const events = addPaymentEvents({ world, order, payment, input: pay });
  const deliveries = await deliverTimes({ world, events, times, together: pay.together ?? false });
  return { paymentId: payment.id, deliveries };
}

/** Sends the webhooks of a payment again, also those that were lost. */
export async function redeliverRazorpay(input: {
  world: World;
  paymentId: string;
  times: number;
  together: boolean;
}): Promise<PayAnswer> {
  const { world, paymentId } = input;
  const events = world.state.razorpay.webhooks.filter((candidate) => candidate.paymentId === paymentId);
  if (events.length === 0)
    throw new Error(`Failed to redeliver payment ${paymentId}: the gateway knows no such payment.`);
  return { paymentId, deliveries: await deliverTimes({ ...input, events }) };
}

async function deliverTimes(input: {
  world: World;
  events: WebhookEvent[];
  times: number;
  together: boolean;
}): Promise<WebhookDelivery[]> {
  const { world, events, times, together } = input;
  const planned = Array.from({ length: times }, () => events).flat();
  if (together) return Promise.all(planned.map((event) => deliver({ world, event })));
  const deliveries: WebhookDelivery[] = [];
  for (const event of planned) deliveries.push(await deliver({ world, event }));
  return deliveries;
}

/** Notes a payment's webhooks, `payment.captured` without the shop's own id as at the real gateway. */
function addPaymentEvents(input: {
  world: World;
  order: RazorpayOrder;
  payment: RazorpayPayment;
  input: RazorpayPayInput;
}): WebhookEvent[] {
  const { world, order, payment, input: pay } = input;
  const { events = ['payment.captured', 'order.paid'], badSignature = false } = pay;
  const named = payment.status === 'captured' ? events : ['payment.failed'];
  return named.map((type) => {
    const told = type === 'order.paid' ? { order: orderJson(order) } : {};
    const payload = { payment: paymentJson(payment), ...told };
    const rawBody = webhookBody({ event: type, payload, at: new Date() });
    return addEvent({
      world,
      event: { type, orderId: order.id, paymentId: payment.id, refundId: null, rawBody, badSignature },
    });
  });
}

function addEvent(input: {
  world: World;
  event: Omit<WebhookEvent, 'eventId' | 'deliveries' | 'nextAttemptAt' | 'url' | 'gateway'>;
}): WebhookEvent {
  const { world } = input;
  const event: WebhookEvent = {
    ...input.event,
    gateway: 'razorpay',
    url: world.state.config.razorpay.webhookUrl ?? '',
    eventId: randomUUID(),
    deliveries: [],
    nextAttemptAt: null,
  };
  const { webhooks } = world.state.razorpay;
  webhooks.push(event);
  if (webhooks.length > EVENTS_KEPT) webhooks.shift();
  return event;
}

/** An order by its own id, or the first with this receipt. Throws a sentence where there is none. */
function findOrder({ world, orderId }: { world: World; orderId: string }): RazorpayOrder {
  const found = world.state.razorpay.orders.find(({ id, receipt }) => id === orderId || receipt === orderId);
  if (found === undefined) throw new Error(`The gateway knows no order ${orderId}.`);
  return found;
}

/** A refund by its own id, or the last with this receipt. Throws a sentence where there is none. */
export function findRefund({ world, refundId }: { world: World; refundId: string }): RazorpayRefund {
  const found = world.state.razorpay.refunds.findLast(
    ({ id, receipt }) => id === refundId || receipt === refundId,
  );
  if (found === undefined) throw new Error(`There is no refund ${refundId}.`);
  return found;
}

/** Starts the clock of a refund that is still to be decided, also after a restart. */
export function scheduleRefund({ world, refund }: { world: World; refund: RazorpayRefund }): void {
  const next = refund.next;
  if (next === null) return;
  world.at(next.at, async () => {
    if (refund.next === next) await settleRazorpayRefund({ world, refund, status: next.status });
  });
}

/** Gives a refund its outcome and sends the webhook that tells. */
export async function settleRazorpayRefund(input: {
  world: World;
  refund: RazorpayRefund;
  status: 'processed' | 'failed';
}): Promise<void> {
  const { world, refund, status } = input;
  refund.status = status;
  refund.next = null;
  await world.saved();
  const { webhookUrl, webhookSecret } = world.state.config.razorpay;
  if (webhookUrl === null || webhookSecret === null) return;
  const type = `refund.${status}`;
  const rawBody = webhookBody({ event: type, payload: { refund: refundJson(refund) }, at: new Date() });
  const event = { type, orderId: '', paymentId: null, refundId: refund.id, rawBody, badSignature: false };
  await deliver({ world, event: addEvent({ world, event }) });
}

/** Takes up what a stopped simulator left waiting. */
export function resumeRazorpay(world: World): void {
  for (const refund of world.state.razorpay.refunds) scheduleRefund({ world, refund });
  for (const event of world.state.razorpay.webhooks) scheduleAttempt({ world, event });
}
