import { createHmac, randomUUID } from 'node:crypto';
import { request } from 'undici';
import { apiVersion, paymentWebhookBody, refundWebhookBody, webhookTypes } from './cashfree-shapes.ts';
import type { GatewayOrder, GatewayPayment, GatewayRefund, WebhookDelivery, WebhookEvent } from './state.ts';
import type { World } from './world.ts';

const ANSWER_LIMIT_MS = 30_000;
const EVENTS_KEPT = 5000;

/** Notes a payment's webhook so that it can be delivered, repeated and read in the ledger. */
export function addPaymentEvent(input: {
  world: World;
  payment: GatewayPayment;
  order: GatewayOrder;
  url: string;
  badSignature: boolean;
}): WebhookEvent {
  const { world, payment, order, url, badSignature } = input;
  return addEvent({
    world,
    event: {
      type: webhookTypes[payment.status],
      orderId: payment.orderId,
      paymentId: payment.paymentId,
      refundId: null,
      url,
      rawBody: paymentWebhookBody({ payment, order }),
      badSignature,
    },
  });
}

export function addRefundEvent(input: { world: World; refund: GatewayRefund; url: string }): WebhookEvent {
  const { world, refund, url } = input;
  return addEvent({
    world,
    event: {
      type: 'REFUND_STATUS_WEBHOOK',
      orderId: refund.orderId,
      paymentId: null,
      refundId: refund.refundId,
      url,
      rawBody: refundWebhookBody(refund),
      badSignature: false,
    },
  });
}

function addEvent(input: {
  world: World;
  event: Omit<WebhookEvent, 'eventId' | 'deliveries' | 'nextAttemptAt'>;
}): WebhookEvent {
  const event: WebhookEvent = { ...input.event, eventId: randomUUID(), deliveries: [], nextAttemptAt: null };
  const { webhooks } = input.world.state.cashfree;
  webhooks.push(event);
  if (webhooks.length > EVENTS_KEPT) webhooks.shift();
  return event;
}

/**
 * Delivers an event once. Without a 2xx it is repeated later, after the waits of the latency profile; the answer does
 * not wait for that. A `<gateway>.webhook` rule may swallow the event for good or delay it.
 */
export async function deliver({
  world,
  event,
}: {
  world: World;
  event: WebhookEvent;
}): Promise<WebhookDelivery> {
  const plan = world.plan({ call: event.gateway === 'razorpay' ? 'razorpay.webhook' : 'cashfree.webhook' });
  try {
    const delay = plan.take('delay');
    if (delay) await world.sleep(delay.ms);
    if (plan.take('dropBefore'))
      return { at: new Date().toISOString(), status: null, error: 'lost by a fault' };
  } finally {
    plan.end();
  }
  const delivery = await post({ world, event });
  event.deliveries.push(delivery);
  const accepted = delivery.status !== null && delivery.status >= 200 && delivery.status < 300;
  event.nextAttemptAt = accepted ? null : nextAttempt({ world, event });
  scheduleAttempt({ world, event });
  world.changed();
  return delivery;
}

/** Takes up an event's waiting repeat, also after a restart. */
export function scheduleAttempt({ world, event }: { world: World; event: WebhookEvent }): void {
  const due = event.nextAttemptAt;
  if (due === null) return;
  world.at(due, async () => {
    if (event.nextAttemptAt === due) await deliver({ world, event });
  });
}

function nextAttempt({ world, event }: { world: World; event: WebhookEvent }): string | null {
  const waitMs = world.state.config.latency.webhookRetryMs[event.deliveries.length - 1];
  return waitMs === undefined ? null : new Date(Date.now() + waitMs).toISOString();
}

async function post({ world, event }: { world: World; event: WebhookEvent }): Promise<WebhookDelivery> {
  const at = new Date();
  try {
    const answer = await request(event.url, {
      method: 'POST',
      headers:
        event.gateway === 'razorpay'
          ? razorpayHeaders({ world, event })
          : signedHeaders({ world, event, timestamp: String(at.getTime()) }),
      body: event.rawBody,
      reset: true,
      signal: AbortSignal.any([world.signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]),
    });
    await answer.body.dump();
    return { at: at.toISOString(), status: answer.statusCode };
  } catch (error) {
    world.signal.throwIfAborted();
    return {
      at: at.toISOString(),
      status: null,
      error: error instanceof Error ? error.message : String(error),
    };
  }
}

function signedHeaders({
  world,
  event,
  timestamp,
}: {
  world: World;
  event: WebhookEvent;
  timestamp: string;
}) {
  const secret = signingSecret(world) ?? '';
  const key = event.badSignature ? `not ${secret}` : secret;
  return {
    'content-type': 'application/json',
    'x-webhook-attempt': String(event.deliveries.length + 1),
    'x-webhook-signature': createHmac('sha256', key).update(timestamp).update(event.rawBody).digest('base64'),
    'x-webhook-timestamp': timestamp,
    'x-webhook-version': apiVersion,
    'x-idempotency-key': event.eventId,
  };
}

/** Razorpay signs the raw body alone; a repeat carries the same event id. */
function razorpayHeaders({ world, event }: { world: World; event: WebhookEvent }) {
  const secret = world.state.config.razorpay.webhookSecret ?? '';
  const key = event.badSignature ? `not ${secret}` : secret;
  return {
    'content-type': 'application/json',
    'x-razorpay-event-id': event.eventId,
    'x-razorpay-signature': createHmac('sha256', key).update(event.rawBody).digest('hex'),
  };
}

/** The configured client secret, else the one the shop showed when it created an order. */
export function signingSecret(world: World): string | null {
  return world.state.config.cashfree.clientSecret ?? world.state.cashfree.learntSecret;
}
