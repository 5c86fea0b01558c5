import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { collectionsOf } from '../../src/database.ts';
import type { CheckoutRequest } from '../../src/domain/storefront.ts';
import type { ProductDocument } from '../../src/orders/catalogue.ts';
import { type CheckoutDeps, createCheckout, type IdempotencyKeyDocument } from '../../src/orders/checkout.ts';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import { GatewayError, type NewGatewayOrder, type PaymentGateway } from '../../src/payments/gateway.ts';
import { createStockHolder, releaseStock } from '../../src/stock/hold-stock.ts';
import { aPackage } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const product: ProductDocument = {
  _id: 'silver-91',
  name: '🌊 103.181.91',
  supplier: 'smartvps',
  packageKey: '103.181.91',
  matchPolicy: 'exact',
  reserve: 0,
  sizes: [
    { ramGb: 4, pricePaise: 29_900 },
    { ramGb: 8, pricePaise: 49_900 },
  ],
  disabled: null,
};

const request: CheckoutRequest = {
  productId: 'silver-91',
  ramGb: 8,
  os: 'Ubuntu 22',
  customer: { name: 'A Customer', email: 'customer@example.com', phone: '+919876543210' },
  discountCode: null,
  gateway: 'cashfree',
  idempotencyKey: null,
};

const at = '2026-11-23T08:00:00.000Z';

const fresh = await freshDatabase();
const db: CheckoutDeps['db'] = {
  ...collectionsOf(fresh.db),
  idempotencyKeys: fresh.db.collection<IdempotencyKeyDocument>('idempotencyKeys'),
};

beforeEach(async () => {
  await Promise.all([
    db.orders.deleteMany({}),
    db.products.deleteMany({}),
    db.idempotencyKeys.deleteMany({}),
  ]);
  await db.products.insertOne(product);
});

/** Remembers by idempotency key, as the real one does; `fail` makes the next calls fail. */
function fakeGateway() {
  const calls: { order: NewGatewayOrder; stored: OrderDocument | null }[] = [];
  const failures: GatewayError[] = [];
  const sessions = new Map<string, string>();
  const gateway: PaymentGateway = {
    name: 'cashfree',
    findOrder: async () => null,
    findPayments: async () => [],
    findRefund: async () => null,
    createRefund: async () => ({ status: 'pending' }),
    async createOrder(order) {
      calls.push({ order, stored: await db.orders.findOne({ _id: order.orderId }) });
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      const session = sessions.get(order.idempotencyKey) ?? `session-${sessions.size + 1}`;
      sessions.set(order.idempotencyKey, session);
      return { gatewayOrderId: `cf-${order.orderId}`, sessionId: session };
    },
  };
  return { gateway, calls, failures, sessions };
}

function checkoutWith(gateway: PaymentGateway, change: Partial<CheckoutDeps> = {}) {
  return createCheckout({
    db,
    holdStock: async () => ({ kind: 'held' }),
    releaseStock: async () => undefined,
    gateways: { cashfree: gateway },
    policy: { checkoutExpiryMs: 3_600_000 },
    now: () => at,
    publicUrl: 'https://shop.example',
    orderLink: ({ orderId, from }) =>
      `https://shop.example/orders/${orderId}?until=${Date.parse(from)}&key=k`,
    log: { info: () => {}, warn: () => {} },
    ...change,
  });
}

function placed(outcome: Awaited<ReturnType<ReturnType<typeof createCheckout>>>) {
  return outcome.kind === 'placed' ? outcome.reply : assert.fail(JSON.stringify(outcome));
}

test('a checkout stores the order before it asks the gateway, at the price of the catalogue', async () => {
  const { gateway, calls } = fakeGateway();
  const reply = placed(await checkoutWith(gateway)(request));
  assert.match(reply.orderId, /^[a-z0-9-]{3,40}$/);
  const orderUrl = `https://shop.example/orders/${reply.orderId}?until=${Date.parse(at)}&key=k`;
  assert.deepEqual(reply, {
    orderId: reply.orderId,
    status: 'pendingPayment',
    listPricePaise: 49_900,
    discountPaise: 0,
    amountPaise: 49_900,
    currency: 'INR',
    orderUrl,
    payment: { gateway: 'cashfree', gatewayOrderId: `cf-${reply.orderId}`, sessionId: 'session-1' },
  });
  assert.deepEqual(calls[0]?.order, {
    orderId: reply.orderId,
    amountPaise: 49_900,
    currency: 'INR',
    customer: { email: 'customer@example.com', phone: '+919876543210' },
    returnUrl: orderUrl,
    notifyUrl: 'https://shop.example/webhooks/cashfree',
    idempotencyKey: reply.orderId,
    expiresAt: '2026-11-23T08:55:00.000Z',
  });
  assert.equal(calls[0]?.stored?.status, 'pendingPayment');
});

