import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CapturedPayment } from '../../src/domain/payment.ts';
import type { HttpPorts } from '../../src/http/ports.ts';
import { verifyCashfreeWebhook } from '../../src/payments/cashfree/cashfree-webhook.ts';
import { paidBody, signWebhook, webhookSecret } from '../payments/signed-webhook.ts';
import { serveApp } from './serve-app.ts';

const path = '/webhooks/cashfree';

const acceptsNothing = async () => assert.fail('a payment was accepted');

function webhookPorts(acceptPayment: HttpPorts['acceptPayment']): Partial<HttpPorts> {
  return {
    acceptPayment,
    verifyCashfreeWebhook: (received) =>
      verifyCashfreeWebhook({ ...received, clientSecret: webhookSecret, now: new Date(), maxAgeMs: 60_000 }),
  };
}

test('a signed payment is accepted and answered with 200, whatever its content type', async (context) => {
  const accepted: CapturedPayment[] = [];
  const { call } = await serveApp(
    context,
    webhookPorts(async (payment) => {
      accepted.push(payment);
    }),
  );
  const { rawBody, headers } = signWebhook({ body: paidBody(), at: new Date() });
  for (const type of ['application/json', 'text/plain', 'application/json; charset=klingon']) {
    const answer = await call({
      method: 'POST',
      path,
      headers: { ...headers, 'content-type': type },
      body: rawBody,
    });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json, { received: true });
  }
  assert.deepEqual(
    accepted.map(({ orderId, amountPaise }) => [orderId, amountPaise]),
    [
      ['ord-1', 49_900],
      ['ord-1', 49_900],
      ['ord-1', 49_900],
    ],
  );
});

test('a bad signature is a 401 that names the header, and nothing is accepted', async (context) => {
  const { call } = await serveApp(context, webhookPorts(acceptsNothing));
  const { rawBody, headers } = signWebhook({ body: paidBody(), at: new Date(), secret: 'another' });
  const answer = await call({ method: 'POST', path, headers, body: rawBody });
  assert.equal(answer.status, 401);
  assert.equal(answer.json.type, '/problems/bad-signature');
  assert.deepEqual(
    (answer.json.errors as { field: string }[]).map((error) => error.field),
    ['x-webhook-signature'],
  );
  assert.equal((await call({ method: 'POST', path })).status, 401);
});

test('a right signature over an unreadable body is a 400 that names the field', async (context) => {
  const { call } = await serveApp(context, webhookPorts(acceptsNothing));
  const { rawBody, headers } = signWebhook({
    body: paidBody({ order: { order_id: { $gt: '' } } }),
    at: new Date(),
  });
  const answer = await call({ method: 'POST', path, headers, body: rawBody });
  assert.equal(answer.status, 400);
  assert.deepEqual(
    (answer.json.errors as { field: string }[]).map((error) => error.field),
    ['data.order.order_id'],
  );
});

test('a message that is no payment is answered with 200 and accepted by nobody', async (context) => {
  const { call } = await serveApp(context, webhookPorts(acceptsNothing));
  const { rawBody, headers } = signWebhook({
    body: paidBody({ top: { type: 'PAYMENT_FAILED_WEBHOOK' } }),
    at: new Date(),
  });
  assert.equal((await call({ method: 'POST', path, headers, body: rawBody })).status, 200);
});

test('with Temporal away a payment is answered with 503 and Retry-After, so that the gateway sends it again', async (context) => {
  const { call, lines } = await serveApp(
    context,
    webhookPorts(async () => {
      throw Object.assign(new Error('no connection'), { code: 'temporalUnavailable' });
    }),
  );
  const { rawBody, headers } = signWebhook({ body: paidBody(), at: new Date() });
  const answer = await call({ method: 'POST', path, headers, body: rawBody });
  assert.equal(answer.status, 503);
  assert.equal(answer.json.type, '/problems/unavailable');
  assert.match(answer.headers['retry-after'] ?? '', /^\d+$/);
  assert.ok(lines.some(({ level, members }) => level === 'warn' && members.errorId === answer.json.errorId));
});

test('a body of more than 1 MB is a 413, one of 1 MB is read', async (context) => {
  const { call } = await serveApp(context, webhookPorts(acceptsNothing));
  const post = (bytes: number) => call({ method: 'POST', path, body: Buffer.alloc(bytes, 32) });
  assert.equal((await post(1024 * 1024 + 1)).status, 413);
  assert.equal((await post(1024 * 1024)).status, 401);
});

test('a compressed webhook is refused', async (context) => {
  const { call } = await serveApp(context, webhookPorts(acceptsNothing));
  const { rawBody, headers } = signWebhook({ body: paidBody(), at: new Date() });
  const answer = await call({
    method: 'POST',
    path,
    headers: { ...headers, 'content-encoding': 'gzip' },
    body: rawBody,
  });
  assert.equal(answer.status, 415);
});
