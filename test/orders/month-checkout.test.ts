import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FreeMonth } from '../../src/domain/free-month.ts';
import type { CheckoutDeps, IdempotencyKeyDocument } from '../../src/orders/checkout.ts';
import { checkOutMonth, offerMonth } from '../../src/orders/month-checkout.ts';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import type { PaymentGateway } from '../../src/payments/gateway.ts';
import { anOrder, aProduct, aPurchase, aTenancy } from '../support/builders.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const at = '2026-11-21T12:00:00.000Z';
const ip = '103.181.91.7';
const link = { orderId: 'a', act: 'renew' } as const;

/** Order `a` whose customer has its server in a free month. */
async function setUp(state: FreeMonth['state'] = 'running') {
  const db = createMemoryCollections();
  const freeMonth = { startedAt: at, until: '2026-12-20T00:00:00.000Z', state, renewalId: null };
  await db.orders.insertOne(
    anOrder({
      _id: 'a',
      status: 'active',
      money: 'refunded',
      goods: { state: 'delivered', purchaseId: 'a#1' },
      freeMonth,
    } as Partial<OrderDocument> & { _id: string }),
  );
  await db.products.insertOne(aProduct());
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', state: 'bought', ip }));
  const tenancy = aTenancy({ purchaseId: 'a#1', orderId: 'a', state: 'delivered' });
  await db.servers.insertOne({ _id: `smartvps:${ip}`, supplier: 'smartvps', ip, tenancy, history: [] });
  const opened: string[] = [];
  const cashfree = {
    createOrder: async ({ orderId }) => {
      opened.push(orderId);
      return { gatewayOrderId: orderId, sessionId: `session-${orderId}` };
    },
  } as Partial<PaymentGateway> as PaymentGateway;
  const keys = createMemoryCollections().settings as unknown as CheckoutDeps['db']['idempotencyKeys'];
  const checkout = {
    db: { ...db, idempotencyKeys: keys },
    gateways: { cashfree },
    policy: { checkoutExpiryMs: 3_600_000 },
    publicUrl: 'https://shop.example',
    orderLink: () => 'https://shop.example/orders/x?until=9&key=k',
    now: () => at,
    log: { info: () => undefined, warn: () => undefined },
  } as unknown as CheckoutDeps;
  const deps = { db, checkout, placeOrder: async () => assert.fail('not asked'), now: () => at };
  return {
    db,
    opened,
    keys: keys as unknown as { findOne(filter: object): Promise<IdempotencyKeyDocument | null> },
    offer: (act: 'renew' | 'switch' = 'renew') => offerMonth(deps, { ...link, act }),
    choose: () => checkOutMonth(deps, link),
  };
}

async function placedId(outcome: ReturnType<typeof checkOutMonth>): Promise<string> {
  const said = await outcome;
  return said.kind === 'placed' ? said.reply.orderId : assert.fail(JSON.stringify(said));
}

test('two clicks at once are one order to pay; a later click leads to it again', async () => {
  const { db, choose } = await setUp();
  const ids = await Promise.all([placedId(choose()), placedId(choose()), placedId(choose())]);
  assert.equal(new Set(ids).size, 1);
  assert.equal(await placedId(choose()), ids[0]);
  assert.equal((await db.orders.find({ 'freeMonthOf.orderId': 'a' }).toArray()).length, 1);
});

test('a renewal that expired unpaid is followed by a new one', async () => {
  const { db, choose } = await setUp();
  const first = await placedId(choose());
  await db.orders.updateOne({ _id: first }, { $set: { status: 'expired', open: false } });
  assert.notEqual(await placedId(choose()), first);
});

const ends: [FreeMonth['state'], RegExp][] = [
  ['renewing', /Your payment has arrived/],
  ['renewed', /renewed already; there is nothing to pay/],
  ['kept', /yours already; there is nothing to pay/],
  ['ending', /The free month is over/],
];
for (const [state, sentence] of ends) {
  test(`a month that is ${state} offers nothing more, and says why`, async () => {
    const { offer, choose, opened } = await setUp(state);
    for (const outcome of [await offer(), await offer('switch'), await choose()]) {
      assert.equal(outcome.kind, 'closed');
      assert.match(outcome.kind === 'closed' ? outcome.sentence : '', sentence);
    }
    assert.deepEqual(opened, []);
  });
}

test('a payment that has arrived closes both offers; a switched server closes them too', async () => {
  const paid = await setUp();
  const renewal = await placedId(paid.choose());
  await paid.db.orders.updateOne({ _id: renewal }, { $set: { money: 'kept' } });
  for (const act of ['renew', 'switch'] as const) {
    const offer = await paid.offer(act);
    assert.match(offer.kind === 'closed' ? offer.sentence : '', /Your payment has arrived/);
  }
  const switched = await setUp();
  await switched.db.orders.insertOne(
    anOrder({ _id: 'b', status: 'active', open: false, freeMonthOf: { orderId: 'a', act: 'switch' } }),
  );
  const offer = await switched.offer();
  assert.match(offer.kind === 'closed' ? offer.sentence : '', /The server you ordered is yours already/);
});

test('a switch to what is not sold at present is not offered, unless it was placed before; a renewal is', async () => {
  const { db, offer } = await setUp();
  await db.products.updateOne(
    { _id: 'silver-91' },
    { $set: { disabled: { note: 'Auto-disabled: Only 2 IPs left', at, by: 'stock monitor', auto: true } } },
  );
  assert.deepEqual(await offer('switch'), {
    kind: 'closed',
    sentence: 'This is not sold at present. Please write to us.',
  });
  assert.equal((await offer('renew')).kind, 'open');
  await db.orders.insertOne(
    anOrder({
      _id: 'b',
      status: 'pendingPayment',
      money: 'unpaid',
      freeMonthOf: { orderId: 'a', act: 'switch' },
    }),
  );
  assert.equal((await offer('switch')).kind, 'open');
});

test('who has paid by a gateway that is off by now renews by the one that is always on', async () => {
  const { db, choose } = await setUp();
  await db.orders.updateOne({ _id: 'a' }, { $set: { gateway: 'razorpay' } });
  const renewal = await db.orders.findOne({ _id: await placedId(choose()) });
  assert.equal(renewal?.gateway, 'cashfree');
});

test('an order without a month, or none at all, offers nothing', async () => {
  const { db, offer } = await setUp();
  await db.orders.updateOne({ _id: 'a' }, { $set: { freeMonth: null } });
  assert.equal((await offer()).kind, 'closed');
});
