import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkflowNotFoundError } from '@temporalio/client';
import { orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import { paidBody, signWebhook } from '../payments/signed-webhook.ts';
import { eventually } from '../support/eventually.ts';
import { assertLedgersAgree } from '../support/oracle.ts';
import { catalogueOf, productOf, startTestService } from '../support/service.ts';

const packages = ['103.181.91', '103.184.12', '103.184.13'] as const;
const [usual, dearer, foreign] = packages;
const service = await startTestService({
  // The sweep finds payments as well: here webhooks alone tell of them.
  policy: { askGatewayEvery: '6h' },
  proxied: ['apiToTemporal', 'database'],
  catalogue: catalogueOf(...packages),
  scenario: {
    packages: packages.map((name, index) => ({ id: 50 + index, name, addresses: [`${name}.10-60`] })),
    latency: { webhookRetryMs: Array.from({ length: 40 }, () => 500) },
  },
});
const { simulator, wires } = service;

const statusesOf = (deliveries: { status: number | null }[]) => deliveries.map(({ status }) => status);

async function purchasesOf(orderId: string): Promise<string[]> {
  const rows = await service.db.purchases.find({ orderId }).toArray();
  return rows.map(({ _id, state }) => `${_id.slice(orderId.length)} ${state}`);
}

async function paymentsOf(orderId: string): Promise<(string | null)[]> {
  const rows = await service.db.payments.find({ orderId }).sort({ recordedAt: 1 }).toArray();
  return rows.map(({ verdict }) => verdict);
}

async function isStarted(orderId: string): Promise<boolean> {
  try {
    await service.client.workflow.getHandle(orderWorkflowId(orderId)).describe();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

function postWebhook(input: {
  rawBody: Buffer | string;
  headers: Record<string, string>;
}): Promise<Response> {
  const { rawBody: body, headers } = input;
  return fetch(`${service.apiUrl}/webhooks/cashfree`, { method: 'POST', headers, body });
}

test('one payment told five times at once and again after delivery buys once, and each is a 2xx', async () => {
  const orderId = await service.order({ pay: false });
  const { paymentId, deliveries } = await simulator.pay({ orderId, deliver: 5, together: true });
  assert.deepEqual(statusesOf(deliveries), [200, 200, 200, 200, 200]);
  await service.orderIn(orderId, 'active');
  const handle = service.client.workflow.getHandle(orderWorkflowId(orderId));
  await handle.result();
  const again = await simulator.redeliver({ paymentId, times: 3, together: true });
  assert.deepEqual(statusesOf(again.deliveries), [200, 200, 200]);
  await service.client.workflow.getHandle(`payment-cashfree-${paymentId}`).result();
  assert.deepEqual(await purchasesOf(orderId), ['#1 bought']);
  assert.deepEqual(await paymentsOf(orderId), ['right']);
  const logins = await simulator.mails({ subject: `ready (order ${orderId})` });
  assert.equal(logins.length, 1, 'the login, once');
});

test('a second payment of a delivered order buys nothing, and the admin is told to give it back', async () => {
  const orderId = await service.order();
  await service.orderIn(orderId, 'active');
  await simulator.pay({ orderId });
  await service.mailTo('admin', `Order ${orderId} was paid once more`);
  assert.deepEqual(await purchasesOf(orderId), ['#1 bought']);
  assert.deepEqual(await paymentsOf(orderId), ['right', 'extra']);
});

for (const { what, packageName, wrong } of [
  { what: 'one paisa too much', packageName: dearer, wrong: { amountRupees: 899.01 } },
  { what: 'another currency', packageName: foreign, wrong: { currency: 'USD' } },
]) {
  test(`${what} is a mismatch that asks for no lock, and the right payment then delivers`, async () => {
    const orderId = await service.order({ productId: productOf(packageName), pay: false });
    const { deliveries } = await simulator.pay({ orderId, ...wrong });
    assert.deepEqual(statusesOf(deliveries), [200]);
    const failed = await service.orderIn(orderId, 'failed', 'active');
    assert.equal(failed.failure?.code, 'paymentMismatch', JSON.stringify(failed));
    await service.mailTo('admin', `Payment does not match order ${orderId}`);
    assert.equal(await service.lock(packageName), undefined, 'nobody asked for the lock');
    assert.deepEqual(await purchasesOf(orderId), []);
    await simulator.pay({ orderId });
    await service.orderIn(orderId, 'active');
    assert.deepEqual(await paymentsOf(orderId), ['mismatch', 'right']);
    assert.deepEqual(await purchasesOf(orderId), ['#1 bought']);
  });
}

test('a payment for an order that we do not know is a 2xx, recorded as unmatched, and the admin is told', async () => {
  const orderId = 'ord-of-another-shop';
  const notifyUrl = `${service.apiUrl}/webhooks/cashfree`;
  const { deliveries } = await simulator.pay({ orderId, amountRupees: 5, notifyUrl });
  assert.deepEqual(statusesOf(deliveries), [200]);
  await service.mailTo('admin', `Payment for an unknown order ${orderId}`);
  assert.deepEqual(await paymentsOf(orderId), ['unmatched']);
  assert.equal(await service.db.orders.findOne({ _id: orderId }), null);
});

test('a bad signature or an altered body is refused: nothing is stored, nothing is started', async () => {
  const orderId = await service.order({ pay: false });
  const bad = await simulator.pay({ orderId, badSignature: true });
  assert.deepEqual(statusesOf(bad.deliveries), [401]);
  const body = paidBody({ order: { order_id: orderId }, payment: { payment_amount: 899 } });
  const { rawBody, headers } = signWebhook({
    body,
    at: new Date(),
    secret: service.secrets.cashfreeClientSecret,
  });
  const altered = await postWebhook({ rawBody: rawBody.toString().replace('899', '898'), headers });
  assert.equal(altered.status, 401);
  assert.equal(altered.headers.get('content-type'), 'application/problem+json');
  const { errors } = (await altered.json()) as { errors: { field: string }[] };
  assert.deepEqual(
    errors.map(({ field }) => field),
    ['x-webhook-signature'],
  );
  assert.deepEqual(await paymentsOf(orderId), []);
  assert.equal(await isStarted(orderId), false);
  assert.equal((await postWebhook({ rawBody, headers })).status, 200, 'the same bytes unaltered are taken');
  await service.orderIn(orderId, 'active');
});

test('with Temporal out of reach the webhook is a 503, and the gateway sends it again until it is taken', async () => {
  const orderId = await service.order({ pay: false });
  await wires.apiToTemporal.cut();
  const { deliveries } = await simulator.pay({ orderId });
  assert.deepEqual(statusesOf(deliveries), [503]);
  assert.equal(await isStarted(orderId), false);
  await wires.apiToTemporal.mend();
  await service.orderIn(orderId, 'active');
  assert.deepEqual(await purchasesOf(orderId), ['#1 bought']);
});

test('with the database down a payment is still taken, and its order is delivered once it is back', async () => {
  const orderId = await service.order({ pay: false });
  await wires.database.cut();
  const { deliveries } = await simulator.pay({ orderId });
  assert.deepEqual(statusesOf(deliveries), [200]);
  await eventually({
    what: 'the order is started',
    read: () => isStarted(orderId),
    isRight: (started) => started,
  });
  const order = await service.db.orders.findOne({ _id: orderId });
  assert.equal(order?.status, 'pendingPayment', 'nobody could write yet');
  const checkout = await service.storefront.checkout({
    productId: productOf(usual),
    ramGb: 8,
    os: 'Ubuntu 22',
  });
  assert.equal(checkout.status, 503);
  await wires.database.mend();
  await service.orderIn(orderId, 'active');
  assert.deepEqual(await purchasesOf(orderId), ['#1 bought']);
});

test('both ledgers agree', async () => {
  await assertLedgersAgree(service);
});