test('a new order is unpaid, open, owned by nobody and has bought nothing', async () => {
  const { gateway } = fakeGateway();
  const { orderId } = placed(await checkoutWith(gateway)(request));
  const order = await db.orders.findOne({ _id: orderId });
  const { timeline, ...rest } = order ?? assert.fail('no order');
  assert.deepEqual(rest, {
    _id: orderId,
    status: 'pendingPayment',
    statusSince: at,
    version: 0,
    owner: null,
    open: true,
    goods: { state: 'none' },
    money: 'unpaid',
    remedy: null,
    productId: 'silver-91',
    productName: '🌊 103.181.91',
    supplier: 'smartvps',
    packageKey: '103.181.91',
    matchPolicy: 'exact',
    ramGb: 8,
    os: 'Ubuntu 22',
    amountPaise: 49_900,
    currency: 'INR',
    discount: null,
    customer: request.customer,
    gateway: 'cashfree',
    gatewayOrderId: `cf-${orderId}`,
    paymentSessionId: 'session-1',
    idempotency: null,
    createdAt: at,
    paidAt: null,
    paymentKey: null,
    failure: null,
    server: null,
    next: null,
  });
  assert.deepEqual(timeline, [{ at, text: 'Ordered: 🌊 103.181.91, 8 GB, Ubuntu 22, ₹499.00 by cashfree.' }]);
});

test('order ids sort by time', async () => {
  const { gateway } = fakeGateway();
  const times = ['2026-11-23T08:00:00.000Z', '2026-11-23T08:00:00.001Z', '2027-01-01T00:00:00.000Z'];
  const ids: string[] = [];
  for (const time of times) {
    ids.push(placed(await checkoutWith(gateway, { now: () => time })(request)).orderId);
  }
  assert.deepEqual([...ids].sort(), ids);
});

const refusals: [
  name: string,
  change: Partial<CheckoutRequest>,
  reason: string,
  field: string,
  sentence: RegExp,
][] = [
  ['an unknown product', { productId: 'gold' }, 'unknownProduct', 'productId', /no product "gold"/],
  ['a memory size that is not sold', { ramGb: 16 }, 'sizeNotSold', 'ramGb', /not sold with 16 GB.*4, 8/],
  [
    'a disabled product',
    { productId: 'off' },
    'productDisabled',
    'productId',
    /Auto-disabled: Only 3 IPs left/,
  ],
  ['a gateway that is off', { gateway: 'razorpay' }, 'gatewayOff', 'gateway', /razorpay is switched off/],
  [
    'a discount code nobody gave out',
    { discountCode: 'FREE' },
    'unknownDiscountCode',
    'discountCode',
    /not known/,
  ],
];

for (const [name, change, reason, field, sentence] of refusals) {
  test(`${name} is refused by name, nothing is stored and the gateway hears nothing`, async () => {
    const note = 'Auto-disabled: Only 3 IPs left (2026-11-23T08:00:00.000Z)';
    await db.products.insertOne({
      ...product,
      _id: 'off',
      disabled: { note, at, by: 'stock monitor', auto: true },
    });
    const { gateway, calls } = fakeGateway();
    const outcome = await checkoutWith(gateway)({ ...request, ...change, idempotencyKey: 'key' });
    assert.ok(outcome.kind === 'refused');
    assert.equal(outcome.reason, reason);
    assert.equal(outcome.field, field);
    assert.match(outcome.sentence, sentence);
    assert.equal(calls.length, 0);
    assert.equal(await db.orders.countDocuments(), 0);
    assert.equal(await db.idempotencyKeys.countDocuments(), 0);
  });
}

test("what a person noted when they took a product off stays the shop's own: the refusal does not tell it", async () => {
  const note = 'Supplier overcharged us, wait for the credit note';
  await db.products.insertOne({ ...product, _id: 'off', disabled: { note, at, by: 'asha' } });
  const outcome = await checkoutWith(fakeGateway().gateway)({ ...request, productId: 'off' });
  assert.ok(outcome.kind === 'refused');
  assert.equal(outcome.reason, 'productDisabled');
  assert.match(
    outcome.sentence,
    /^".+" is not sold at present\. Please choose another product or contact support\.$/,
  );
});

const unreachable = () => new GatewayError({ code: 'unreachable', message: 'Failed.' });

