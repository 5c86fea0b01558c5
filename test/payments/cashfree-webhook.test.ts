import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { verifyCashfreeWebhook } from '../../src/payments/cashfree/cashfree-webhook.ts';
import { paidBody, signWebhook, webhookSecret } from './signed-webhook.ts';

const now = new Date('2026-11-23T08:00:10.000Z');
const maxAgeMs = 3 * 24 * 3_600_000;

function verify(signed: { rawBody: Buffer; headers: Record<string, string> }) {
  return verifyCashfreeWebhook({ ...signed, clientSecret: webhookSecret, now, maxAgeMs });
}

function judge(body: object | string) {
  return verify(signWebhook({ body, at: now }));
}

function fieldsOf(verdict: ReturnType<typeof verify>): string[] {
  return verdict.kind === 'rejected' ? verdict.problem.errors.map((error) => error.field) : [verdict.kind];
}

const payment = {
  gateway: 'cashfree',
  paymentId: '1453002795',
  orderId: 'ord-1',
  amountPaise: 49_900,
  currency: 'INR',
  paidAt: '2026-11-23T08:00:00.000Z',
};

test('a signed success is a payment, under the new and the older header', () => {
  for (const header of ['x-webhook-signature', 'x-cashfree-signature'] as const) {
    const verdict = verify(signWebhook({ body: paidBody(), at: now, header }));
    assert.deepEqual(verdict, { kind: 'payment', payment });
  }
});

test('the payment holds nothing of the customer', () => {
  assert.doesNotMatch(JSON.stringify(judge(paidBody())), /customer@example|9876543210/);
});

test('amounts are read from their own text, exactly to the paisa', () => {
  const amounts: [string, number][] = [
    ['499', 49_900],
    ['499.00', 49_900],
    ['499.1', 49_910],
    ['0.29', 29],
    ['1.15', 115],
    ['4.35', 435],
    ['1234567890.12', 123_456_789_012],
    ['"499.00"', 49_900],
  ];
  for (const [written, amountPaise] of amounts) {
    const body = JSON.stringify(paidBody()).replace('"payment_amount":499', `"payment_amount":${written}`);
    const verdict = judge(body);
    assert.equal(verdict.kind === 'payment' && verdict.payment.amountPaise, amountPaise, written);
  }
});

test('every amount of paise survives being written as rupees', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99_999_999_999_999 }), (paise) => {
      const written = `${Math.floor(paise / 100)}.${String(paise % 100).padStart(2, '0')}`;
      const verdict = judge(
        JSON.stringify(paidBody()).replace('"payment_amount":499', `"payment_amount":${written}`),
      );
      assert.equal(verdict.kind === 'payment' && verdict.payment.amountPaise, paise);
    }),
  );
});

test('a payment id that is a long number keeps all its digits', () => {
  const body = JSON.stringify(paidBody()).replace('"1453002795"', '12345678901234567890');
  const verdict = judge(body);
  assert.equal(verdict.kind === 'payment' && verdict.payment.paymentId, '12345678901234567890');
});

test('another body, timestamp, secret or no signature at all is a 401 that names the header', () => {
  const good = signWebhook({ body: paidBody(), at: now });
  const others = [
    { ...good, rawBody: Buffer.from(`${good.rawBody.toString()} `) },
    { ...good, headers: { ...good.headers, 'x-webhook-timestamp': String(now.getTime() - 1) } },
    signWebhook({ body: paidBody(), at: now, secret: 'another' }),
    { ...good, headers: { ...good.headers, 'x-webhook-signature': '' } },
    { ...good, headers: { 'x-webhook-timestamp': String(now.getTime()) } },
  ];
  for (const other of others) {
    const verdict = verify(other);
    assert.equal(verdict.kind === 'rejected' && verdict.status, 401);
    assert.deepEqual(fieldsOf(verdict), ['x-webhook-signature']);
  }
  const withoutTime = verify({
    ...good,
    headers: { 'x-webhook-signature': good.headers['x-webhook-signature'] ?? '' },
  });
  assert.deepEqual(fieldsOf(withoutTime), ['x-webhook-timestamp']);
});

test('a wrong new signature is not saved by a right older one', () => {
  const { rawBody, headers } = signWebhook({ body: paidBody(), at: now, header: 'x-cashfree-signature' });
  assert.equal(verify({ rawBody, headers: { ...headers, 'x-webhook-signature': 'AAAA' } }).kind, 'rejected');
});

test('no mutation of a body or a signature is ever accepted', () => {
  const good = signWebhook({ body: paidBody(), at: now });
  const signature = good.headers['x-webhook-signature'] ?? '';
  fc.assert(
    fc.property(
      fc.nat({ max: good.rawBody.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      fc.nat({ max: signature.length - 1 }),
      fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= '),
      (at, flip, letterAt, letter) => {
        const rawBody = Buffer.from(good.rawBody);
        rawBody[at] = (rawBody[at] ?? 0) ^ flip;
        assert.equal(verify({ ...good, rawBody }).kind, 'rejected');
        const changed = signature.slice(0, letterAt) + letter + signature.slice(letterAt + 1);
        const headers = { ...good.headers, 'x-webhook-signature': changed };
        assert.equal(verify({ ...good, headers }).kind, changed === signature ? 'payment' : 'rejected');
      },
    ),
    { numRuns: 500 },
  );
});

test('cut, doubled and arbitrary bodies are never accepted under an old signature', () => {
  const good = signWebhook({ body: paidBody(), at: now });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.nat({ max: good.rawBody.length - 1 }).map((end) => good.rawBody.subarray(0, end)),
      ),
      (bytes) => {
        assert.equal(verify({ ...good, rawBody: Buffer.from(bytes) }).kind, 'rejected');
      },
    ),
  );
  assert.equal(verify({ ...good, rawBody: Buffer.concat([good.rawBody, good.rawBody]) }).kind, 'rejected');
});

