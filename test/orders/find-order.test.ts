import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { collectionsOf } from '../../src/database.ts';
import { orderStatuses } from '../../src/domain/order.ts';
import { defaultPolicy, resolvePolicy } from '../../src/domain/policy.ts';
import { describeStatus, describeStatusForCustomer } from '../../src/orders/customer-status.ts';
import { findOrder } from '../../src/orders/find-order.ts';
import { listProducts } from '../../src/orders/list-products.ts';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import { readOverview } from '../../src/stock/stock-overview.ts';
import { anOrder, aPackage } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const db = collectionsOf((await freshDatabase()).db);
const deps = { db, shopTimeZone: 'Asia/Kolkata', now: () => '2026-11-23T07:00:00.000Z' };
const at = '2026-11-23T08:00:00.000Z';

const order: OrderDocument = {
  _id: 'ord-1',
  status: 'queued',
  statusSince: at,
  version: 1,
  owner: 'order-ord-1',
  open: true,
  goods: { state: 'none' },
  money: 'kept',
  remedy: null,
  productId: 'silver-91',
  productName: 'Silver',
  supplier: 'smartvps',
  packageKey: '103.181.91',
  matchPolicy: 'exact',
  ramGb: 8,
  os: 'Ubuntu 22',
  amountPaise: 49_900,
  currency: 'INR',
  customer: { name: 'A Customer', email: 'customer@example.com', phone: '+919876543210' },
  gateway: 'cashfree',
  gatewayOrderId: '7',
  paymentSessionId: 'session-secret',
  idempotency: null,
  createdAt: at,
  paidAt: at,
  paymentKey: 'cashfree:1',
  failure: null,
  server: null,
  next: null,
  timeline: [],
};

beforeEach(async () => {
  await Promise.all([db.orders.deleteMany({}), db.products.deleteMany({})]);
});

test('an order is shown without its customer, its payment session and its owner', async () => {
  await db.orders.insertOne({ ...order, status: 'active', server: { ip: '103.181.91.10' } });
  assert.deepEqual(await findOrder(deps, { orderId: 'ord-1' }), {
    orderId: 'ord-1',
    status: 'active',
    statusSince: at,
    statusText: 'Delivered',
    customerText: 'Your server is delivered. Its login is in your mail.',
    productId: 'silver-91',
    productName: 'Silver',
    ramGb: 8,
    os: 'Ubuntu 22',
    listPricePaise: 49_900,
    discountPaise: 0,
    amountPaise: 49_900,
    currency: 'INR',
    createdAt: at,
    paidAt: at,
    server: { ip: '103.181.91.10' },
  });
  assert.equal(await findOrder(deps, { orderId: 'ord-2' }), null);
});

test('an order with a discount shows its price before and after', async () => {
  const discount = { discountId: 'd-1', listPricePaise: 49_900, discountPaise: 10_000 };
  await db.orders.insertOne({ ...order, _id: 'ord-3', amountPaise: 39_900, discount });
  const view = await findOrder(deps, { orderId: 'ord-3' });
  assert.deepEqual([view?.listPricePaise, view?.discountPaise, view?.amountPaise], [49_900, 10_000, 39_900]);
});

test('a failed order shows its failure and what happens by itself; the customer reads no code', async () => {
  const failure = { code: 'wrongPackage', message: 'Another package.', since: at } as const;
  const next = { text: 'refund', at };
  await db.orders.insertOne({ ...order, status: 'failed', failure, next, decisionDeadline: at });
  const view = await findOrder(deps, { orderId: 'ord-1' });
  assert.deepEqual(view?.failure, failure);
  assert.deepEqual(view?.next, { text: 'refund', at });
  assert.equal(view?.statusText, 'Needs a decision: Another package.');
  assert.equal(view?.customerText, 'Delayed, we are on it; expected by 13:30.');
});

