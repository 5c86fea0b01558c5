import { createHmac } from 'node:crypto';

export const razorpaySecret = 'razorpay-webhook-secret';

/** An `order.paid` as Razorpay's reference shows it. */
export function razorpayPaidBody(
  change: { order?: object | null; payment?: object; top?: object } = {},
): object {
  const payment = {
    id: 'pay_DESlfW9H8K9uqM',
    entity: 'payment',
    amount: 49_900,
    currency: 'INR',
    status: 'captured',
    order_id: 'order_DESlLckIVRkHWj',
    captured: true,
    email: 'customer@example.com',
    contact: '+919876543210',
    notes: [],
    created_at: 1_795_420_800,
    ...change.payment,
  };
  const order = {
    id: 'order_DESlLckIVRkHWj',
    entity: 'order',
    amount: 49_900,
    receipt: 'ord-1',
    ...change.order,
  };
  return {
    entity: 'event',
    event: 'order.paid',
    contains: ['payment', 'order'],
    payload: {
      payment: { entity: payment },
      ...(change.order === null ? {} : { order: { entity: order } }),
    },
    created_at: 1_795_420_805,
    ...change.top,
  };
}

/** Signs as Razorpay does: hex HMAC-SHA256 over the raw body. */
export function signRazorpay(input: { body: object | string | Buffer; secret?: string }) {
  const { body } = input;
  const rawBody = Buffer.isBuffer(body)
    ? body
    : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const signature = createHmac('sha256', input.secret ?? razorpaySecret)
    .update(rawBody)
    .digest('hex');
  const headers: Record<string, string> = {
    'x-razorpay-signature': signature,
    'x-razorpay-event-id': 'EventOfATest01',
  };
  return { rawBody, headers };
}