test('a gateway that fails leaves the order unpaid and names it', async () => {
  const { gateway, failures } = fakeGateway();
  failures.push(unreachable());
  const outcome = await checkoutWith(gateway)(request);
  assert.ok(outcome.kind === 'gatewayFailed');
  assert.match(outcome.sentence, new RegExp(`^Order ${outcome.orderId} is kept.*Try again\\.$`));
  const order = await db.orders.findOne({ _id: outcome.orderId });
  assert.deepEqual([order?.status, order?.gatewayOrderId], ['pendingPayment', null]);
});

test('a phone number that the gateway refuses is a refusal that names it', async () => {
  const { gateway, failures } = fakeGateway();
  failures.push(new GatewayError({ code: 'refused', message: 'Failed.', field: 'customer.phone' }));
  const outcome = await checkoutWith(gateway)(request);
  assert.deepEqual(
    [outcome.kind, outcome.kind === 'refused' && outcome.field],
    ['refused', 'customer.phone'],
  );
});

test('the same Idempotency-Key answers the first reply, also after the order has moved on and the price has changed', async () => {
  const { gateway, calls } = fakeGateway();
  const checkout = checkoutWith(gateway);
  const keyed = { ...request, idempotencyKey: 'key-1' };
  const first = placed(await checkout(keyed));
  await db.orders.updateOne({ _id: first.orderId }, { $set: { status: 'active', open: false } });
  await db.products.updateOne({ _id: product._id }, { $set: { sizes: [{ ramGb: 8, pricePaise: 1 }] } });
  assert.deepEqual(placed(await checkout(keyed)), first);
  assert.equal(calls.length, 1);
  assert.equal(await db.orders.countDocuments(), 1);
});

test('another checkout under the same Idempotency-Key is refused', async () => {
  const { gateway } = fakeGateway();
  const checkout = checkoutWith(gateway);
  await checkout({ ...request, idempotencyKey: 'key-1' });
  const others: Partial<CheckoutRequest>[] = [
    { ramGb: 4 },
    { os: 'CentOS 7' },
    { customer: { ...request.customer, email: 'other@example.com' } },
    { productId: 'gold' },
  ];
  for (const other of others) {
    const outcome = await checkout({ ...request, ...other, idempotencyKey: 'key-1' });
    assert.deepEqual(
      [outcome.kind, outcome.kind === 'refused' && outcome.reason],
      ['refused', 'idempotencyKeyReused'],
    );
  }
  assert.equal(await db.orders.countDocuments(), 1);
});

test('ten checkouts at once under one Idempotency-Key are one order and one reply', async () => {
  const { gateway, sessions } = fakeGateway();
  const checkout = checkoutWith(gateway);
  const keyed = { ...request, idempotencyKey: 'key-1' };
  const replies = await Promise.all(Array.from({ length: 10 }, async () => placed(await checkout(keyed))));
  for (const reply of replies) assert.deepEqual(reply, replies[0]);
  assert.equal(await db.orders.countDocuments(), 1);
  assert.equal(sessions.size, 1);
});

test('a gateway that failed is asked again under the same Idempotency-Key, for the same order', async () => {
  const { gateway, failures } = fakeGateway();
  failures.push(unreachable());
  const checkout = checkoutWith(gateway);
  const keyed = { ...request, idempotencyKey: 'key-1' };
  const failed = await checkout(keyed);
  assert.ok(failed.kind === 'gatewayFailed');
  assert.equal(placed(await checkout(keyed)).orderId, failed.orderId);
});

test('a checkout that ended before its payment was opened is not opened under its Idempotency-Key any more', async () => {
  for (const status of ['expired', 'cancelled'] as const) {
    const { gateway, failures, calls } = fakeGateway();
    failures.push(unreachable());
    const checkout = checkoutWith(gateway);
    const keyed = { ...request, idempotencyKey: `key-${status}` };
    const failed = await checkout(keyed);
    assert.ok(failed.kind === 'gatewayFailed');
    await db.orders.updateOne({ _id: failed.orderId }, { $set: { status, open: false } });
    const late = await checkout(keyed);
    assert.ok(late.kind === 'refused', JSON.stringify(late));
    assert.equal(late.reason, 'idempotencyKeyReused');
    assert.match(late.sentence, new RegExp(`has ended as ${status}.*another Idempotency-Key`));
    assert.equal(calls.length, 1, 'the gateway hears no more of it');
  }
});

