import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Collections, collectionsOf } from '../../src/database.ts';
import type { Goods, Money } from '../../src/domain/order.ts';
import { deliverGoods, parkGoods, releaseGoods, takeGoodsForBuying } from '../../src/orders/order-arbiter.ts';
import { anOrder } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const { db: database } = await freshDatabase();
const db = collectionsOf(database);

const own = 'a#1';
const other = 'a#2';
const goodsStates: Goods[] = [
  { state: 'none' },
  ...(['buying', 'parked', 'delivered'] as const).flatMap((state) =>
    [own, other].map((purchaseId) => ({ state, purchaseId })),
  ),
];
const moneys: Money[] = ['unpaid', 'kept', 'refunding', 'refunded'];

type Move = (input: { db: Collections; orderId: string; purchaseId: string }) => Promise<unknown>;
const moves: Record<string, Move> = { takeGoodsForBuying, releaseGoods, parkGoods, deliverGoods };

/** The table of design 12 in words of its own: what a move of purchase a#1 makes of goods and money. */
function expected(move: string, goods: Goods, money: Money): { goods: Goods; answer: unknown } {
  const isOwn = goods.state !== 'none' && goods.purchaseId === own;
  const on = (states: string[]) => isOwn && states.includes(goods.state);
  const at = (state: 'buying' | 'parked' | 'delivered'): Goods => ({ state, purchaseId: own });
  switch (move) {
    case 'takeGoodsForBuying': {
      const free = goods.state === 'none' && money === 'kept';
      return { goods: free ? at('buying') : goods, answer: money === 'kept' && (free || on(['buying'])) };
    }
    case 'releaseGoods':
      return { goods: on(['buying', 'parked']) ? { state: 'none' } : goods, answer: undefined };
    case 'parkGoods':
      return { goods: on(['buying']) ? at('parked') : goods, answer: undefined };
    default: {
      const moves = on(['buying', 'parked']) && money === 'kept';
      return { goods: moves ? at('delivered') : goods, answer: moves || on(['delivered']) };
    }
  }
}

for (const [name, move] of Object.entries(moves)) {
  test(`${name} moves exactly where goods and money allow it, and answers the same when repeated`, async () => {
    for (const money of moneys) {
      for (const goods of goodsStates) {
        const _id = 'a';
        await db.orders.replaceOne({ _id }, anOrder({ _id, goods, money }), { upsert: true });
        const told = `${name} on ${JSON.stringify(goods)} and ${money}`;
        const wanted = expected(name, goods, money);
        assert.equal(await move({ db, orderId: _id, purchaseId: own }), wanted.answer, told);
        const after = await db.orders.findOne({ _id });
        assert.deepEqual([after?.goods, after?.money], [wanted.goods, money], told);
        const again = expected(name, wanted.goods, money);
        assert.equal(await move({ db, orderId: _id, purchaseId: own }), again.answer, `${told}, again`);
      }
    }
  });
}

test('an order that does not exist moves nothing', async () => {
  const input = { db, orderId: 'nobody', purchaseId: own };
  assert.equal(await takeGoodsForBuying(input), false);
  assert.equal(await deliverGoods(input), false);
});

test('delivery and a full refund exclude each other, whoever comes first', async () => {
  for (let round = 0; round < 12; round += 1) {
    const _id = `race-${round}`;
    await db.orders.insertOne(anOrder({ _id, goods: { state: 'parked', purchaseId: own } }));
    const refund = () =>
      db.orders.updateOne(
        { _id, money: 'kept', 'goods.state': { $in: ['none', 'parked'] } },
        { $set: { money: 'refunding' } },
      );
    const deliver = () => deliverGoods({ db, orderId: _id, purchaseId: own });
    const racers = round % 2 === 0 ? [refund, deliver, refund] : [deliver, refund, deliver];
    const results = await Promise.all(racers.map((racer) => racer()));
    const delivered = results.includes(true);
    const refunded = results.some((result) => typeof result === 'object' && result.matchedCount === 1);
    assert.notEqual(delivered, refunded, _id);
    const order = await db.orders.findOne({ _id });
    assert.deepEqual(
      [order?.goods.state, order?.money],
      delivered ? ['delivered', 'kept'] : ['parked', 'refunding'],
    );
  }
});

test('of many purchases that want the goods at once one gets them', async () => {
  await db.orders.insertOne(anOrder({ _id: 'many' }));
  const ids = Array.from({ length: 12 }, (_, n) => `many#${n + 1}`);
  const results = await Promise.all(
    ids.map((purchaseId) => takeGoodsForBuying({ db, orderId: 'many', purchaseId })),
  );
  const winners = ids.filter((_, n) => results[n]);
  assert.equal(winners.length, 1);
  assert.deepEqual((await db.orders.findOne({ _id: 'many' }))?.goods, {
    state: 'buying',
    purchaseId: winners[0],
  });
});
