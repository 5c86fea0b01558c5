import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import { eventually } from '../support/eventually.ts';
import { assertLedgersAgree } from '../support/oracle.ts';
import { catalogueOf, productOf, startTestService } from '../support/service.ts';

const packageName = '103.184.12';
const replaced = '103.185.9';
const inTurn = '103.186.7';
const [plain] = catalogueOf(replaced);
const reserved = { ...plain, productId: 'vps-reserved', reserve: 2 };
const service = await startTestService({
  catalogue: [...catalogueOf(packageName, replaced, inTurn), reserved],
  // Nobody looks by itself: what moves was woken.
  policy: { stockEvery: '30m', stockAutoDisable: 0 },
  scenario: {
    packages: [
      { id: 5, name: packageName, addresses: [] },
      { id: 6, name: replaced, addresses: [`${replaced}.1-4`] },
      { id: 7, name: inTurn, addresses: [`${inTurn}.5-6`] },
    ],
  },
});
const { simulator, db } = service;
const addAddresses = (...addresses: string[]) => simulator.updatePackage(packageName, { addresses });

/** Orders of our ledger in the order in which the supplier was asked for a package. */
async function servedOrders(ip = packageName): Promise<(string | undefined)[]> {
  const { purchases } = await simulator.ledger();
  const rows = await db.purchases.find().toArray();
  return purchases
    .filter(({ request, soldAddress }) => request.ip === ip && soldAddress !== null)
    .sort((left, right) => left.startSequence - right.startSequence)
    .map(({ soldAddress }) => rows.find(({ ip }) => ip === soldAddress)?.orderId);
}

const waiting: string[] = [];

test('ten orders wait for stock, are told so, and a restock of three wakes the three that paid first', async () => {
  for (let count = 0; count < 10; count += 1) {
    waiting.push(await service.order({ productId: productOf(packageName), pay: false }));
  }
  for (const orderId of waiting) {
    await simulator.pay({ orderId });
    await service.orderIn(orderId, 'waitingForStock');
  }
  await service.mailTo('customer', waiting[0] ?? '', 'delayed');
  await service.mailTo('admin', waiting[0] ?? '', 'waits for stock');
  const byPayment = await db.orders.find().sort({ paidAt: 1, _id: 1 }).toArray();
  assert.deepEqual(
    byPayment.map(({ status }) => status),
    Array(10).fill('waitingForStock'),
  );
  waiting.splice(0, 10, ...byPayment.map(({ _id }) => _id));
  await addAddresses('103.184.12.1-3');
  await service.sync();
  for (const orderId of waiting.slice(0, 3)) await service.orderIn(orderId, 'active');
  assert.deepEqual(await servedOrders(), waiting.slice(0, 3));
  for (const orderId of waiting.slice(3)) {
    assert.equal((await service.storefront.order(orderId)).status, 'waitingForStock');
  }
});

test("a person's retry that finds no stock is one look: what comes later goes to the order that paid first", async () => {
  const [first = '', second = ''] = [
    await service.order({ productId: productOf(inTurn), pay: false }),
    await service.order({ productId: productOf(inTurn), pay: false }),
  ];
  await simulator.updatePackage(inTurn, { addresses: [] });
  for (const orderId of [first, second]) {
    await simulator.pay({ orderId });
    await service.orderIn(orderId, 'waitingForStock');
  }
  const countsNow = async () => (await db.packages.findOne({ _id: `smartvps:${inTurn}` }))?.counts;
  const before = (await countsNow())?.readAt ?? '';
  assert.equal((await service.storefront.retry(second)).status, 202);
  await eventually({
    what: 'the retry has looked',
    read: countsNow,
    isRight: (counts) => (counts?.readAt ?? '') > before,
  });
  await simulator.updatePackage(inTurn, { addresses: [`${inTurn}.1`] });
  await service.client.workflow.getHandle(orderWorkflowId(second)).signal('stockChanged');
  await eventually({
    what: 'the second order has looked again',
    read: countsNow,
    isRight: (counts) => counts?.available === 1,
  });
  await service.sync();
  await service.orderIn(first, 'active');
  assert.deepEqual(await servedOrders(inTurn), [first]);
  assert.equal((await service.storefront.order(second)).status, 'waitingForStock');
  await simulator.updatePackage(inTurn, { addresses: [`${inTurn}.2`] });
  await service.sync();
  await service.orderIn(second, 'active');
});