test('a crash after any step is finished by the repeat under the same Idempotency-Key', async () => {
  const keyed = { ...request, idempotencyKey: 'key-1' };
  const crash = new Error('crash');
  const crashing = (collection: object, method: string) =>
    new Proxy(collection, {
      get(target, name) {
        if (name === method) return () => Promise.reject(crash);
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  const crashes: [after: string, deps: (gateway: PaymentGateway) => Partial<CheckoutDeps>][] = [
    ['the key', () => ({ db: { ...db, orders: crashing(db.orders, 'insertOne') as typeof db.orders } })],
    [
      'the order',
      (gateway) => ({ gateways: { cashfree: { ...gateway, createOrder: () => Promise.reject(crash) } } }),
    ],
    ['the gateway', () => ({ db: { ...db, orders: crashing(db.orders, 'updateOne') as typeof db.orders } })],
  ];
  for (const [after, change] of crashes) {
    const { gateway, sessions } = fakeGateway();
    await assert.rejects(checkoutWith(gateway, change(gateway))(keyed), crash, after);
    const claim = await db.idempotencyKeys.findOne({ _id: 'key-1' });
    const reply = placed(await checkoutWith(gateway)(keyed));
    assert.equal(reply.orderId, claim?.orderId, after);
    assert.deepEqual(placed(await checkoutWith(gateway)(keyed)), reply);
    assert.equal(await db.orders.countDocuments(), 1, after);
    assert.equal(sessions.size, 1, after);
    await Promise.all([db.orders.deleteMany({}), db.idempotencyKeys.deleteMany({})]);
  }
});

test('a checkout beyond the stock is refused with the sentence of the holder, and leaves no order behind', async () => {
  const { gateway, calls } = fakeGateway();
  const asked: unknown[] = [];
  const sentence = 'Package "103.181.91" is at capacity (0 IPs remaining).';
  const holdStock: CheckoutDeps['holdStock'] = async (input) => {
    asked.push(input);
    return asked.length === 1 ? { kind: 'full', sentence } : { kind: 'held' };
  };
  const checkOut = checkoutWith(gateway, { holdStock });
  const withKey = { ...request, idempotencyKey: 'key-1' };
  assert.deepEqual(await checkOut(withKey), {
    kind: 'refused',
    reason: 'atCapacity',
    field: 'productId',
    sentence,
  });
  assert.deepEqual([await db.orders.countDocuments(), calls.length], [0, 0]);
  const { orderId } = placed(await checkOut(withKey));
  const of = { orderId, supplier: 'smartvps', packageKey: '103.181.91', reserve: 0 };
  assert.deepEqual(asked, [of, of], 'the same key asks again, for the same order');
});

/** The real holder on one address, as `checkoutWith` takes it. */
async function lastAddress(): Promise<Pick<CheckoutDeps, 'holdStock' | 'releaseStock'>> {
  const stock = collectionsOf(fresh.db);
  await stock.packages.deleteMany({});
  await stock.packages.insertOne(aPackage({ counts: { available: 1, readAt: at } }));
  const policy = { checkoutHoldMs: 900_000, longestPurchaseMs: 240_000 };
  return {
    holdStock: createStockHolder({ db: stock, policy, now: () => at }),
    releaseStock: (input) => releaseStock({ db: stock }, input),
  };
}

test('a checkout that the gateway refuses, or cannot take, lets go of the last address at once', async () => {
  const { gateway, failures } = fakeGateway();
  const checkOut = checkoutWith(gateway, await lastAddress());
  failures.push(new GatewayError({ code: 'refused', message: 'Failed.', field: 'customer.phone' }));
  assert.equal((await checkOut(request)).kind, 'refused');
  failures.push(unreachable());
  assert.equal((await checkOut(request)).kind, 'gatewayFailed');
  placed(await checkOut(request));
  const full = await checkOut(request);
  assert.equal(full.kind === 'refused' && full.reason, 'atCapacity', 'one that is placed keeps it');
});

test('a checkout with a key keeps its address while the gateway is away, and holds it again where it was let go', async () => {
  const { gateway, failures } = fakeGateway();
  const checkOut = checkoutWith(gateway, await lastAddress());
  const mine = { ...request, idempotencyKey: 'key-1' };
  const other = { ...request, idempotencyKey: 'key-2' };
  failures.push(unreachable());
  assert.equal((await checkOut(mine)).kind, 'gatewayFailed');
  const full = await checkOut(other);
  assert.equal(full.kind === 'refused' && full.reason, 'atCapacity');
  failures.push(new GatewayError({ code: 'refused', message: 'Failed.', field: 'customer.phone' }));
  assert.equal((await checkOut(mine)).kind, 'refused');
  placed(await checkOut(other));
  const late = await checkOut(mine);
  assert.equal(late.kind === 'refused' && late.reason, 'atCapacity', 'the address is another one’s now');
});