test('the customer of a failed order reads by when it is decided at the latest, and neither the next try nor a reminder', async () => {
  const failure = { code: 'internalError', message: 'An error of ours.', since: at } as const;
  const readOf = async (change: object) => {
    await db.orders.insertOne({ ...order, status: 'failed', failure, ...change });
    return (await findOrder(deps, { orderId: 'ord-1' }))?.customerText;
  };
  const next = { text: 'Tries again by itself', at: '2026-11-21T08:05:00.000Z' };
  assert.equal(await readOf({ next, decisionDeadline: at }), 'Delayed, we are on it; expected by 13:30.');
  await db.orders.deleteOne({ _id: 'ord-1' });
  assert.equal(
    await readOf({ next, decisionDeadline: null }),
    'Delayed, we are on it.',
    'only reminders follow',
  );
  await db.orders.deleteOne({ _id: 'ord-1' });
  const mismatch = { ...failure, code: 'paymentMismatch' };
  const unpaid = await readOf({ next, decisionDeadline: at, failure: mismatch });
  assert.equal(unpaid, 'Delayed, we are on it.', 'nothing comes before the right payment');
});

test('a queued order tells its place among the orders of its package, by time of payment', async () => {
  const minute = (minutes: number) => new Date(Date.parse(at) + minutes * 60_000).toISOString();
  await db.orders.insertMany([
    { ...order, _id: 'third', paidAt: minute(3) },
    { ...order, _id: 'first', paidAt: minute(1) },
    { ...order, _id: 'second', paidAt: minute(2) },
    { ...order, _id: 'buying', status: 'provisioning', paidAt: minute(0) },
    { ...order, _id: 'other', packageKey: '103.182.44', paidAt: minute(0) },
  ]);
  assert.equal((await findOrder(deps, { orderId: 'first' }))?.statusText, 'Waiting its turn (1st)');
  assert.equal((await findOrder(deps, { orderId: 'third' }))?.statusText, 'Waiting its turn (3rd)');
});

test('places are written as ordinals', () => {
  const written = [1, 2, 3, 4, 11, 12, 13, 21, 101, 111].map((position) =>
    describeStatus({ status: 'queued', position }),
  );
  assert.deepEqual(
    written.map((text) => text.slice('Waiting its turn '.length)),
    ['(1st)', '(2nd)', '(3rd)', '(4th)', '(11th)', '(12th)', '(13th)', '(21st)', '(101st)', '(111th)'],
  );
});

test('no sentence for customers names a code, a supplier, a package or a lock', () => {
  for (const status of orderStatuses) {
    const sentence = describeStatusForCustomer({ status, expectedBy: '14:00' });
    assert.doesNotMatch(sentence, /supplier|smartvps|package|\block|stock|decision/i);
    assert.match(sentence, /\.$/);
  }
});

test('products are listed by id; one that is disabled, or of which nothing is free, is not available', async () => {
  const product = {
    name: 'Silver',
    supplier: 'smartvps',
    packageKey: '103.181.91',
    matchPolicy: 'exact',
    reserve: 0,
    sizes: [{ ramGb: 8, pricePaise: 49_900 }],
  } as const;
  const sizes = [...product.sizes];
  await db.products.insertMany([
    { ...product, sizes, _id: 'b', disabled: { note: 'off', at, by: 'monitor' } },
    { ...product, sizes, _id: 'a', disabled: null },
    { ...product, sizes, _id: 'c', reserve: 2, disabled: null },
  ]);
  const listed = async () => {
    const policy = resolvePolicy(defaultPolicy);
    const readStock = () => readOverview({ db, policy, now: () => at }, { historyDays: 0 });
    return (await listProducts({ readStock })).map(({ productId, available }) => [productId, available]);
  };
  assert.deepEqual(await listed(), [
    ['a', true],
    ['b', false],
    ['c', true],
  ]);
  await db.packages.insertOne(aPackage({ counts: { available: 3, readAt: at } }));
  await db.orders.deleteMany({});
  await db.orders.insertOne(anOrder({ _id: 'waits', status: 'waitingForStock' }));
  assert.deepEqual(await listed(), [
    ['a', true],
    ['b', false],
    ['c', false],
  ]);
  const products = await db.products.find().toArray();
  const [first] = await listProducts({ readStock: async () => ({ products, lines: [] }) });
  assert.deepEqual(first, { productId: 'a', name: 'Silver', available: true, sizes });
});
