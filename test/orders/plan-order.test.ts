import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderStatuses } from '../../src/domain/order.ts';
import { openOrder } from '../../src/orders/open-order.ts';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import { planOrder } from '../../src/orders/plan-order.ts';
import { latestPurchase } from '../../src/purchases/latest-purchase.ts';
import type { PurchaseDocument } from '../../src/purchases/purchase-document.ts';
import { interpretPurchaseReply } from '../../src/suppliers/smartvps/interpret-purchase-reply.ts';
import { anOrder, aPackage, aPurchase } from '../support/builders.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const ip = '103.181.91.7';
const since = '2026-11-21T10:00:00.000Z';
const before = '2026-11-21T09:59:00.000Z';
const after = '2026-11-21T10:01:00.000Z';

async function setUp(order: Partial<OrderDocument> = {}, rows: Partial<PurchaseDocument>[] = []) {
  const db = createMemoryCollections();
  await db.orders.insertOne(anOrder({ _id: 'a', statusSince: since, ...order }));
  for (const [index, row] of rows.entries()) {
    await db.purchases.insertOne(aPurchase({ _id: `a#${index + 1}`, ...row }));
  }
  const interpret = ({ reply }: { reply: Parameters<typeof interpretPurchaseReply>[0] }) =>
    interpretPurchaseReply(reply);
  const deps = { db, interpret, now: () => after };
  const goods = async () => (await db.orders.findOne({ _id: 'a' }))?.goods;
  return { db, deps, goods, plan: () => planOrder(deps, { orderId: 'a' }) };
}

const buying = { state: 'buying', purchaseId: 'a#1' } as const;

test('an order without a purchase buys its first one', async () => {
  const { plan } = await setUp();
  assert.deepEqual(await plan(), { kind: 'buy', purchaseId: 'a#1' });
});

test('an order whose money is not there waits, one whose money is gone has ended', async () => {
  for (const [money, step] of [
    ['unpaid', { kind: 'awaitPayment' }],
    ['refunding', { kind: 'ended', status: 'refunded' }],
    ['refunded', { kind: 'ended', status: 'refunded' }],
  ] as const) {
    const { plan } = await setUp({ money }, [{ state: 'bought', ip }]);
    assert.deepEqual(await plan(), step);
  }
});

test('an order that has ended stays so; one that is open again does not', async () => {
  for (const status of ['active', 'cancelled', 'expired'] as const) {
    const { plan } = await setUp({ status, open: false });
    assert.deepEqual(await plan(), { kind: 'ended', status });
  }
  const { plan } = await setUp({ status: 'expired', open: true });
  assert.deepEqual(await plan(), { kind: 'buy', purchaseId: 'a#1' });
});

const steps: [string, Partial<PurchaseDocument>, object][] = [
  ['intended', { state: 'intended' }, { kind: 'buy', purchaseId: 'a#1' }],
  ['sent', { state: 'sent' }, { kind: 'settle', purchaseId: 'a#1' }],
  ['unknown', { state: 'unknown' }, { kind: 'settle', purchaseId: 'a#1' }],
  [
    'a case',
    { state: 'case', why: 'Who knows.' },
    { kind: 'case', purchaseId: 'a#1', duplicate: false, sentence: 'Who knows.' },
  ],
  [
    'a duplicate',
    { state: 'case', why: 'Taken.', duplicate: true, ip },
    { kind: 'case', purchaseId: 'a#1', duplicate: true, sentence: 'Taken.' },
  ],
  ['void', { state: 'void' }, { kind: 'buy', purchaseId: 'a#2' }],
  ['not bought', { state: 'notBought', settledAt: after }, { kind: 'buy', purchaseId: 'a#2' }],
  ['bought', { state: 'bought', ip }, { kind: 'verify', purchaseId: 'a#1', ip }],
  ['refused before', { state: 'refused', settledAt: before }, { kind: 'buy', purchaseId: 'a#2' }],
  ['wrong before', { state: 'wrong', settledAt: before, ip }, { kind: 'buy', purchaseId: 'a#2' }],
  ['refused and untold', { state: 'refused', settledAt: after }, { kind: 'settle', purchaseId: 'a#1' }],
  ['wrong and untold', { state: 'wrong', settledAt: after, ip }, { kind: 'verify', purchaseId: 'a#1', ip }],
];
for (const [name, row, step] of steps) {
  test(`after a purchase that is ${name} the next step is told by the ledger`, async () => {
    const { plan } = await setUp({ goods: buying, status: 'provisioning' }, [row]);
    assert.deepEqual(await plan(), step);
    assert.deepEqual(await plan(), step);
  });
}

