import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { PurchaseCall } from '../../src/simulator/ledger.ts';
import { orderWorkflowId, retryOrderSignal } from '../../workflows/contract/provision-order.ts';
import { openBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { failedTasks, readRun } from '../support/histories.ts';
import { catalogueOf, productOf, startTestService } from '../support/service.ts';
import { useStackWithUi } from '../support/stack.ts';
import { type OrderPage, openOrderPage, type SignalForm } from './order-page.ts';

// Before the service, so that both meet on the same stack.
const { temporalUi } = await useStackWithUi();
const neighbour = '103.193.90';
const [missing, second, third, cancelled, terminated] = [
  '103.193.1',
  '103.193.2',
  '103.193.3',
  '103.193.4',
  '103.193.5',
] as const;
const packageOf = (name: string, index: number) => ({ id: 70 + index, name, addresses: [`${name}.10-30`] });
const sold = [neighbour, second, third, cancelled, terminated].map(packageOf);
const service = await startTestService({
  catalogue: catalogueOf(missing, second, third, cancelled, terminated),
  scenario: { packages: sold },
});
const browser = await openBrowser();
after(() => browser.close());

const { name: retryOrder } = retryOrderSignal;

async function openPage(orderId: string, name: string): Promise<OrderPage> {
  const { namespace } = service.client.options;
  const url = `${temporalUi}/namespaces/${namespace}/workflows/${orderWorkflowId(orderId)}`;
  return openOrderPage({ browser, name, url });
}

/** An order whose first purchase was answered with a server of another package. */
async function orderWithWrongServer(packageName: string): Promise<string> {
  await service.simulator.addFaults({
    call: 'buyvps',
    when: { package: packageName, times: 1 },
    do: { kind: 'neighbourPackage', package: neighbour },
  });
  const orderId = await service.order({ productId: productOf(packageName) });
  const { failure } = await service.orderIn(orderId, 'failed');
  assert.equal(failure?.code, 'wrongPackage', failure?.message);
  return orderId;
}

/** The details must tell a person who knows nothing else what is wrong and what to send. */
async function assertDetailsSay(orderId: string, page: OrderPage): Promise<void> {
  const order = await service.db.orders.findOne({ _id: orderId });
  const details = await page.readDetails();
  assert.match(details, /^Needs a decision: /);
  for (const words of [orderId, order?.failure?.message ?? '?', 'since 20', 'Next', retryOrder]) {
    assert.ok(details.includes(words), `the details say "${words}":\n${details}`);
  }
}

async function sendRetry(input: {
  orderId: string;
  name: string;
  form: Omit<SignalForm, 'name'>;
}): Promise<void> {
  const { orderId, name, form } = input;
  const page = await openPage(orderId, name);
  await assertDetailsSay(orderId, page);
  await page.sendSignal({ name: retryOrder, ...form });
  await service.orderIn(orderId, 'active');
  await page.waitForState('Completed');
  await page.close();
  const run = await readRun({ client: service.client, workflowId: orderWorkflowId(orderId) });
  assert.deepEqual(failedTasks(run), []);
}

/** What the form really sent, as Temporal keeps it. */
async function sentPayloads(orderId: string) {
  const { history } = await readRun({ client: service.client, workflowId: orderWorkflowId(orderId) });
  const signals = (history.events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
    signal?.signalName === retryOrder ? [signal] : [],
  );
  assert.equal(signals.length, 1);
  return (signals[0]?.input?.payloads ?? []).map(({ metadata, data }) => ({
    encoding: Buffer.from(metadata?.encoding ?? []).toString(),
    messageType: Buffer.from(metadata?.messageType ?? []).toString(),
    text: Buffer.from(data ?? []).toString(),
  }));
}

async function retryLine(orderId: string): Promise<string> {
  const lines = await eventually({
    what: `the retry stands in the timeline of ${orderId}`,
    read: async () =>
      (await service.db.orders.findOne({ _id: orderId }))?.timeline.map(({ text }) => text) ?? [],
    isRight: (texts) => texts.some((text) => text.startsWith('retryOrder by ')),
  });
  return lines.find((text) => text.startsWith('retryOrder by ')) ?? '';
}

async function salesFor(packageName: string): Promise<PurchaseCall[]> {
  const { purchases } = await service.simulator.ledger();
  return purchases.filter(({ request, soldAddress }) => request.ip === packageName && soldAddress !== null);
}

/** By the supplier's ledger: nothing for this package but these addresses, in this order. */
async function assertSold(packageName: string, ...addresses: string[]): Promise<void> {
  const sales = await salesFor(packageName);
  assert.equal(sales.length, addresses.length);
  for (const [index, sale] of sales.entries()) {
    assert.ok(sale.soldAddress?.startsWith(`${addresses[index]}.`), `${sale.soldAddress} of ${packageName}`);
  }
}

test('a retry without input, sent from the Web UI, delivers an order whose package was missing', async () => {
  const orderId = await service.order({ productId: productOf(missing) });
  const { failure } = await service.orderIn(orderId, 'failed');
  assert.equal(failure?.code, 'packageUnavailable');
  await service.simulator.setPackages([...sold, packageOf(missing, sold.length)]);
  await sendRetry({ orderId, name: 'retry-without-input', form: {} });
  assert.match(await retryLine(orderId), /^retryOrder by Temporal Web UI\b/);
  assert.deepEqual(await sentPayloads(orderId), []);
  await assertSold(missing, missing);
});

test('a retry with JSON tells who retries and why, and buys the right server', async () => {
  const orderId = await orderWithWrongServer(second);
  const data = JSON.stringify({ reason: 'the pool is refilled', by: 'the night shift' });
  await sendRetry({ orderId, name: 'retry-with-json', form: { data } });
  const line = await retryLine(orderId);
  assert.match(line, /^retryOrder by the night shift\b.*the pool is refilled/);
  const [payload] = await sentPayloads(orderId);
  assert.equal(payload?.encoding, 'json/plain');
  assert.deepEqual(JSON.parse(payload?.text ?? ''), JSON.parse(data));
  await assertSold(second, neighbour, second);
});

test('a retry as json/protobuf is a retry without a reason, and harms nothing', async () => {
  const orderId = await orderWithWrongServer(third);
  const form = { data: '{"reason": "wrong button"}', protobufType: 'google.protobuf.Struct' };
  await sendRetry({ orderId, name: 'retry-as-protobuf', form });
  const line = await retryLine(orderId);
  assert.match(line, /^retryOrder by Temporal Web UI\b.*unreadable/);
  const [payload] = await sentPayloads(orderId);
  assert.deepEqual([payload?.encoding, payload?.messageType], ['json/protobuf', form.protobufType]);
  await assertSold(third, neighbour, third);
});

test('Request Cancellation neither ends nor harms an order that has bought: it can still be retried', async () => {
  const orderId = await orderWithWrongServer(cancelled);
  const page = await openPage(orderId, 'request-cancellation');
  await page.requestCancellation();
  await eventually({
    what: 'the request is refused like the message cancelOrder, with what to send instead',
    read: async () =>
      (await service.db.orders.findOne({ _id: orderId }))?.timeline.map(({ text }) => text) ?? [],
    isRight: (texts) => texts.some((text) => /cannot be cancelled.*compensateOrder/.test(text)),
  });
  await page.waitForState('Running');
  assert.equal((await service.storefront.order(orderId)).status, 'failed');
  await page.sendSignal({ name: retryOrder });
  await service.orderIn(orderId, 'active');
  await page.waitForState('Completed');
  await page.close();
  await assertSold(cancelled, neighbour, cancelled);
});

test('Terminate ends the run, not the order: it continues by what the ledger says', async () => {
  const orderId = await orderWithWrongServer(terminated);
  const page = await openPage(orderId, 'terminate');
  await page.terminate({ reason: 'pressed by mistake' });
  await page.waitForState('Terminated');
  await page.close();
  const { status } = await service.storefront.retry(orderId, { reason: 'go on' });
  assert.equal(status, 202);
  await service.orderIn(orderId, 'active');
  await assertSold(terminated, neighbour, terminated);
});
