import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompensateWish, OrderActOutcome, OrderWish } from '../../src/http/ports.ts';
import { adminToken, serveApp, storefrontToken } from './serve-app.ts';

const accepted: OrderActOutcome = {
  kind: 'accepted',
  orderId: 'ord-1',
  orderStatus: 'failed',
  next: 'What was paid goes back; then the order is cancelled.',
};
const refused: OrderActOutcome = {
  kind: 'refused',
  orderStatus: 'provisioning',
  since: '2026-11-23T08:30:00.000Z',
  ageSeconds: 90,
  sentence: 'Order ord-1 is being bought at this moment.',
};

test('a cancellation is handed on with who and why, and answered with what happens next', async (context) => {
  const wishes: OrderWish[] = [];
  const { call } = await serveApp(context, {
    cancelOrder: async (wish) => {
      wishes.push(wish);
      return accepted;
    },
  });
  const path = '/api/orders/ord-1/cancel';
  const answer = await call({ method: 'POST', path, token: adminToken });
  assert.equal(answer.status, 202);
  const { orderId, orderStatus, next } = accepted;
  assert.deepEqual(answer.json, { orderId, orderStatus, next });
  const body = { reason: ' asked for ', by: 'ops' };
  assert.equal((await call({ method: 'POST', path, token: adminToken, body })).status, 202);
  assert.deepEqual(wishes, [
    { orderId: 'ord-1', by: 'api token' },
    { orderId: 'ord-1', reason: 'asked for', by: 'ops' },
  ]);
});

test('what was paid by hand needs its reference, and nothing is handed on without one', async (context) => {
  const { call } = await serveApp(context, {
    compensateOrder: () => Promise.reject(new Error('handed on')),
  });
  const path = '/api/orders/ord-1/compensate';
  const answer = await call({ method: 'POST', path, token: adminToken, body: { option: 'refundedByHand' } });
  assert.equal(answer.status, 400);
  assert.deepEqual(answer.json.errors, [
    { field: 'reference', message: 'is missing: with refundedByHand, say the reference of the transfer.' },
  ]);
});

test('a remedy is handed on with what it takes; A, B and C stand for the first three', async (context) => {
  const wishes: CompensateWish[] = [];
  const { call } = await serveApp(context, {
    compensateOrder: async (wish) => {
      wishes.push(wish);
      return accepted;
    },
  });
  const post = (body: object) =>
    call({ method: 'POST', path: '/api/orders/ord-1/compensate', token: adminToken, body });
  assert.equal((await post({ option: 'refund', reason: 'sold out', by: 'ops' })).status, 202);
  await post({ option: 'B', productId: 'silver-91', amountPaise: 40_000 });
  await post({ option: 'refundedByHand', reference: 'bank transfer 7' });
  await post({ option: 'A' });
  await post({ option: 'C' });
  const said = { orderId: 'ord-1', by: 'api token' };
  assert.deepEqual(wishes, [
    { orderId: 'ord-1', reason: 'sold out', by: 'ops', option: 'refund' },
    { ...said, option: 'priceAdjustment', productId: 'silver-91', amountPaise: 40_000 },
    { ...said, option: 'refundedByHand', reference: 'bank transfer 7' },
    { ...said, option: 'reprovision' },
    { ...said, option: 'refundAndFreeMonth' },
  ]);
});

for (const [verb, body] of [
  ['cancel', {}],
  ['compensate', { option: 'refund' }],
] as const) {
  test(`to ${verb}: a refusal is a 409 with state and age, an unknown order a 404, no Temporal a 503`, async (context) => {
    const outcomes: OrderActOutcome[] = [
      refused,
      { kind: 'notFound' },
      { kind: 'unavailable', sentence: 'Temporal cannot be reached.' },
    ];
    const act = async () => outcomes.shift() ?? accepted;
    const { call } = await serveApp(context, { cancelOrder: act, compensateOrder: act });
    const post = (id = 'ord-1') =>
      call({ method: 'POST', path: `/api/orders/${id}/${verb}`, token: adminToken, body });
    const answer = await post();
    const { errorId, ...rest } = answer.json;
    assert.equal(typeof errorId, 'string');
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    assert.deepEqual(rest, {
      type: '/problems/not-possible-now',
      title: 'The order does not allow this as it stands',
      status: 409,
      detail: 'Order ord-1 is being bought at this moment.',
      orderStatus: 'provisioning',
      since: '2026-11-23T08:30:00.000Z',
      ageSeconds: 90,
    });
    assert.equal((await post()).status, 404);
    assert.equal((await post()).status, 503);
    assert.equal((await post('ord_1')).status, 404, 'an id that is none asks nobody');
    assert.equal(outcomes.length, 0);
  });

  test(`only an admin may ${verb}`, async (context) => {
    const { call } = await serveApp(context);
    const path = `/api/orders/ord-1/${verb}`;
    assert.equal((await call({ method: 'POST', path, body })).status, 401);
    assert.equal((await call({ method: 'POST', path, token: storefrontToken, body })).status, 403);
  });
}

const operator = { $gt: '' };
const bad: [string, object | undefined, string][] = [
  ['without a body', undefined, 'body'],
  ['without an option', {}, 'option'],
  ['with an option that is none', { option: 'toString' }, 'option'],
  ['with an operator object as option', { option: operator }, 'option'],
  ['with an operator object as productId', { option: 'B', productId: operator }, 'productId'],
  ['with a negative amount', { option: 'B', amountPaise: -1 }, 'amountPaise'],
  ['with a fraction as amount', { option: 'B', amountPaise: 1.5 }, 'amountPaise'],
  ['with an operator object as by', { option: 'refund', by: operator }, 'by'],
  ['with a reason of two lines', { option: 'refund', reason: 'a\nb' }, 'reason'],
];
for (const [what, body, field] of bad) {
  test(`a remedy ${what} is a 400 that names ${field}, and nothing begins`, async (context) => {
    const { call } = await serveApp(context);
    const answer = await call({
      method: 'POST',
      path: '/api/orders/ord-1/compensate',
      token: adminToken,
      ...(body === undefined ? {} : { body }),
    });
    assert.equal(answer.status, 400);
    assert.deepEqual(
      (answer.json.errors as { field: string }[]).map((error) => error.field),
      [field],
    );
  });
}
