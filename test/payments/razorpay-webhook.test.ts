import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyRazorpayWebhook } from '../../src/payments/razorpay/razorpay-webhook.ts';
import { razorpayPaidBody, razorpaySecret, signRazorpay } from './signed-razorpay.ts';

const sentAtMs = 1_795_420_805_000;
const now = new Date(sentAtMs + 5_000);
const maxAgeMs = 3 * 24 * 3_600_000;

function verify(signed: { rawBody: Buffer; headers: Record<string, string> }, at = now) {
  return verifyRazorpayWebhook({ ...signed, webhookSecret: razorpaySecret, now: at, maxAgeMs });
}

const judge = (body: object | string) => verify(signRazorpay({ body }));

function fieldsOf(verdict: ReturnType<typeof verify>): string[] {
  return verdict.kind === 'rejected' ? verdict.problem.errors.map((error) => error.field) : [verdict.kind];
}

const payment = {
  gateway: 'razorpay',
  paymentId: 'pay_DESlfW9H8K9uqM',
  amountPaise: 49_900,
  currency: 'INR',
  paidAt: new Date(1_795_420_800_000).toISOString(),
};

test('a signed order.paid is a payment of the order that its receipt names, and holds nothing of the customer', () => {
  const verdict = judge(razorpayPaidBody());
  assert.deepEqual(verdict, { kind: 'payment', payment: { ...payment, orderId: 'ord-1' } });
  assert.doesNotMatch(JSON.stringify(verdict), /customer@example|9876543210/);
});

test('a payment without its order names the order of the gateway; notes, which customers can write, name nothing', () => {
  const body = razorpayPaidBody({
    order: null,
    top: { event: 'payment.captured' },
    payment: { notes: { orderId: 'ord-of-somebody-else' } },
  });
  assert.deepEqual(judge(body), {
    kind: 'paymentOfGatewayOrder',
    gatewayOrderId: 'order_DESlLckIVRkHWj',
    payment,
  });
});

test('the receipt of another order than the one that was paid is not believed', () => {
  const verdict = judge(razorpayPaidBody({ order: { id: 'order_another' } }));
  assert.equal(verdict.kind === 'paymentOfGatewayOrder' && verdict.gatewayOrderId, 'order_DESlLckIVRkHWj');
});

test('a payment without any order is nobody’s, under its own id', () => {
  const verdict = judge(
    razorpayPaidBody({ order: null, payment: { order_id: null }, top: { event: 'payment.captured' } }),
  );
  assert.equal(verdict.kind === 'paymentOfGatewayOrder' && verdict.gatewayOrderId, payment.paymentId);
});

test('another body, secret, case or no signature at all is a 401 that names the header', () => {
  const good = signRazorpay({ body: razorpayPaidBody() });
  const signature = good.headers['x-razorpay-signature'] ?? '';
  const others = [
    { ...good, rawBody: Buffer.from(`${good.rawBody.toString()} `) },
    signRazorpay({ body: razorpayPaidBody(), secret: 'another' }),
    { ...good, headers: { 'x-razorpay-signature': signature.toUpperCase() } },
    { ...good, headers: { 'x-razorpay-signature': '' } },
    { ...good, headers: {} },
  ];
  for (const other of others) {
    const verdict = verify(other);
    assert.equal(verdict.kind === 'rejected' && verdict.status, 401);
    assert.deepEqual(fieldsOf(verdict), ['x-razorpay-signature']);
  }
});

test('a signed webhook that is too old or from the future is refused by its own time', () => {
  const good = signRazorpay({ body: razorpayPaidBody() });
  const at = (ms: number) => verify(good, new Date(sentAtMs + ms));
  assert.equal(at(maxAgeMs).kind, 'payment');
  assert.deepEqual(fieldsOf(at(maxAgeMs + 1)), ['created_at']);
  assert.equal(at(-5 * 60_000).kind, 'payment');
  assert.deepEqual(fieldsOf(at(-11 * 60_000)), ['created_at']);
});