test('a signed webhook that is too old or from the future is refused by its timestamp', () => {
  const minuteMs = 60_000;
  const ageOf = (ageMs: number) =>
    verify(signWebhook({ body: paidBody(), at: new Date(now.getTime() - ageMs) }));
  assert.equal(ageOf(maxAgeMs).kind, 'payment');
  assert.deepEqual(fieldsOf(ageOf(maxAgeMs + 1)), ['x-webhook-timestamp']);
  assert.equal(ageOf(-5 * minuteMs).kind, 'payment');
  assert.deepEqual(fieldsOf(ageOf(-11 * minuteMs)), ['x-webhook-timestamp']);
});

test('messages that are no captured payment are ignored', () => {
  for (const type of ['PAYMENT_FAILED_WEBHOOK', 'PAYMENT_USER_DROPPED_WEBHOOK', 'WEBHOOK']) {
    assert.equal(judge(paidBody({ top: { type } })).kind, 'ignored', type);
  }
  for (const status of ['PENDING', 'FAILED', 'USER_DROPPED', 'success']) {
    assert.equal(judge(paidBody({ payment: { payment_status: status } })).kind, 'ignored', status);
  }
});

test('a refund that ended is news under our id, one that is under way is not', () => {
  const judgeRefund = (refund: object) => judge({ type: 'REFUND_STATUS_WEBHOOK', data: { refund } });
  for (const [said, status] of [
    ['SUCCESS', 'success'],
    ['CANCELLED', 'cancelled'],
  ]) {
    const verdict = judgeRefund({ refund_id: 'refund-7', refund_status: said, cf_refund_id: 11325632 });
    assert.deepEqual(verdict, {
      kind: 'refund',
      refund: { gateway: 'cashfree', refundId: 'refund-7', status },
    });
  }
  for (const said of ['PENDING', 'ONHOLD', 'success', 'toString']) {
    assert.equal(judgeRefund({ refund_id: 'refund-7', refund_status: said }).kind, 'ignored', said);
  }
  assert.deepEqual(fieldsOf(judgeRefund({ refund_id: { $gt: '' }, refund_status: 'SUCCESS' })), [
    'data.refund.refund_id',
  ]);
  assert.deepEqual(fieldsOf(judge({ type: 'REFUND_STATUS_WEBHOOK', data: {} })), ['data.refund']);
});

const unreadable: [name: string, body: object | string, field: string][] = [
  ['no JSON', '{"type":', 'body'],
  ['no object', '[]', 'body'],
  ['no type', paidBody({ top: { type: undefined } }), 'type'],
  ['operator object as type', paidBody({ top: { type: { $gt: '' } } }), 'type'],
  ['no data', paidBody({ top: { data: undefined } }), 'data'],
  ['operator object as order id', paidBody({ order: { order_id: { $gt: '' } } }), 'data.order.order_id'],
  ['number as order id', paidBody({ order: { order_id: 7 } }), 'data.order.order_id'],
  ['empty order id', paidBody({ order: { order_id: '' } }), 'data.order.order_id'],
  ['line break in the order id', paidBody({ order: { order_id: 'a\nb' } }), 'data.order.order_id'],
  [
    'operator object as status',
    paidBody({ payment: { payment_status: { $ne: 1 } } }),
    'data.payment.payment_status',
  ],
  [
    'operator object as payment id',
    paidBody({ payment: { cf_payment_id: { $gt: '' } } }),
    'data.payment.cf_payment_id',
  ],
  [
    'operator object as amount',
    paidBody({ payment: { payment_amount: { $gt: 0 } } }),
    'data.payment.payment_amount',
  ],
  ['negative amount', paidBody({ payment: { payment_amount: -499 } }), 'data.payment.payment_amount'],
  ['amount of 0', paidBody({ payment: { payment_amount: 0 } }), 'data.payment.payment_amount'],
  ['part of a paisa', paidBody({ payment: { payment_amount: 499.005 } }), 'data.payment.payment_amount'],
  [
    'amount with an exponent',
    JSON.stringify(paidBody()).replace('"payment_amount":499', '"payment_amount":4e2'),
    'data.payment.payment_amount',
  ],
  [
    'operator object as currency',
    paidBody({ payment: { payment_currency: { $gt: '' } } }),
    'data.payment.payment_currency',
  ],
  [
    'operator object as time',
    paidBody({ payment: { payment_time: { $gt: '' } } }),
    'data.payment.payment_time',
  ],
];

for (const [name, body, field] of unreadable) {
  test(`a right signature over ${name} is a 400 that names ${field}`, () => {
    const verdict = judge(body);
    assert.equal(verdict.kind === 'rejected' && verdict.status, 400);
    assert.deepEqual(fieldsOf(verdict), [field]);
  });
}

test('a right signature over bytes that are no UTF-8 is a 400', () => {
  const body = Buffer.from(JSON.stringify(paidBody()));
  body[body.indexOf('ord-1')] = 0xff;
  assert.deepEqual(fieldsOf(verify(signWebhook({ body, at: now }))), ['body']);
});

test('a time that cannot be read does not turn money away', () => {
  const verdict = judge(paidBody({ payment: { payment_time: 'yesterday' } }));
  assert.equal(verdict.kind === 'payment' && verdict.payment.paidAt, now.toISOString());
});
