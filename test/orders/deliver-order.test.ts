import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Goods, Money } from '../../src/domain/order.ts';
import { deliverOrder } from '../../src/orders/deliver-order.ts';
import type { PurchaseDocument } from '../../src/purchases/purchase-document.ts';
import type { Tenancy } from '../../src/servers/server-document.ts';
import { anOrder, aPurchase, aTenancy } from '../support/builders.ts';
import { createFaultyCollections } from '../support/faulty-collections.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const ip = '103.181.91.7';
const input = { orderId: 'a', purchaseId: 'a#1' };
const now = () => '2026-11-21T10:01:00.000Z';

async function setUp(
  changes: {
    money?: Money;
    goods?: Goods;
    state?: PurchaseDocument['state'];
    tenancy?: Partial<Tenancy>;
  } = {},
) {
  const { money = 'kept', goods = { state: 'buying', purchaseId: 'a#1' }, state = 'bought' } = changes;
  const db = createMemoryCollections();
  await db.orders.insertOne(anOrder({ _id: 'a', money, goods }));
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', state, ip }));
  const tenancy = aTenancy({ purchaseId: 'a#1', orderId: 'a', ...changes.tenancy });
  await db.servers.insertOne({ _id: `smartvps:${ip}`, supplier: 'smartvps', ip, tenancy, history: [] });
  const states = async () => [
    (await db.orders.findOne({ _id: 'a' }))?.goods.state,
    (await db.servers.findOne({ _id: `smartvps:${ip}` }))?.tenancy.state,
  ];
  return { db, states, deliver: () => deliverOrder({ db, now }, input) };
}

test('a bought server is handed over once, and the same when repeated', async () => {
  const { deliver, states } = await setUp();
  assert.deepEqual(await deliver(), { kind: 'delivered' });
  assert.deepEqual(await deliver(), { kind: 'delivered' });
  assert.deepEqual(await states(), ['delivered', 'delivered']);
});

for (const money of ['refunding', 'refunded'] as const) {
  test(`nothing is handed over where the money is ${money}`, async () => {
    const { deliver, states } = await setUp({ money, goods: { state: 'parked', purchaseId: 'a#1' } });
    assert.deepEqual(await deliver(), { kind: 'moneyGone', money });
    assert.deepEqual(await states(), ['parked', 'bought']);
  });
}

for (const state of ['wrong', 'case', 'unknown', 'intended'] as const) {
  test(`a purchase that is ${state} is not handed over`, async () => {
    const { deliver, states } = await setUp({ state });
    await assert.rejects(deliver(), {
      name: 'BrokenRecord',
      message: `Failed to deliver purchase a#1: it is ${state}, not bought.`,
    });
    assert.deepEqual(await states(), ['buying', 'bought']);
  });
}

const foreign: [Partial<Tenancy>, string][] = [
  [{ state: 'held' }, 'held for a#1'],
  [{ state: 'changing' }, 'changing for a#1'],
  [{ purchaseId: 'b#1' }, 'bought for b#1'],
  [{ state: 'foreign', purchaseId: null }, 'foreign for nobody'],
];
for (const [tenancy, holder] of foreign) {
  test(`a server that is ${holder} is not handed over, and the goods stay`, async () => {
    const { deliver, states } = await setUp({ tenancy });
    await assert.rejects(deliver(), {
      name: 'BrokenRecord',
      message: `Failed to deliver 103.181.91.7 for order a: the server is ${holder}.`,
    });
    assert.equal((await states())[0], 'buying');
  });
}

test('goods that are not of this purchase are told, not taken for gone money', async () => {
  const { deliver } = await setUp({ goods: { state: 'none' } });
  await assert.rejects(deliver(), {
    name: 'BrokenRecord',
    message: 'Failed to deliver 103.181.91.7 for order a: its goods are none, not a#1.',
  });
});

test('a hand-over that dies at any of its writes is completed by the next run', async () => {
  for (let write = 1; write <= 2; write += 1) {
    for (const when of ['before', 'after'] as const) {
      const { db, deliver, states } = await setUp();
      const faulty = createFaultyCollections(db, { write, when, kind: 'error' });
      await assert.rejects(deliverOrder({ db: faulty.db, now }, input));
      assert.deepEqual(await deliver(), { kind: 'delivered' });
      assert.deepEqual(await states(), ['delivered', 'delivered']);
    }
  }
});
