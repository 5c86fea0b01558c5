import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Collections, collectionsOf, insertOnce } from '../../src/database.ts';
import { anOrder, aPackage, aPayment, aPurchase, aTenancy } from '../support/builders.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';
import { freshDatabase } from '../support/stack.ts';

// The tests of interleavings run on collections in memory: these must do what the database does.

const { db: database } = await freshDatabase();
const kinds: [string, Collections][] = [
  ['the database', collectionsOf(database)],
  ['the collections in memory', createMemoryCollections()],
];

for (const [name, db] of kinds) {
  test(`${name}: an insert of a known _id changes nothing and is told`, async () => {
    assert.equal(await insertOnce(db.openPurchases, { _id: 'a', highest: 1, purchaseId: null }), true);
    assert.equal(await insertOnce(db.openPurchases, { _id: 'a', highest: 9, purchaseId: 'x' }), false);
    assert.deepEqual(await db.openPurchases.findOne({ _id: 'a' }), {
      _id: 'a',
      highest: 1,
      purchaseId: null,
    });
  });

  test(`${name}: conditional updates count what they matched, by null, $lt, $in, $ne and inner members`, async () => {
    const claim = (highest: number) =>
      db.openPurchases.updateOne(
        { _id: 'a', purchaseId: null, highest: { $lt: highest } },
        { $set: { purchaseId: 'x', highest } },
      );
    assert.equal((await claim(1)).matchedCount, 0);
    assert.equal((await claim(2)).matchedCount, 1);
    assert.equal((await claim(3)).matchedCount, 0);
    await db.openPurchases.updateOne({ _id: 'a', purchaseId: 'x' }, { $max: { highest: 1 } });
    assert.equal((await db.openPurchases.findOne({ _id: 'a' }))?.highest, 2);
    await db.orders.insertOne(anOrder({ _id: 'o', goods: { state: 'buying', purchaseId: 'o#1' } }));
    const park = await db.orders.updateOne(
      { _id: 'o', 'goods.state': { $in: ['buying', 'parked'] }, 'goods.purchaseId': 'o#1' },
      { $set: { goods: { state: 'none' } } },
    );
    assert.equal(park.matchedCount, 1);
    assert.deepEqual((await db.orders.findOne({ _id: 'o' }))?.goods, { state: 'none' });
    const cancelled = { _id: 'o', status: { $ne: 'queued' as const } };
    assert.equal((await db.orders.updateOne(cancelled, { $set: { open: false } })).matchedCount, 0);
  });

  test(`${name}: what is not after a time is found, and what has none as well`, async () => {
    const readAt = '2026-11-21T10:00:00.000Z';
    await db.packages.insertOne(aPackage({ counts: null }));
    const { _id } = aPackage();
    const isNotAfter = async (at: string) => {
      const found = { _id, 'counts.readAt': { $not: { $gt: at } } };
      return (await db.packages.updateOne(found, { $set: { stale: null } })).matchedCount === 1;
    };
    assert.equal(await isNotAfter(readAt), true, 'never read');
    await db.packages.updateOne({ _id }, { $set: { counts: { available: 1, readAt } } });
    assert.equal(await isNotAfter(readAt), true);
    assert.equal(await isNotAfter('2026-11-21T09:59:59.999Z'), false);
  });

  test(`${name}: a reply comes back member by member as it was stored`, async () => {
    const reply = { kind: 'answer' as const, httpStatus: 200, body: 'success|é"', receivedAt: 'now' };
    await db.purchases.insertOne(aPurchase({ _id: 'p#1' }));
    await db.purchases.updateOne({ _id: 'p#1', reply: null, sentAt: null }, { $set: { reply } });
    assert.equal(JSON.stringify((await db.purchases.findOne({ _id: 'p#1' }))?.reply), JSON.stringify(reply));
  });

  test(`${name}: rows are found by a time from which on, never where there is none, and by a list of ids`, async () => {
    const sent = (_id: string, sentAt: string | null) => db.purchases.insertOne(aPurchase({ _id, sentAt }));
    await sent('t#1', '2026-11-21T10:00:00.000Z');
    await sent('t#2', '2026-11-21T10:00:00.001Z');
    await sent('t#3', null);
    const later = await db.purchases.find({ sentAt: { $gte: '2026-11-21T10:00:00.001Z' } }).toArray();
    assert.deepEqual(
      later.map(({ _id }) => _id),
      ['t#2'],
    );
    const listed = await db.purchases.find({ _id: { $in: ['t#1', 't#3', 'none'] } }).toArray();
    assert.deepEqual(listed.map(({ _id }) => _id).sort(), ['t#1', 't#3']);
  });

  test(`${name}: a share is taken and given back once, by the list that holds its id`, async () => {
    const row = { ...aPayment({ orderId: 'm' }), verdict: null, recordedAt: 'now' };
    await db.payments.insertOne({ ...row, _id: 'm', refundablePaise: 100, refundIds: [] });
    const take = (id: string, paise: number) =>
      db.payments.updateOne(
        { _id: 'm', refundIds: { $ne: id }, refundablePaise: { $gte: paise } },
        { $inc: { refundablePaise: -paise }, $push: { refundIds: id } },
      );
    const giveBack = (id: string, paise: number) =>
      db.payments.updateOne(
        { _id: 'm', refundIds: id },
        { $inc: { refundablePaise: paise }, $pull: { refundIds: id } },
      );
    const counts = [await take('a', 60), await take('a', 40), await take('b', 41), await take('b', 40)];
    assert.deepEqual(
      counts.map(({ matchedCount }) => matchedCount),
      [1, 0, 0, 1],
    );
    const back = [await giveBack('a', 60), await giveBack('a', 60), await giveBack('c', 1)];
    assert.deepEqual(
      back.map(({ matchedCount }) => matchedCount),
      [1, 0, 0],
    );
    const { refundablePaise, refundIds } = (await db.payments.findOne({ _id: 'm' })) ?? {};
    assert.deepEqual([refundablePaise, refundIds], [60, ['b']]);
  });

  test(`${name}: inner members are set and lists grow`, async () => {
    const server = { supplier: 'smartvps' as const, ip: '1', tenancy: aTenancy(), history: [] };
    await db.servers.insertOne({ _id: 's', ...server });
    await db.servers.updateOne(
      { _id: 's', 'tenancy.purchaseId': null },
      { $set: { 'tenancy.state': 'held' } },
    );
    assert.equal((await db.servers.findOne({ _id: 's' }))?.tenancy.state, 'held');
    const lines = [
      { at: '1', text: 'a' },
      { at: '2', text: 'b' },
    ];
    await db.orders.updateOne({ _id: 'o' }, { $push: { timeline: { $each: lines } } });
    await db.orders.updateOne({ _id: 'o' }, { $push: { timeline: { $each: [] } } });
    assert.deepEqual((await db.orders.findOne({ _id: 'o' }))?.timeline, lines);
  });
}
