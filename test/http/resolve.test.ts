import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResolveOutcome, ResolveRequest } from '../../src/http/ports.ts';
import { adminToken, serveApp, storefrontToken } from './serve-app.ts';

const path = '/api/orders/ord-1/resolve';
const accepted: ResolveOutcome = {
  kind: 'accepted',
  orderId: 'ord-1',
  purchaseId: 'ord-1#1',
  next: 'Resolved as bought.',
};

test('a resolution is handed on with who said it, and answered with what happens next', async (context) => {
  const requests: ResolveRequest[] = [];
  const { call } = await serveApp(context, {
    resolveCase: async (request) => {
      requests.push(request);
      return accepted;
    },
  });
  const post = (body: object) => call({ method: 'POST', path, token: adminToken, body });
  const answer = await post({ outcome: 'bought', ip: ' 103.181.91.7 ', purchaseId: 'ord-1#1', by: 'ops' });
  assert.equal(answer.status, 202);
  assert.deepEqual(answer.json, {
    orderId: 'ord-1',
    purchaseId: 'ord-1#1',
    next: 'Resolved as bought.',
  });
  await post({ outcome: 'notBought', acceptMismatch: true, reason: 'the panel shows none' });
  assert.deepEqual(requests, [
    {
      orderId: 'ord-1',
      purchaseId: 'ord-1#1',
      resolution: {
        outcome: 'bought',
        ip: '103.181.91.7',
        acceptMismatch: false,
        by: 'ops',
        reason: null,
      },
    },
    {
      orderId: 'ord-1',
      resolution: {
        outcome: 'notBought',
        acceptMismatch: true,
        by: 'api token',
        reason: 'the panel shows none',
      },
    },
  ]);
});

test('what the checks refuse is a 409 with the sentence, an unknown order a 404, no Temporal a 503', async (context) => {
  const outcomes: ResolveOutcome[] = [
    { kind: 'refused', sentence: '103.181.91.7 is held by another purchase.' },
    { kind: 'notFound' },
    { kind: 'unavailable', sentence: 'Temporal cannot be reached.' },
  ];
  const { call } = await serveApp(context, { resolveCase: async () => outcomes.shift() ?? accepted });
  const post = () => call({ method: 'POST', path, token: adminToken, body: { outcome: 'notBought' } });
  const refused = await post();
  assert.deepEqual(
    [refused.status, refused.json.type, refused.json.detail],
    [409, '/problems/case-not-resolved', '103.181.91.7 is held by another purchase.'],
  );
  assert.equal((await post()).status, 404);
  assert.equal((await post()).status, 503);
});

const bad: [string, object, string][] = [
  ['without an outcome', {}, 'outcome'],
  ['with an outcome that is none', { outcome: 'maybe' }, 'outcome'],
  ['as bought without an address', { outcome: 'bought' }, 'ip'],
  ['with a private address', { outcome: 'bought', ip: '10.0.0.1' }, 'ip'],
  ['with an operator object as address', { outcome: 'bought', ip: { $gt: '' } }, 'ip'],
  ['with an operator object as purchase', { outcome: 'notBought', purchaseId: { $gt: '' } }, 'purchaseId'],
  ['with a word for acceptMismatch', { outcome: 'notBought', acceptMismatch: 'yes' }, 'acceptMismatch'],
];
for (const [what, body, field] of bad) {
  test(`a resolution ${what} is a 400 that names the field`, async (context) => {
    const { call } = await serveApp(context);
    const answer = await call({ method: 'POST', path, token: adminToken, body });
    assert.equal(answer.status, 400);
    assert.deepEqual(
      (answer.json.errors as { field: string }[]).map((error) => error.field),
      [field],
    );
  });
}

test('only an admin resolves', async (context) => {
  const { call } = await serveApp(context);
  const body = { outcome: 'notBought' };
  assert.equal((await call({ method: 'POST', path, body })).status, 401);
  assert.equal((await call({ method: 'POST', path, token: storefrontToken, body })).status, 403);
});