test('a wrong or refused purchase that was told is bought anew by a decision', async () => {
  for (const state of ['wrong', 'refused'] as const) {
    const { plan } = await setUp({ status: 'failed', statusSince: after }, [{ state, settledAt: after, ip }]);
    assert.deepEqual(await plan(), { kind: 'buy', purchaseId: 'a#2' });
  }
});

test('a plan completes what a crash left: goods are freed or parked before the next step', async () => {
  const released = await setUp({ goods: buying }, [{ state: 'refused', settledAt: before }]);
  await released.plan();
  assert.deepEqual(await released.goods(), { state: 'none' });
  const parked = await setUp({ goods: buying }, [{ state: 'case' }]);
  await parked.plan();
  assert.deepEqual(await parked.goods(), { state: 'parked', purchaseId: 'a#1' });
});

test('a delivered purchase is finished, not delivered anew', async () => {
  const { plan } = await setUp({ goods: { state: 'delivered', purchaseId: 'a#1' } }, [
    { state: 'bought', ip },
  ]);
  assert.deepEqual(await plan(), { kind: 'finishDelivery', purchaseId: 'a#1', ip });
});

test('the purchase with the highest number counts', async () => {
  const { db, plan } = await setUp({}, [
    { state: 'void' },
    { state: 'wrong', ip, settledAt: before },
    { state: 'bought', ip },
  ]);
  assert.equal((await latestPurchase({ db, orderId: 'a' }))?._id, 'a#3');
  assert.equal(await latestPurchase({ db, orderId: 'b' }), undefined);
  assert.deepEqual(await plan(), { kind: 'verify', purchaseId: 'a#3', ip });
});

test('an order that does not exist has no next step', async () => {
  const { deps } = await setUp();
  await assert.rejects(planOrder(deps, { orderId: 'nobody' }), {
    name: 'BrokenRecord',
    message: 'Failed to plan order nobody: it does not exist.',
  });
});

function open(deps: Parameters<typeof openOrder>[0], changes: Partial<Parameters<typeof openOrder>[1]> = {}) {
  return openOrder(deps, { orderId: 'a', workflowId: 'order-a', paymentSignalled: true, ...changes });
}

test('a run takes a paid order that nobody owns, and gets its facts without the customer', async () => {
  const { db, deps } = await setUp({ owner: null });
  await db.packages.insertOne(aPackage({ name: 'Silver 91' }));
  const opened = await open(deps, { paymentSignalled: false });
  assert.ok(opened.kind === 'open');
  assert.deepEqual([opened.restarted, opened.requestIds], [false, []]);
  assert.deepEqual(opened.step, { kind: 'buy', purchaseId: 'a#1' });
  assert.equal(opened.order.packageName, 'Silver 91');
  assert.doesNotMatch(JSON.stringify(opened), /customer|example\.com|\+91/i);
  assert.equal((await db.orders.findOne({ _id: 'a' }))?.owner, 'order-a');
});

test('a run that was there before gets every request it may have left at the lock', async () => {
  const { deps } = await setUp({}, [{ state: 'void' }, { state: 'refused', settledAt: before }]);
  const opened = await open(deps);
  assert.ok(opened.kind === 'open');
  assert.deepEqual([opened.restarted, opened.requestIds], [true, ['a#1', 'a#2', 'a#3']]);
});

test('of two runs that open an order at once one owns it', async () => {
  const { deps } = await setUp({ owner: null });
  const kinds = await Promise.all(['order-a', 'other'].map((workflowId) => open(deps, { workflowId })));
  assert.deepEqual(kinds.map(({ kind }) => kind).toSorted(), ['open', 'ownedByOther']);
});

test('an order of another owner, an unpaid one and an unknown one are not opened', async () => {
  const owned = await setUp({ owner: 'compensation-a' });
  assert.deepEqual(await open(owned.deps), { kind: 'ownedByOther', owner: 'compensation-a' });
  const unpaid = await setUp({ owner: null, money: 'unpaid', status: 'pendingPayment' });
  assert.deepEqual(await open(unpaid.deps, { paymentSignalled: false }), { kind: 'notPaid' });
  assert.equal((await unpaid.db.orders.findOne({ _id: 'a' }))?.owner, null);
  assert.deepEqual(await open(unpaid.deps, { orderId: 'nobody' }), { kind: 'unknown' });
});

test('an order with a payment on its way is owned before the payment is judged', async () => {
  const { deps } = await setUp({ owner: null, money: 'unpaid', status: 'pendingPayment' });
  const opened = await open(deps);
  assert.deepEqual(opened.kind === 'open' && opened.step, { kind: 'awaitPayment' });
});

test('every status has a plan while its order is paid and open', async () => {
  for (const status of orderStatuses) {
    const { plan } = await setUp({ status });
    assert.deepEqual(await plan(), { kind: 'buy', purchaseId: 'a#1' });
  }
});
