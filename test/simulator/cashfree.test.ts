import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { startTestSimulator, type TestSimulator, testLatency } from '../support/simulator.ts';
import { until } from './supplier-calls.ts';

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

interface OrderAnswer {
  code: string;
  message: string;
  cf_order_id: string;
  payment_session_id: string;
  order_amount: number;
  order_status: string;
  refund_status: string;
}

const secret = 'cf-secret';
let simulator: TestSimulator;
let received: Received[] = [];
let answerWith: number[] = [];
const shop = createServer((req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    received.push({ headers: req.headers, body: Buffer.concat(chunks).toString() });
    res.writeHead(answerWith.shift() ?? 200).end();
  });
});
let notifyUrl = '';

before(async () => {
  simulator = await startTestSimulator();
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
  notifyUrl = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/webhooks/cashfree`;
});
beforeEach(async () => {
  received = [];
  answerWith = [];
  await simulator.control.reset({ latency: testLatency });
});
after(async () => {
  shop.close();
  shop.closeAllConnections();
  await simulator.stop();
});

async function api<T = OrderAnswer>(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${simulator.addresses.cashfreeBaseUrl}/pg${path}`, {
    method,
    headers: { 'x-client-id': 'id', 'x-client-secret': secret, 'x-api-version': '2025-01-01', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as T };
}

const orderBody = (orderId = 'order-1') => ({
  order_id: orderId,
  order_amount: 499.5,
  order_currency: 'INR',
  customer_details: { customer_id: 'c1', customer_email: 'a@example.test', customer_phone: '9999999999' },
  order_meta: { notify_url: notifyUrl, return_url: 'http://127.0.0.1/orders/{order_id}' },
});
const createOrder = (orderId?: string) => api('POST', '/orders', orderBody(orderId));
const refund = (refundId: string, rupees: number) =>
  api('POST', '/orders/order-1/refunds', { refund_id: refundId, refund_amount: rupees });
const refundStatus = async (refundId: string) =>
  (await api('GET', `/orders/order-1/refunds/${refundId}`)).json.refund_status;

function verify({ headers, body }: Received): boolean {
  const signed = `${headers['x-webhook-timestamp']}${body}`;
  return createHmac('sha256', secret).update(signed).digest('base64') === headers['x-webhook-signature'];
}

test('an order needs its headers, two decimals and a customer', async () => {
  assert.equal((await api('POST', '/orders', orderBody(), { 'x-client-secret': '' })).status, 401);
  assert.equal((await api('POST', '/orders', orderBody(), { 'x-api-version': 'latest' })).status, 400);
  const thirdDecimal = await api('POST', '/orders', { ...orderBody(), order_amount: 1.005 });
  assert.deepEqual([thirdDecimal.status, thirdDecimal.json.code], [400, 'order_amount_invalid']);
  assert.equal((await api('POST', '/orders', { ...orderBody(), customer_details: {} })).status, 400);
  assert.equal((await simulator.control.cashfree()).orders.length, 0);
});

test('an order is made once, answers its session and can be asked for', async () => {
  const created = await createOrder();
  assert.equal(created.status, 200);
  assert.match(created.json.payment_session_id, /^session_/);
  assert.deepEqual([created.json.order_amount, created.json.order_status], [499.5, 'ACTIVE']);
  assert.equal((await createOrder()).status, 409);
  assert.equal((await api('GET', '/orders/order-1')).json.cf_order_id, created.json.cf_order_id);
  assert.equal((await api('GET', '/orders/order-2')).json.code, 'order_not_found');
});

test('an idempotency key answers the same again and refuses another body', async () => {
  const key = { 'x-idempotency-key': 'key-1' };
  const first = await api('POST', '/orders', orderBody(), key);
  assert.deepEqual(await api('POST', '/orders', orderBody(), key), first);
  assert.equal((await api('POST', '/orders', orderBody('order-2'), key)).status, 422);
});

test('a payment sends a webhook whose signature holds over the raw body with its two decimals', async () => {
  await createOrder();
  const { paymentId, deliveries } = await simulator.control.pay({ orderId: 'order-1' });
  assert.deepEqual(
    deliveries.map(({ status }) => status),
    [200],
  );
  const [webhook] = received;
  assert.ok(webhook && verify(webhook));
  assert.match(webhook.body, /"payment_amount":499\.50,/);
  const { type, data } = JSON.parse(webhook.body);
  assert.equal(type, 'PAYMENT_SUCCESS_WEBHOOK');
  assert.deepEqual(
    [
      data.order.order_id,
      data.payment.cf_payment_id,
      data.payment.payment_amount,
      data.payment.payment_currency,
    ],
    ['order-1', paymentId, 499.5, 'INR'],
  );
  assert.equal((await api('GET', '/orders/order-1')).json.order_status, 'PAID');
  assert.equal(
    (await api<{ cf_payment_id: string }[]>('GET', '/orders/order-1/payments')).json[0]?.cf_payment_id,
    paymentId,
  );
});

test('a bad signature does not hold, and a failed payment leaves the order open', async () => {
  await createOrder();
  await simulator.control.pay({ orderId: 'order-1', status: 'FAILED', badSignature: true });
  const [webhook] = received;
  assert.ok(webhook && !verify(webhook));
  assert.equal(JSON.parse(webhook.body).type, 'PAYMENT_FAILED_WEBHOOK');
  assert.equal((await api('GET', '/orders/order-1')).json.order_status, 'ACTIVE');
});

test('a webhook can be lost, sent late, sent twice and sent again', async () => {
  await createOrder();
  const lost = await simulator.control.pay({ orderId: 'order-1', deliver: 0 });
  assert.equal(received.length, 0);
  await simulator.control.redeliver({ paymentId: lost.paymentId, times: 2, together: true });
  assert.equal(received.length, 2);
  await simulator.control.pay({ orderId: 'order-1', delayMs: 20, amountRupees: 1 });
  await until(async () => (received.length === 3 ? true : undefined));
  assert.equal(JSON.parse(received[2]?.body ?? '{}').data.payment.payment_amount, 1);
});

test('a webhook without a 2xx is repeated, signed anew', async () => {
  await createOrder();
  answerWith = [503, 503];
  const { deliveries } = await simulator.control.pay({ orderId: 'order-1' });
  assert.deepEqual(
    deliveries.map(({ status }) => status),
    [503],
  );
  await until(async () => (received.length === 3 ? true : undefined));
  assert.ok(received.every(verify));
  assert.deepEqual(
    received.map(({ headers }) => headers['x-webhook-attempt']),
    ['1', '2', '3'],
  );
});

test('an order that only the gateway knows can be paid towards the shop', async () => {
  await createOrder();
  await simulator.control.pay({ orderId: 'stray-1', notifyUrl, amountRupees: 5 });
  assert.equal(JSON.parse(received[0]?.body ?? '{}').data.order.order_id, 'stray-1');
  await assert.rejects(simulator.control.pay({ orderId: 'stray-2' }), /knows no such order/);
});

test('refunds stay within what was captured, begin as pending and end with a webhook', async () => {
  await createOrder();
  assert.equal((await refund('refund-0', 1)).json.message, 'order has no captured payment');
  await simulator.control.pay({ orderId: 'order-1' });
  assert.equal((await refund('refund-1', 499.5)).json.refund_status, 'PENDING');
  assert.equal((await refund('refund-2', 0.01)).status, 400);
  await until(async () => ((await refundStatus('refund-1')) === 'SUCCESS' ? true : undefined));
  const webhook = await until(async () => received[1]);
  assert.ok(verify(webhook));
  const { type, data } = JSON.parse(webhook.body);
  assert.deepEqual(
    [type, data.refund.refund_id, data.refund.refund_status],
    ['REFUND_STATUS_WEBHOOK', 'refund-1', 'SUCCESS'],
  );
});

test('a refund can end cancelled and gives its share back; a partial one can be refused', async () => {
  await createOrder();
  await simulator.control.pay({ orderId: 'order-1' });
  await simulator.control.addFaults(
    { call: 'cashfree.createRefund', when: { times: 1 }, do: { kind: 'refusePartialRefund' } },
    { call: 'cashfree.createRefund', when: { nth: 2 }, do: { kind: 'refundOutcome', status: 'CANCELLED' } },
  );
  assert.match((await refund('refund-1', 100)).json.message, /partial refund is not supported/);
  await refund('refund-2', 499.5);
  await until(async () => ((await refundStatus('refund-2')) === 'CANCELLED' ? true : undefined));
  await refund('refund-3', 499.5);
  await simulator.control.settleRefund({ orderId: 'order-1', refundId: 'refund-3', status: 'ONHOLD' });
  assert.equal(await refundStatus('refund-3'), 'ONHOLD');
  assert.deepEqual(
    (await simulator.control.faults()).map((rule) => rule.fired),
    [1, 1],
  );
});

test('a lost answer to a refund leaves the refund at the gateway', async () => {
  await createOrder();
  await simulator.control.pay({ orderId: 'order-1' });
  await simulator.control.addFaults({ call: 'cashfree.*', when: { nth: 1 }, do: { kind: 'answerLost' } });
  await assert.rejects(refund('refund-1', 10));
  assert.equal((await simulator.control.cashfree()).refunds.length, 1);
});

test('an unpaid order expires or is terminated', async () => {
  await createOrder('order-1');
  await simulator.control.expireOrder('order-1');
  assert.equal((await api('GET', '/orders/order-1')).json.order_status, 'EXPIRED');
  await createOrder('order-2');
  assert.equal(
    (await api('PATCH', '/orders/order-2', { order_status: 'TERMINATED' })).json.order_status,
    'TERMINATED',
  );
});

test('a person pays on the checkout page and is sent back to the shop', async () => {
  const { json } = await createOrder();
  const url = `${simulator.addresses.cashfreeBaseUrl}/checkout/${json.payment_session_id}`;
  assert.match(await (await fetch(url)).text(), /order-1<\/b>: 499\.50 INR.*Pay<\/button>.*Fail<\/button>/);
  const answer = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ action: 'pay' }),
  });
  assert.deepEqual([answer.status, answer.headers.get('location')], [303, 'http://127.0.0.1/orders/order-1']);
  assert.ok(received[0] && verify(received[0]));
});

test("the form of a shop opens the checkout page with the order's payment session", async () => {
  const { json } = await createOrder();
  const { cashfreeBaseUrl } = simulator.addresses;
  const answer = await fetch(`${cashfreeBaseUrl}/pg/view/sessions/checkout`, {
    method: 'POST',
    body: new URLSearchParams({ payment_session_id: String(json.payment_session_id) }),
  });
  assert.equal(answer.url, `${cashfreeBaseUrl}/checkout/${json.payment_session_id}`);
  assert.match(await answer.text(), /order-1<\/b>/);
});