test('while they wait a new customer is refused: what comes is promised to them', async () => {
  const order = { productId: productOf(packageName), ramGb: 8, os: 'Ubuntu 22' };
  await addAddresses('103.184.12.11-17');
  const { status, body } = await service.storefront.checkout(order);
  assert.deepEqual([status, body.type], [409, '/problems/at-capacity']);
});

test('a restock for all of them serves the rest in the order of payment, none twice', async () => {
  await service.sync();
  for (const orderId of waiting) await service.orderIn(orderId, 'active');
  assert.deepEqual(await servedOrders(), waiting);
  await assertLedgersAgree(service);
});

test('a restock between two waits is not missed: the order has looked at the old stock, but does not wait yet', async () => {
  await addAddresses('103.184.12.31-33');
  await service.sync();
  const orderId = await service.order({ productId: productOf(packageName), pay: false });
  await addAddresses();
  await simulator.pay({ orderId });
  await service.orderIn(orderId, 'waitingForStock');
  const tell = () => service.client.workflow.getHandle(orderWorkflowId(orderId)).signal('stockChanged');
  // Its look finds stock; the one under the lock takes long, and finds none.
  await addAddresses('103.184.12.31-33');
  const empty = JSON.stringify({ packages: [{ id: 5, name: packageName, ipv4: 0, status: 'active' }] });
  await simulator.addFaults({ call: 'ipstock', when: { nth: 2 }, do: { kind: 'garbage', text: empty } });
  await simulator.addFaults({ call: 'ipstock', when: { nth: 2 }, do: { kind: 'delay', ms: 9_500 } });
  await tell();
  await service.orderIn(orderId, 'provisioning');
  await tell();
  await service.orderIn(orderId, 'active');
  const { timeline = [] } = (await db.orders.findOne({ _id: orderId })) ?? {};
  assert.equal(timeline.filter(({ text }) => text.endsWith('Waits for stock.')).length, 2);
});

test('remedies that wait for stock are woken with the orders, by payment', async () => {
  const place = (productId: string) => service.order({ productId, pay: false });
  const first = await place(productOf(replaced));
  const second = await place('vps-reserved');
  const third = await place(productOf(replaced));
  const restock = async (...addresses: string[]) => {
    await simulator.updatePackage(replaced, { addresses });
    await service.sync();
  };
  await simulator.pay({ orderId: first });
  await service.orderIn(first, 'active');
  await restock(`${replaced}.11-12`);
  await simulator.pay({ orderId: second });
  await service.orderIn(second, 'waitingForStock');
  await simulator.pay({ orderId: third });
  await service.orderIn(third, 'active');
  await restock();
  await db.products.updateOne({ _id: 'vps-reserved' }, { $set: { reserve: 0 } });
  // The one that paid last asks first.
  await replaceServer(third);
  await replaceServer(first);
  await restock(`${replaced}.21-22`);
  await isReplaced(first, `${replaced}.21`);
  await service.orderIn(second, 'active');
  assert.deepEqual(await servedOrders(replaced), [first, third, first, second]);
  assert.equal((await service.storefront.order(third)).status, 'compensating', 'it goes on waiting');
  await restock(`${replaced}.31`);
  await isReplaced(third, `${replaced}.31`);
  await assertLedgersAgree(service);
});

/** Asks for the remedy A while nothing is in stock, and waits until it waits. */
async function replaceServer(orderId: string): Promise<void> {
  const wish = { option: 'A', reason: 'broken', by: 'ops' };
  const answer = await service.actAsAdmin(`/api/orders/${orderId}/compensate`, wish);
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  await eventually({
    what: `the remedy of ${orderId} waits for stock`,
    read: () => db.orders.findOne({ _id: orderId }),
    isRight: (found) => found?.timeline?.at(-1)?.text.endsWith('Waits for stock.') === true,
  });
}

const isReplaced = (orderId: string, ip: string) =>
  eventually({
    what: `order ${orderId} has ${ip}`,
    read: () => service.storefront.order(orderId),
    isRight: ({ status, server }) => status === 'active' && server?.ip === ip,
    withinMs: 40_000,
  });
