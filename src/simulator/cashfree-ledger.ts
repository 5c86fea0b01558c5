import { randomBytes } from 'node:crypto';
import {
  addPaymentEvent,
  addRefundEvent,
  deliver,
  scheduleAttempt,
  signingSecret,
} from './cashfree-webhooks.ts';
import type { RefundOutcome } from './faults.ts';
import type {
  GatewayOrder,
  GatewayPayment,
  GatewayRefund,
  PaymentStatus,
  WebhookDelivery,
  WebhookEvent,
} from './state.ts';
import type { World } from './world.ts';

export interface PayInput {
  orderId: string;
  /** Default: the order's amount. */
  amountRupees?: number;
  currency?: string;
  status?: PaymentStatus;
  /** Times the webhook is sent, default 1; 0 is a lost webhook. */
  deliver?: number;
  /** Sends them all at once instead of one after the other. */
  together?: boolean;
  badSignature?: boolean;
  /** Sends the webhook so much later and answers at once, with no deliveries. */
  delayMs?: number;
  /** Default: the order's; needed where the gateway does not know the order. */
  notifyUrl?: string;
  /** ISO time of the payment, default now. */
  paidAt?: string;
}

export interface PayAnswer {
  paymentId: string;
  deliveries: WebhookDelivery[];
}

/** Captures (or fails) a payment and sends its signed webhook. Throws a sentence where that makes no sense. */
export async function pay({ world, input }: { world: World; input: PayInput }): Promise<PayAnswer> {
  const order = findOrder({ world, orderId: input.orderId }) ?? addUnknownOrder({ world, input });
  const url = input.notifyUrl ?? order.notifyUrl;
  const times = input.deliver ?? 1;
  if (times > 0 && url === null) {
    throw new Error(
      `Failed to pay order ${order.orderId}: it has no notify_url. Give "notifyUrl" or "deliver": 0.`,
    );
  }
  if (times > 0 && signingSecret(world) === null) {
    throw new Error(
      `Failed to pay order ${order.orderId}: no client secret is known to sign with. Set cashfree.clientSecret.`,
    );
  }
  const payment = capture({ world, order, input });
  await world.saved();
  const badSignature = input.badSignature ?? false;
  const event = addPaymentEvent({ world, payment, order, url: url ?? '', badSignature });
  if (times === 0) return { paymentId: payment.paymentId, deliveries: [] };
  if (input.delayMs !== undefined) {
    world.at(new Date(Date.now() + input.delayMs).toISOString(), async () => {
      await deliverTimes({ world, event, times, together: input.together ?? false });
    });
    return { paymentId: payment.paymentId, deliveries: [] };
  }
  const deliveries = await deliverTimes({ world, event, times, together: input.together ?? false });
  return { paymentId: payment.paymentId, deliveries };
}

/** Sends the last webhook of a payment again, also one that was lost. */
export async function redeliver(input: {
  world: World;
  paymentId: string;
  times: number;
  together: boolean;
}): Promise<PayAnswer> {
  const { world, paymentId } = input;
  const event = world.state.cashfree.webhooks.findLast((candidate) => candidate.paymentId === paymentId);
  if (event === undefined)
    throw new Error(`Failed to redeliver payment ${paymentId}: the gateway knows no such payment.`);
  return { paymentId, deliveries: await deliverTimes({ ...input, event }) };
}

async function deliverTimes(input: {
  world: World;
  event: WebhookEvent;
  times: number;
  together: boolean;
}): Promise<WebhookDelivery[]> {
  const { world, event, times, together } = input;
  if (together) return Promise.all(Array.from({ length: times }, () => deliver({ world, event })));
  const deliveries: WebhookDelivery[] = [];
  for (let count = 0; count < times; count += 1) deliveries.push(await deliver({ world, event }));
  return deliveries;
}

function capture(input: { world: World; order: GatewayOrder; input: PayInput }): GatewayPayment {
  const { world, order, input: pay } = input;
  const payment: GatewayPayment = {
    paymentId: String(1_453_000_000 + world.nextSequence()),
    orderId: order.orderId,
    amountPaise: pay.amountRupees === undefined ? order.amountPaise : Math.round(pay.amountRupees * 100),
    currency: pay.currency ?? order.currency,
    status: pay.status ?? 'SUCCESS',
    paidAt: pay.paidAt ?? new Date().toISOString(),
  };
  world.state.cashfree.payments.push(payment);
  if (payment.status === 'SUCCESS') order.status = 'PAID';
  return payment;
}

/** An order that the shop may not know: made at the gateway by other means. */
function addUnknownOrder({ world, input }: { world: World; input: PayInput }): GatewayOrder {
  if (input.notifyUrl === undefined) {
    throw new Error(
      `Failed to pay order ${input.orderId}: the gateway knows no such order. Give "notifyUrl" to pay it anyway.`,
    );
  }
  return addOrder({
    world,
    orderId: input.orderId,
    amountPaise: Math.round((input.amountRupees ?? 1) * 100),
    currency: input.currency ?? 'INR',
    expiresAt: undefined,
    customer: { customer_id: 'unknown', customer_email: null, customer_phone: '9999999999' },
    notifyUrl: input.notifyUrl,
    returnUrl: null,
  });
}

const ORDER_LIFE_MS = 30 * 24 * 60 * 60 * 1000;

export function addOrder(input: {
  world: World;
  orderId: string;
  amountPaise: number;
  currency: string;
  expiresAt: string | undefined;
  customer: Record<string, string | null>;
  notifyUrl: string | null;
  returnUrl: string | null;
}): GatewayOrder {
  const { world, expiresAt = new Date(Date.now() + ORDER_LIFE_MS).toISOString(), ...given } = input;
  const order: GatewayOrder = {
    ...given,
    cfOrderId: String(2_149_000_000 + world.nextSequence()),
    sessionId: `session_${randomBytes(24).toString('base64url')}`,
    status: 'ACTIVE',
    createdAt: new Date().toISOString(),
    expiresAt,
  };
  world.state.cashfree.orders.push(order);
  return order;
}

export function findOrder({ world, orderId }: { world: World; orderId: string }): GatewayOrder | undefined {
  return world.state.cashfree.orders.find((order) => order.orderId === orderId);
}

/** Starts the clock of a refund that is still to be decided, also after a restart. */
export function scheduleRefund({ world, refund }: { world: World; refund: GatewayRefund }): void {
  const next = refund.next;
  if (next === null) return;
  world.at(next.at, async () => {
    if (refund.next === next) await settleRefund({ world, refund, status: next.status });
  });
}

/** Gives a refund its outcome and sends the webhook that tells (ONHOLD has none). A SUCCESS can be taken back later. */
export async function settleRefund(input: {
  world: World;
  refund: GatewayRefund;
  status: RefundOutcome;
}): Promise<void> {
  const { world, refund, status } = input;
  refund.status = status;
  refund.next = null;
  refund.processedAt = status === 'ONHOLD' ? null : new Date().toISOString();
  await world.saved();
  const url = findOrder({ world, orderId: refund.orderId })?.notifyUrl;
  if (status !== 'ONHOLD' && typeof url === 'string') {
    await deliver({ world, event: addRefundEvent({ world, refund, url }) });
  }
}

/** Takes up what a stopped simulator left waiting. */
export function resumeCashfree(world: World): void {
  for (const refund of world.state.cashfree.refunds) scheduleRefund({ world, refund });
  for (const event of world.state.cashfree.webhooks) scheduleAttempt({ world, event });
}
