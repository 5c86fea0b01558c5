import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CapturedPayment } from '../../src/domain/payment.ts';
import type { RefundNews } from '../../src/domain/webhook-verdict.ts';
import type { HttpPorts } from '../../src/http/ports.ts';
import { verifyCashfreeWebhook } from '../../src/payments/cashfree/cashfree-webhook.ts';
import { GatewayUnavailable } from '../../src/payments/find-gateway-order.ts';
import { verifyRazorpayWebhook } from '../../src/payments/razorpay/razorpay-webhook.ts';
import { razorpayPaidBody, razorpaySecret, signRazorpay } from '../payments/signed-razorpay.ts';
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

test('without Razorpay its address is a 404, with it a signed payment is accepted under the receipt', async (context) => {
  const { rawBody, headers } = signRazorpay({ body: razorpayPaidBody() });
  const post = { method: 'POST', path: '/webhooks/razorpay', headers, body: rawBody };
  const off = await serveApp(context, { ...webhookPorts(acceptsNothing), verifyRazorpayWebhook: null });
  assert.equal((await off.call(post)).status, 404);
  const accepted: CapturedPayment[] = [];
  const on = await serveApp(context, {
    ...razorpayPorts,
    acceptPayment: async (payment) => void accepted.push(payment),
  });
  assert.equal((await on.call(post)).status, 200);
  assert.deepEqual(
    accepted.map(({ gateway, orderId, amountPaise }) => [gateway, orderId, amountPaise]),
    [['razorpay', 'ord-1', 49_900]],
  );
  const forged = { ...post, headers: { ...headers, 'x-razorpay-signature': 'f'.repeat(64) } };
  assert.equal((await on.call(forged)).status, 401);
  assert.equal(accepted.length, 1);
});

test('a payment that names the order of the gateway alone is accepted under ours, or asked for again', async (context) => {
  const body = razorpayPaidBody({ order: null, top: { event: 'payment.captured' } });
  const { rawBody, headers } = signRazorpay({ body });
  const post = { method: 'POST', path: '/webhooks/razorpay', headers, body: rawBody };
  const accepted: string[] = [];
  const { call } = await serveApp(context, {
    ...razorpayPorts,
    findGatewayOrder: async ({ gateway, gatewayOrderId }) => `${gateway} ${gatewayOrderId} is ours`,
    acceptPayment: async ({ orderId }) => void accepted.push(orderId),
  });
  assert.equal((await call(post)).status, 200);
  assert.deepEqual(accepted, ['razorpay order_DESlLckIVRkHWj is ours']);
  const dark = await serveApp(context, {
    ...razorpayPorts,
    findGatewayOrder: async () => {
      throw new GatewayUnavailable('Failed to find the order.');
    },
  });
  const answer = await dark.call(post);
  assert.deepEqual([answer.status, answer.headers['retry-after'] !== undefined], [503, true]);
});

test('the end of a refund goes into the book; one that is not ours, or was paid twice, is a 2xx that the log tells', async (context) => {
  const noted: RefundNews[] = [];
  const { call, lines } = await serveApp(context, {
    ...webhookPorts(acceptsNothing),
    noteRefund: async (news) => (['noted', 'unknown', 'paidTwice'] as const)[noted.push(news) - 1] ?? 'noted',
  });
  const tell = (refund: object) => {
    const body = { type: 'REFUND_STATUS_WEBHOOK', data: { refund } };
    return call({ method: 'POST', path, ...sent(signWebhook({ body, at: new Date() })) });
  };
  assert.equal((await tell({ refund_id: 'refund-1', refund_status: 'CANCELLED' })).status, 200);
  assert.equal((await tell({ refund_id: 'refund-of-another', refund_status: 'SUCCESS' })).status, 200);
  assert.equal((await tell({ refund_id: 'refund-2', refund_status: 'SUCCESS' })).status, 200);
  assert.deepEqual(noted, [
    { gateway: 'cashfree', refundId: 'refund-1', status: 'cancelled' },
    { gateway: 'cashfree', refundId: 'refund-of-another', status: 'success' },
    { gateway: 'cashfree', refundId: 'refund-2', status: 'success' },
  ]);
  const toldAt = (wanted: string) =>
    lines.filter(({ level }) => level === wanted).map(({ members }) => members.refundId);
  assert.deepEqual([toldAt('warn'), toldAt('error')], [['refund-of-another'], ['refund-2']]);
});

const razorpayPorts: Partial<HttpPorts> = {
  verifyRazorpayWebhook: (received) =>
    verifyRazorpayWebhook({
      ...received,
      webhookSecret: razorpaySecret,
      now: new Date(1_795_420_806_000),
      maxAgeMs: 60_000,
    }),
};

function sent({ rawBody, headers }: { rawBody: Buffer; headers: Record<string, string> }) {
  return { body: rawBody, headers };
}
