import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { describeDuration } from '../../domain/duration.ts';
import { parseRupees } from '../../domain/money.ts';
import type { FieldProblem, WebhookVerdict } from '../../domain/webhook-verdict.ts';
import { fieldProblemsOf, printable, unreadableWebhook } from '../webhook-problem.ts';
import { parseCashfreeJson } from './parse-cashfree-json.ts';

export interface ReceivedWebhook {
  rawBody: Buffer;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  clientSecret: string;
  now: Date;
  maxAgeMs: number;
}

/** How far the gateway's clock may run ahead of ours. */
const maxClockLeadMs = 10 * 60 * 1000;

/**
 * Judges one webhook of Cashfree: signature first, over the bytes as they came, then age, then content.
 * A successful payment and a settled refund are news; every other kind of message is `ignored` and deserves a 2xx.
 * Source: docs.cashfree.com, "Webhook signature verification" (base64 HMAC-SHA256 of timestamp + raw body).
 */
export function verifyCashfreeWebhook(webhook: ReceivedWebhook): WebhookVerdict {
  const signatureProblem = findSignatureProblem(webhook);
  if (signatureProblem !== null) {
    const detail = `Failed to accept the webhook: ${signatureProblem.field} ${signatureProblem.message}`;
    return {
      kind: 'rejected',
      status: 401,
      problem: { type: 'bad-signature', detail, errors: [signatureProblem] },
    };
  }
  return readSignedBody(webhook);
}

const signatureHeader = 'x-webhook-signature';
const olderSignatureHeader = 'x-cashfree-signature';
const timestampHeader = 'x-webhook-timestamp';

function headerOf(webhook: ReceivedWebhook, name: string): string | null {
  const value = webhook.headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function findSignatureProblem(webhook: ReceivedWebhook): FieldProblem | null {
  const signature = headerOf(webhook, signatureHeader) ?? headerOf(webhook, olderSignatureHeader);
  if (signature === null) return { field: signatureHeader, message: 'is missing.' };
  const timestamp = headerOf(webhook, timestampHeader);
  if (timestamp === null) return { field: timestampHeader, message: 'is missing.' };
  const expected = createHmac('sha256', webhook.clientSecret)
    .update(timestamp)
    .update(webhook.rawBody)
    .digest('base64');
  if (!isSameText(signature, expected)) {
    return {
      field: signatureHeader,
      message: 'does not fit the body. Sign with the client secret of this shop.',
    };
  }
  return findAgeProblem({ timestamp, now: webhook.now, maxAgeMs: webhook.maxAgeMs });
}

/** Compares the base64 texts, not the bytes: several texts decode to the same bytes. */
function isSameText(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function findAgeProblem(input: { timestamp: string; now: Date; maxAgeMs: number }): FieldProblem | null {
  const field = timestampHeader;
  if (!/^\d{1,15}$/.test(input.timestamp)) return { field, message: 'is not a time in milliseconds.' };
  const ageMs = input.now.getTime() - Number(input.timestamp);
  if (ageMs > input.maxAgeMs) {
    return {
      field,
      message: `is older than ${describeDuration(input.maxAgeMs)}. Ask the gateway to send it again.`,
    };
  }
  if (ageMs < -maxClockLeadMs) return { field, message: 'lies in the future. Compare the clocks.' };
  return null;
}

/** Text that may become part of a workflow id. */
const id = z
  .string({ error: 'is not a text.' })
  .regex(/^[^\p{Cc}\p{Cs}]{1,100}$/u, { error: 'is not an id of 1 to 100 characters.' });

const envelope = z.object(
  { type: z.string({ error: 'is not a text.' }) },
  { error: 'is not a JSON object.' },
);

const outcome = z.object({
  data: z.object(
    {
      payment: z.object(
        { payment_status: z.string({ error: 'is not a text.' }) },
        { error: 'is not an object.' },
      ),
    },
    { error: 'is not an object.' },
  ),
});

const success = z.object({
  data: z.object({
    order: z.object({ order_id: id }, { error: 'is not an object.' }),
    payment: z.object({
      cf_payment_id: id,
      payment_amount: z.string({ error: 'is not an amount.' }).transform((value, context) => {
        const amountPaise = parseRupees(value);
        if (amountPaise !== undefined && amountPaise > 0) return amountPaise;
        context.addIssue('is not an amount of rupees above 0 with at most two decimals.');
        return z.NEVER;
      }),
      payment_currency: z
        .string({ error: 'is not a text.' })
        .regex(/^[A-Z]{3}$/, { error: 'is not a currency code of three letters.' }),
      payment_time: z.string({ error: 'is not a text.' }).optional(),
    }),
  }),
});

const refunded = z.object({
  data: z.object(
    {
      refund: z.object(
        { refund_id: id, refund_status: z.string({ error: 'is not a text.' }) },
        { error: 'is not an object.' },
      ),
    },
    { error: 'is not an object.' },
  ),
});

function readSignedBody(webhook: ReceivedWebhook): WebhookVerdict {
  const body = parseBody(webhook.rawBody);
  if (body === undefined) return unreadableWebhook([{ field: 'body', message: 'is not JSON.' }]);
  const kind = envelope.safeParse(body);
  if (!kind.success) return unreadableWebhook(fieldProblemsOf(kind.error));
  if (kind.data.type === 'REFUND_STATUS_WEBHOOK') return readRefund(body);
  if (kind.data.type !== 'PAYMENT_SUCCESS_WEBHOOK') {
    return { kind: 'ignored', why: `${printable(kind.data.type)} is no payment` };
  }
  const status = outcome.safeParse(body);
  if (!status.success) return unreadableWebhook(fieldProblemsOf(status.error));
  const { payment_status: paymentStatus } = status.data.data.payment;
  if (paymentStatus !== 'SUCCESS') {
    return { kind: 'ignored', why: `payment_status ${printable(paymentStatus)} is not final` };
  }
  const paid = success.safeParse(body);
  return paid.success ? paymentOf(paid.data.data, webhook) : unreadableWebhook(fieldProblemsOf(paid.error));
}

const refundEnds: Readonly<Record<string, 'success' | 'cancelled'>> = {
  SUCCESS: 'success',
  CANCELLED: 'cancelled',
};

function readRefund(body: unknown): WebhookVerdict {
  const read = refunded.safeParse(body);
  if (!read.success) return unreadableWebhook(fieldProblemsOf(read.error));
  const { refund_id: refundId, refund_status: said } = read.data.data.refund;
  const status = Object.hasOwn(refundEnds, said) ? refundEnds[said] : undefined;
  if (status === undefined) return { kind: 'ignored', why: `refund_status ${printable(said)} is not final` };
  return { kind: 'refund', refund: { gateway: 'cashfree', refundId, status } };
}

function paymentOf(data: z.output<typeof success>['data'], webhook: ReceivedWebhook): WebhookVerdict {
  const sentAt = Number(headerOf(webhook, timestampHeader));
  const paidAt = Date.parse(data.payment.payment_time ?? '');
  return {
    kind: 'payment',
    payment: {
      gateway: 'cashfree',
      paymentId: data.payment.cf_payment_id,
      orderId: data.order.order_id,
      amountPaise: data.payment.payment_amount,
      currency: data.payment.payment_currency,
      // An unreadable time is no reason to turn money away.
      paidAt: new Date(Number.isNaN(paidAt) ? sentAt : paidAt).toISOString(),
    },
  };
}

function parseBody(rawBody: Buffer): unknown {
  try {
    return parseCashfreeJson(new TextDecoder('utf-8', { fatal: true }).decode(rawBody));
  } catch {
    return undefined;
  }
}