test('messages that are no captured payment and no settled refund are ignored', () => {
  for (const event of ['payment.authorized', 'payment.failed', 'refund.created', 'toString', '__proto__']) {
    assert.equal(judge(razorpayPaidBody({ top: { event } })).kind, 'ignored', event);
  }
  for (const status of ['authorized', 'failed', 'refunded', 'Captured']) {
    assert.equal(judge(razorpayPaidBody({ payment: { status } })).kind, 'ignored', status);
  }
});

test('a refund that ended is news under our id; one without an id of ours is none', () => {
  const refund = (event: string, entity: object) =>
    judge({ event, created_at: sentAtMs / 1000, payload: { refund: { entity } } });
  for (const [event, status] of [
    ['refund.processed', 'success'],
    ['refund.failed', 'cancelled'],
  ] as const) {
    assert.deepEqual(refund(event, { id: 'rfnd_1', receipt: 'refund-7', status: 'whatever' }), {
      kind: 'refund',
      refund: { gateway: 'razorpay', refundId: 'refund-7', status },
    });
    assert.equal(refund(event, { id: 'rfnd_1', receipt: null }).kind, 'ignored');
  }
  assert.deepEqual(fieldsOf(refund('refund.failed', { receipt: { $gt: '' } })), [
    'payload.refund.entity.receipt',
  ]);
});

const inPayment = 'payload.payment.entity.';
const unreadable: [name: string, body: object | string, field: string][] = [
  ['no JSON', '{"event":', 'body'],
  ['no object', '[]', 'body'],
  ['no time', razorpayPaidBody({ top: { created_at: undefined } }), 'created_at'],
  ['operator object as time', razorpayPaidBody({ top: { created_at: { $gt: 0 } } }), 'created_at'],
  ['operator object as event', razorpayPaidBody({ top: { event: { $gt: '' } } }), 'event'],
  ['no payload', razorpayPaidBody({ top: { payload: undefined } }), 'payload'],
  ['operator object as payment id', razorpayPaidBody({ payment: { id: { $gt: '' } } }), `${inPayment}id`],
  ['line break in the payment id', razorpayPaidBody({ payment: { id: 'a\nb' } }), `${inPayment}id`],
  ['operator object as amount', razorpayPaidBody({ payment: { amount: { $gt: 0 } } }), `${inPayment}amount`],
  ['text as amount', razorpayPaidBody({ payment: { amount: '49900' } }), `${inPayment}amount`],
  ['amount of 0', razorpayPaidBody({ payment: { amount: 0 } }), `${inPayment}amount`],
  ['negative amount', razorpayPaidBody({ payment: { amount: -1 } }), `${inPayment}amount`],
  ['part of a paisa', razorpayPaidBody({ payment: { amount: 1.5 } }), `${inPayment}amount`],
  [
    'an amount beyond exact numbers',
    razorpayPaidBody({ payment: { amount: 2 ** 53 } }),
    `${inPayment}amount`,
  ],
  [
    'operator object as currency',
    razorpayPaidBody({ payment: { currency: { $ne: '' } } }),
    `${inPayment}currency`,
  ],
  ['operator object as status', razorpayPaidBody({ payment: { status: { $ne: 1 } } }), `${inPayment}status`],
  [
    'operator object as order id',
    razorpayPaidBody({ payment: { order_id: { $gt: '' } } }),
    `${inPayment}order_id`,
  ],
  [
    'operator object as receipt',
    razorpayPaidBody({ order: { receipt: { $gt: '' } } }),
    'payload.order.entity.receipt',
  ],
];

for (const [name, body, field] of unreadable) {
  test(`a right Razorpay signature over ${name} is a 400 that names ${field}`, () => {
    const verdict = judge(body);
    assert.equal(verdict.kind === 'rejected' && verdict.status, 400, JSON.stringify(verdict));
    assert.ok(fieldsOf(verdict).includes(field), fieldsOf(verdict).join());
  });
}

test('a right signature over bytes that are no UTF-8 is a 400', () => {
  const body = Buffer.from(JSON.stringify(razorpayPaidBody()));
  body[body.indexOf('ord-1')] = 0xff;
  assert.deepEqual(fieldsOf(verify(signRazorpay({ body }))), ['body']);
});
