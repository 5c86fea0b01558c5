import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { describeDuration } from '../../domain/duration.ts';
import type { FieldProblem, WebhookVerdict } from '../../domain/webhook-verdict.ts';
import { fieldProblemsOf, printable, unreadableWebhook } from '../webhook-problem.ts';

export interface ReceivedRazorpayWebhook {
  rawBody: Buffer;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  webhookSecret: string;
  now: Date;
  maxAgeMs: number;
}

/** How far the gateway's clock may run ahead of ours. */
const maxClockLeadMs = 10 * 60 * 1000;
const signatureHeader = 'x-razorpay-signature';

/**
 * Judges one webhook of Razorpay: signature first, over the bytes as they came, then age, then content. A captured
 * payment and a settled refund are news; every other kind of message is `ignored` and deserves a 2xx. The customer's
 * page can write a payment's notes, so they are never believed: our order is the receipt of Razorpay's order.
 * Source: razorpay.com/docs/webhooks (hex HMAC-SHA256 of the raw body; the signed `created_at` in seconds).
 */
export function verifyRazorpayWebhook(webhook: ReceivedRazorpayWebhook): WebhookVerdict {
  const problem = findSignatureProblem(webhook);
  if (problem !== null) return unsigned(problem);
  const body = parseBody(webhook.rawBody);
  if (body === undefined) return unreadableWebhook([{ field: 'body', message: 'is not JSON.' }]);
  const event = envelope.safeParse(body);
  if (!event.success) return unreadableWebhook(fieldProblemsOf(event.error));
  const tooOld = findAgeProblem({ sentAtMs: event.data.created_at * 1000, webhook });
  if (tooOld !== null) return unsigned(tooOld);
  return readEvent({ name: event.data.event, body });
}

function findSignatureProblem(webhook: ReceivedRazorpayWebhook): FieldProblem | null {
  const signature = webhook.headers[signatureHeader];
  if (typeof signature !== 'string' || signature === '')
    return { field: signatureHeader, message: 'is missing.' };
  const expected = createHmac('sha256', webhook.webhookSecret).update(webhook.rawBody).digest('hex');
  const [left, right] = [Buffer.from(signature), Buffer.from(expected)];
  if (left.length === right.length && timingSafeEqual(left, right)) return null;
  return {
    field: signatureHeader,
    message: "does not fit the body. Sign with the secret of this shop's webhook.",
  };
}

function findAgeProblem(input: { sentAtMs: number; webhook: ReceivedRazorpayWebhook }): FieldProblem | null {
  const { now, maxAgeMs } = input.webhook;
  const ageMs = now.getTime() - input.sentAtMs;
  const field = 'created_at';
  if (ageMs > maxAgeMs) {
    const message = `is older than ${describeDuration(maxAgeMs)}. Ask the gateway to send it again.`;
    return { field, message };
  }
  return ageMs < -maxClockLeadMs ? { field, message: 'lies in the future. Compare the clocks.' } : null;
}

/** Text that may become part of a workflow id. */
const id = z
  .string({ error: 'is not a text.' })
  .regex(/^[^\p{Cc}\p{Cs}]{1,100}$/u, { error: 'is not an id of 1 to 100 characters.' });
/** Up to the year 2100, so that every one is a date. */
const seconds = z
  .int({ error: 'is not a time in seconds.' })
  .min(0, { error: 'is not a time in seconds.' })
  .max(4_102_444_800, { error: 'is not a time in seconds.' });
const noObject = { error: 'is not an object.' };

const envelope = z.object(
  { event: z.string({ error: 'is not a text.' }), created_at: seconds },
  { error: 'is not a JSON object.' },
);

const payment = z.object(
  {
    id,
    amount: z
      .int({ error: 'is not a whole number of paise.' })
      .min(1, { error: 'is not a whole number of paise above 0.' }),
    currency: z
      .string({ error: 'is not a text.' })
      .regex(/^[A-Z]{3}$/, { error: 'is not a currency code of three letters.' }),
    status: z.string({ error: 'is not a text.' }),
    order_id: id.nullish(),
    created_at: seconds,
  },
  noObject,
);

const paid = z.object(
  {
    payload: z.object(
      {
        payment: z.object({ entity: payment }, noObject),
        order: z.object({ entity: z.object({ id, receipt: id.nullish() }, noObject) }, noObject).optional(),
      },
      noObject,
    ),
  },
  noObject,
);

const refunded = z.object(
  {
    payload: z.object(
      { refund: z.object({ entity: z.object({ receipt: id.nullish() }, noObject) }, noObject) },
      noObject,
    ),
  },
  noObject,
);

const refundEnds: Readonly<Record<string, 'success' | 'cancelled'>> = {
  'refund.processed': 'success',
  'refund.failed': 'cancelled',
};

function readEvent({ name, body }: { name: string; body: unknown }): WebhookVerdict {
  if (name === 'payment.captured' || name === 'order.paid') return readPayment(body);
  const status = Object.hasOwn(refundEnds, name) ? refundEnds[name] : undefined;
  if (status === undefined) return { kind: 'ignored', why: `${printable(name)} is no payment` };
  const read = refunded.safeParse(body);
  if (!read.success) return unreadableWebhook(fieldProblemsOf(read.error));
  const { receipt } = read.data.payload.refund.entity;
  if (!receipt) return { kind: 'ignored', why: `${printable(name)} names no refund of ours` };
  return { kind: 'refund', refund: { gateway: 'razorpay', refundId: receipt, status } };
}

function readPayment(body: unknown): WebhookVerdict {
  const read = paid.safeParse(body);
  if (!read.success) return unreadableWebhook(fieldProblemsOf(read.error));
  const { entity } = read.data.payload.payment;
  if (entity.status !== 'captured')
    return { kind: 'ignored', why: `a payment that is ${printable(entity.status)} is not final` };
  const facts = {
    gateway: 'razorpay' as const,
    paymentId: entity.id,
    amountPaise: entity.amount,
    currency: entity.currency,
    paidAt: new Date(entity.created_at * 1000).toISOString(),
  };
  const order = read.data.payload.order?.entity;
  const fits = order !== undefined && (!entity.order_id || entity.order_id === order.id);
  if (fits && order.receipt) return { kind: 'payment', payment: { ...facts, orderId: order.receipt } };
  // A payment of no order at all is looked for under its own id: nobody's, and told so.
  return {
    kind: 'paymentOfGatewayOrder',
    gatewayOrderId: entity.order_id ?? order?.id ?? entity.id,
    payment: facts,
  };
}

function parseBody(rawBody: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(rawBody));
  } catch {
    return undefined;
  }
}

function unsigned(problem: FieldProblem): WebhookVerdict {
  const detail = `Failed to accept the webhook: ${problem.field} ${problem.message}`;
  return { kind: 'rejected', status: 401, problem: { type: 'bad-signature', detail, errors: [problem] } };
}
