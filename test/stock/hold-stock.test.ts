import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { collectionsOf } from '../../src/database.ts';
import { createStockHolder } from '../../src/stock/hold-stock.ts';
import { anOrder, aPackage, aPurchase } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const fresh = await freshDatabase();
const db = collectionsOf(fresh.db);
const readAt = '2026-11-21T10:00:00.000Z';
const earlier = '2026-11-21T09:50:00.000Z';
const later = '2026-11-21T10:01:00.000Z';
const policy = { checkoutHoldMs: 900_000, longestPurchaseMs: 240_000 };
const poolId = 'smartvps:103.181.91';
let clock = Date.parse('2026-11-21T10:02:00.000Z');

beforeEach(async () => {
  clock = Date.parse('2026-11-21T10:02:00.000Z');
  await Promise.all([db.packages.deleteMany({}), db.orders.deleteMany({}), db.purchases.deleteMany({})]);
  await db.packages.insertOne(aPackage({ counts: { available: 3, readAt } }));
});

const holder = () => createStockHolder({ db, policy, now: () => new Date(clock).toISOString() });
const wish = (orderId: string, reserve = 0) =>
  ({ orderId, supplier: 'smartvps', packageKey: '103.181.91', reserve }) as const;

async function freeNow(reserve = 0): Promise<number> {
  const hold = holder();
  for (let taken = 0; ; taken += 1) {
    if ((await hold(wish(`probe-${taken}`, reserve))).kind === 'full') return taken;
  }
}

test('of 50 parallel checkouts for the last 3, in two processes, exactly 3 are accepted', async () => {
  const holders = [holder(), holder()];
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, (_, index) => holders[index % 2]?.(wish(`order-${index}`))),
  );
  assert.equal(outcomes.filter((outcome) => outcome?.kind === 'held').length, 3);
  const pool = await db.packages.findOne({ _id: poolId });
  assert.deepEqual([pool?.holds?.length, pool?.holdsVersion], [3, 3]);
  const full = outcomes.find((outcome) => outcome?.kind === 'full');
  assert.deepEqual(full, {
    kind: 'full',
    sentence:
      'Package "103.181.91" is at capacity (0 IPs remaining). Please choose another package or contact support.',
  });
});

test('an order holds once, however often it asks; its hold ends by itself', async () => {
  const hold = holder();
  await hold(wish('a'));
  await hold(wish('a'));
  assert.equal((await db.packages.findOne({ _id: poolId }))?.holds?.length, 1);
  await Promise.all([hold(wish('b')), hold(wish('c'))]);
  assert.equal((await hold(wish('d'))).kind, 'full');
  clock += policy.checkoutHoldMs;
  assert.equal((await hold(wish('d'))).kind, 'held');
  const pool = await db.packages.findOne({ _id: poolId });
  assert.deepEqual(
    pool?.holds?.map(({ orderId }) => orderId),
    ['d'],
    'what has ended is forgotten',
  );
});

test('the reserve is kept back', async () => {
  assert.equal(await freeNow(2), 1);
  const full = await holder()(wish('z', 2));
  assert.match(full.kind === 'full' ? full.sentence : '', /at capacity \(2 IPs remaining\)/);
});

test('paid orders count until their purchase is in the count; one that holds and is paid counts once', async () => {
  await holder()(wish('a'));
  await db.orders.insertOne(anOrder({ _id: 'a', status: 'waitingForStock' }));
  assert.equal(await freeNow(), 2);
});

test('a hold is over once its order was paid and served, or has ended', async () => {
  const hold = holder();
  await Promise.all([hold(wish('a')), hold(wish('b'))]);
  await db.orders.insertOne(
    anOrder({ _id: 'a', open: false, status: 'active', goods: { state: 'delivered', purchaseId: 'a#1' } }),
  );
  await db.purchases.insertOne(
    aPurchase({ _id: 'a#1', state: 'bought', sentAt: earlier, settledAt: earlier }),
  );
  await db.orders.insertOne(anOrder({ _id: 'b', open: false, money: 'unpaid', status: 'cancelled' }));
  assert.equal(await freeNow(), 3);
});

test('a purchase that was sent since the count was asked for counts, an older one does not', async () => {
  const goods = (orderId: string) => ({ state: 'buying', purchaseId: `${orderId}#1` }) as const;
  await db.orders.insertOne(anOrder({ _id: 'a', goods: goods('a') }));
  await db.purchases.insertOne(
    aPurchase({ _id: 'a#1', state: 'bought', sentAt: earlier, settledAt: earlier }),
  );
  await db.orders.insertOne(
    anOrder({ _id: 'b', open: false, goods: { state: 'delivered', purchaseId: 'b#1' } }),
  );
  await db.purchases.insertOne(aPurchase({ _id: 'b#1', state: 'bought', sentAt: later, settledAt: later }));
  assert.equal(await freeNow(), 2);
});

test('other packages, unpaid and ended orders count nothing', async () => {
  await db.orders.insertOne(anOrder({ _id: 'a', packageKey: '103.184' }));
  await db.orders.insertOne(anOrder({ _id: 'b', money: 'unpaid', status: 'pendingPayment' }));
  await db.orders.insertOne(anOrder({ _id: 'c', open: false, money: 'refunded', status: 'refunded' }));
  assert.equal(await freeNow(), 3);
});

test('a package that was never read refuses nobody, a stale one goes by its last count, a dry one has nothing', async () => {
  await db.packages.updateOne({ _id: poolId }, { $set: { stale: { since: later, why: 'down' } } });
  assert.equal(await freeNow(), 3);
  await db.packages.updateOne(
    { _id: poolId },
    { $set: { holds: [], dry: { since: later, reading: 3, purchaseId: 'x#1' } } },
  );
  assert.equal(await freeNow(), 0);
  await db.packages.updateOne({ _id: poolId }, { $set: { counts: null, dry: null } });
  for (let index = 0; index < 10; index += 1) {
    assert.equal((await holder()(wish(`n-${index}`))).kind, 'held');
  }
});

test('a count that changes while a checkout looks is looked at again', async () => {
  const real = db.packages.updateOne.bind(db.packages);
  let changed = false;
  const packages = Object.create(db.packages, {
    updateOne: {
      value: async (...args: Parameters<typeof real>) => {
        if (!changed) await real({ _id: poolId }, { $set: { counts: { available: 0, readAt: later } } });
        changed = true;
        return real(...args);
      },
    },
  });
  const hold = createStockHolder({
    db: { ...db, packages },
    policy,
    now: () => new Date(clock).toISOString(),
  });
  assert.equal((await hold(wish('a'))).kind, 'full');
});
