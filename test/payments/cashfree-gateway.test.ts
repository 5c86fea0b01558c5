import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createCashfreeGateway } from '../../src/payments/cashfree/cashfree-gateway.ts';
import { GatewayError } from '../../src/payments/gateway.ts';

interface Received {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

const keys = { clientId: 'client-id', clientSecret: 'leaky-client-secret' };

const order = {
  orderId: 'ord-1',
  amountPaise: 49_910,
  currency: 'INR',
  customer: { email: 'customer@example.com', phone: '+919876543210' },
  returnUrl: 'https://shop.example/orders/ord-1',
  notifyUrl: 'https://shop.example/webhooks/cashfree',
  idempotencyKey: 'ord-1',
  expiresAt: '2026-11-23T09:00:00.000Z',
};

const made = {
  cf_order_id: 2149460581,
  order_id: 'ord-1',
  payment_session_id: 'session_1',
  order_status: 'ACTIVE',
  order_amount: 499.1,
  order_currency: 'INR',
};

type Answer = (request: Received, response: ServerResponse) => void;

const answering =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  };

async function gatewayAt(context: TestContext, ...answers: Answer[]) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const last = { method, url, headers, body: Buffer.concat(chunks).toString() };
      received.push(last);
      const answer = answers[received.length - 1] ?? answers.at(-1);
      answer?.(last, response);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const gateway = createCashfreeGateway({
    ...keys,
    baseUrl: `http://127.0.0.1:${port}/cashfree`,
    timeoutMs: 500,
  });
  context.after(async () => {
    await gateway.close();
    server.closeAllConnections();
    server.close();
  });
  return { gateway, received };
}

async function errorOf(act: Promise<unknown>): Promise<GatewayError> {
  const error = await act.then(
    () => assert.fail('it worked'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof GatewayError);
  const shown = `${error.message}${error.stack}${JSON.stringify(error)}${String(error.cause)}`;
  for (const secret of [keys.clientSecret, 'customer@example.com', '9876543210']) {
    assert.ok(!shown.includes(secret), `the error shows ${secret}`);
  }
  return error;
}

test('an order is made with version, keys and idempotency key, and its amount in rupees', async (context) => {
  const { gateway, received } = await gatewayAt(context, answering(200, made));
  assert.deepEqual(await gateway.createOrder(order), {
    gatewayOrderId: '2149460581',
    sessionId: 'session_1',
  });
  const [request] = received;
  assert.equal(request?.method, 'POST');
  assert.equal(request?.url, '/cashfree/pg/orders');
  assert.equal(request?.headers['x-client-id'], 'client-id');
  assert.equal(request?.headers['x-client-secret'], 'leaky-client-secret');
  assert.equal(request?.headers['x-api-version'], '2025-01-01');
  assert.equal(request?.headers['x-idempotency-key'], 'ord-1');
  assert.match(request?.body ?? '', /"order_amount":499\.1,/);
  assert.deepEqual(JSON.parse(request?.body ?? ''), {
    order_id: 'ord-1',
    order_amount: 499.1,
    order_currency: 'INR',
    customer_details: {
      customer_id: 'ord-1',
      customer_email: 'customer@example.com',
      customer_phone: '+919876543210',
    },
    order_meta: { return_url: order.returnUrl, notify_url: order.notifyUrl },
    order_expiry_time: '2026-11-23T09:00:00.000Z',
  });
});

test('an answer with no more than the documented members is enough', async (context) => {
  const { cf_order_id, payment_session_id, order_status } = made;
  const { gateway } = await gatewayAt(
    context,
    answering(200, { cf_order_id, payment_session_id, order_status }),
  );
  assert.equal((await gateway.createOrder(order)).sessionId, 'session_1');
});

test('an order that an earlier try made is found again', async (context) => {
  const { gateway, received } = await gatewayAt(
    context,
    answering(409, { code: 'order_already_exists', message: 'm', type: 't' }),
    answering(200, made),
  );
  assert.equal((await gateway.createOrder(order)).sessionId, 'session_1');
  assert.equal(received[1]?.url, '/cashfree/pg/orders/ord-1');
});

test('an order of another amount is never taken for ours', async (context) => {
  const { gateway } = await gatewayAt(context, answering(200, { ...made, order_amount: 1 }));
  const error = await errorOf(gateway.createOrder(order));
  assert.equal(error.code, 'unreadableReply');
  assert.match(error.message, /^Failed to create order ord-1: Cashfree answered another amount/);
});

test('an order is found with its state, and an unknown one is null', async (context) => {
  const { gateway } = await gatewayAt(
    context,
    answering(200, { ...made, order_status: 'PAID' }),
    answering(404, { code: 'order_not_found' }),
  );
  assert.deepEqual(await gateway.findOrder({ orderId: 'ord-1' }), {
    gatewayOrderId: '2149460581',
    sessionId: 'session_1',
    status: 'paid',
    amountPaise: 49_910,
    currency: 'INR',
  });
  assert.equal(await gateway.findOrder({ orderId: 'ord-2' }), null);
});

const failures: [name: string, answer: Answer, code: string, message: RegExp][] = [
  [
    'rejected keys',
    answering(401, { code: 'request_failed' }),
    'rejectedCredentials',
    /rejected our keys \(401\)/,
  ],
  [
    'a refusal',
    answering(400, { code: 'order_amount_invalid', message: 'customer@example.com' }),
    'refused',
    /answered 400 \(order_amount_invalid\)/,
  ],
  ['an overloaded gateway', answering(503, 'leaky-client-secret'), 'unreachable', /answered 503\. Try again/],
  ['too many requests', answering(429, ''), 'unreachable', /answered 429/],
  [
    'a redirect',
    answering(302, '', { location: 'http://127.0.0.1:1/leak' }),
    'unreadableReply',
    /could not be read/,
  ],
  ['garbage', answering(200, '<html>leaky-client-secret</html>'), 'unreadableReply', /could not be read/],
  [
    'another shape',
    answering(200, { ...made, payment_session_id: { $gt: '' } }),
    'unreadableReply',
    /could not be read/,
  ],
  ['more than 1 MB', answering(200, 'x'.repeat(1024 * 1024 + 1)), 'unreachable', /no usable answer/],
  ['a broken connection', (_request, response) => response.destroy(), 'unreachable', /no usable answer/],
  ['silence', () => {}, 'unreachable', /no usable answer/],
];

for (const [name, answer, code, message] of failures) {
  test(`${name} is ${code}, in a sentence without secrets`, async (context) => {
    const { gateway, received } = await gatewayAt(context, answer);
    const error = await errorOf(gateway.createOrder(order));
    assert.equal(error.code, code);
    assert.match(error.message, /^Failed to create order ord-1: Cashfree/);
    assert.match(error.message, message);
    assert.equal(received.length, 1);
  });
}

test('a phone number that the gateway refuses is named as such', async (context) => {
  const { gateway } = await gatewayAt(
    context,
    answering(400, { code: 'customer_details.customer_phone_invalid' }),
  );
  assert.equal((await errorOf(gateway.createOrder(order))).field, 'customer.phone');
});
