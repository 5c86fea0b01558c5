import { createHmac } from 'node:crypto';

export const webhookSecret = 'cashfree-client-secret';

/** A success as Cashfree's reference shows it (PG webhooks, version 2025-01-01). */
export function paidBody(change: { order?: object; payment?: object; top?: object } = {}): object {
  return {
    data: {
      order: { order_id: 'ord-1', order_amount: 499, order_currency: 'INR', ...change.order },
      payment: {
        cf_payment_id: '1453002795',
        payment_status: 'SUCCESS',
        payment_amount: 499,
        payment_currency: 'INR',
        payment_time: '2026-11-23T13:30:00+05:30',
        ...change.payment,
      },
      customer_details: { customer_email: 'customer@example.com', customer_phone: '9876543210' },
    },
    event_time: '2026-11-23T13:30:05+05:30',
    type: 'PAYMENT_SUCCESS_WEBHOOK',
    ...change.top,
  };
}

/** Signs as the gateway does: base64 HMAC-SHA256 over timestamp and raw body. */
export function signWebhook(input: {
  body: object | string | Buffer;
  at: Date;
  secret?: string;
  header?: 'x-webhook-signature' | 'x-cashfree-signature';
}) {
  const { body } = input;
  const rawBody = Buffer.isBuffer(body)
    ? body
    : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const timestamp = String(input.at.getTime());
  const hmac = createHmac('sha256', input.secret ?? webhookSecret);
  const signature = hmac.update(Buffer.concat([Buffer.from(timestamp), rawBody])).digest('base64');
  const header = input.header ?? 'x-webhook-signature';
  const headers: Record<string, string> = { [header]: signature, 'x-webhook-timestamp': timestamp };
  return { rawBody, headers };
}
