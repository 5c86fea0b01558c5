import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MongoServerError } from 'mongodb';
import { type Collections, collectionsOf } from '../../src/database.ts';
import { anOrder, aPurchase, aTenancy } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';
import { createDice } from './dice.ts';
import { collectionsOver, createDatabaseStates } from './step-database.ts';

// The exploration runs on a database that is a value: it must do what the real one does. Every act is carried out on
// both, and both the answers and what is stored afterwards are compared.

function openStepDatabase(): Collections {
  const states = createDatabaseStates();
  let state = states.empty;
  return collectionsOver(async (call) => {
    const answer = states.call(state, call);
    state = answer.state;
    if (answer.error) throw answer.error;
    return answer.value;
  });
}

const { db: database } = await freshDatabase();

type Act = (db: Collections) => Promise<unknown>;
let round = 0;

/** What an act answered, reduced to what the ledger reads of it. */
async function answerOf(act: Act, db: Collections): Promise<unknown> {
  try {
    const answer = await act(db);
    if (typeof answer !== 'object' || answer === null) return answer;
    if ('matchedCount' in answer) return { matched: answer.matchedCount };
    return 'insertedId' in answer ? 'inserted' : answer;
  } catch (error) {
    if (error instanceof MongoServerError) return { code: error.code };
    throw error;
  }
}

async function contentOf(db: Collections): Promise<unknown> {
  const parts = [db.orders, db.purchases, db.openPurchases, db.servers] as unknown as Collections['orders'][];
  const lists = await Promise.all(parts.map((part) => part.find({}).toArray()));
  return lists.map((list) => list.sort((one, other) => (one._id < other._id ? -1 : 1)));
}

/** Members are compared in no order: a database may keep them in another one. */
async function compare(acts: Act[]): Promise<void> {
  round += 1;
  for (const name of ['orders', 'purchases', 'openPurchases', 'servers']) {
    await database.collection(name).deleteMany({});
  }
  const real = collectionsOf(database);
  const step = openStepDatabase();
  for (const [index, act] of acts.entries()) {
    const told = `act ${index + 1} of round ${round}: ${act}`;
    assert.deepEqual(await answerOf(act, step), await answerOf(act, real), told);
  }
  assert.deepEqual(await contentOf(step), await contentOf(real), `stored in round ${round}`);
}

test('inserts, finds and a duplicate _id are answered as by the real database', () =>
  compare([
    (db) => db.openPurchases.findOne({ _id: 'a' }),
    (db) => db.openPurchases.insertOne({ _id: 'a', highest: 1, purchaseId: null }),
    (db) => db.openPurchases.insertOne({ _id: 'a', highest: 9, purchaseId: 'x' }),
    (db) => db.openPurchases.findOne({ _id: 'a' }),
    (db) => db.purchases.insertOne(aPurchase({ _id: 'o#1' })),
    (db) => db.purchases.insertOne(aPurchase({ _id: 'o#1', state: 'sent' })),
    (db) => db.purchases.findOne({ _id: 'o#1' }),
    (db) => db.purchases.findOne({ _id: 'o#2' }),
    (db) => db.openPurchases.updateOne({ _id: 'nobody' }, { $set: { highest: 3 } }),
  ]));

test('claims of the fence by null, $lt and $max match as on the real database', () =>
  compare([
    (db) => db.openPurchases.insertOne({ _id: 'a', highest: 5, purchaseId: null }),
    ...[5, 6, 7].map(
      (highest): Act =>
        (db) =>
          db.openPurchases.updateOne(
            { _id: 'a', purchaseId: null, highest: { $lt: highest } },
            { $set: { purchaseId: `p${highest}`, highest } },
          ),
    ),
    (db) => db.openPurchases.updateOne({ _id: 'a', purchaseId: 'p6' }, { $max: { highest: 2 } }),
    (db) => db.openPurchases.updateOne({ _id: 'a', purchaseId: 'p6' }, { $max: { highest: 8 } }),
    (db) => db.openPurchases.updateOne({ _id: 'a', purchaseId: 'p7' }, { $set: { purchaseId: null } }),
    (db) => db.openPurchases.updateOne({ _id: 'a', purchaseId: 'p6' }, { $set: { purchaseId: null } }),
    (db) => db.openPurchases.findOne({ _id: 'a' }),
  ]));

const reply = { kind: 'answer' as const, httpStatus: 200, body: 'success|é"', receivedAt: 'now' };

test('rows move by $in, null and whole members as on the real database', () =>
  compare([
    (db) => db.purchases.insertOne(aPurchase({ _id: 'p#1', state: 'sent', sentAt: 'then' })),
    (db) =>
      db.purchases.updateOne(
        { _id: 'p#1', sentAt: 'other', reply: null, state: { $in: ['sent', 'unknown'] } },
        { $set: { reply } },
      ),
    (db) =>
      db.purchases.updateOne(
        { _id: 'p#1', sentAt: 'then', reply: null, state: { $in: ['sent', 'unknown'] } },
        { $set: { reply } },
      ),
    (db) => db.purchases.updateOne({ _id: 'p#1', reply: null }, { $set: { lateReply: reply } }),
    (db) => db.purchases.updateOne({ _id: 'p#1', lateReply: null }, { $set: { lateReply: reply } }),
    (db) => db.purchases.updateOne({ _id: 'p#1', state: { $in: [] } }, { $set: { ip: 'x' } }),
    (db) =>
      db.purchases.updateOne({ _id: 'p#1' }, { $set: { reply: null, sentAt: null, state: 'intended' } }),
    (db) => db.purchases.findOne({ _id: 'p#1' }),
  ]));

test('inner members, lists and the arbiter of an order match as on the real database', () =>
  compare([
    (db) => db.orders.insertOne(anOrder({ _id: 'o' })),
    (db) =>
      db.orders.updateOne(
        { _id: 'o', money: 'kept', 'goods.state': 'none' },
        { $set: { goods: { state: 'buying', purchaseId: 'o#1' } } },
      ),
    (db) => db.orders.updateOne({ _id: 'o', 'goods.state': 'none' }, { $set: { open: false } }),
    (db) =>
      db.orders.updateOne(
        { _id: 'o', 'goods.state': { $in: ['buying', 'parked'] }, 'goods.purchaseId': 'o#2' },
        { $set: { goods: { state: 'none' } } },
      ),
    (db) =>
      db.orders.updateOne(
        { _id: 'o', 'goods.state': { $in: ['buying', 'parked'] }, 'goods.purchaseId': 'o#1' },
        { $set: { goods: { state: 'none' } } },
      ),
    (db) => db.orders.updateOne({ _id: 'o', 'goods.purchaseId': null as never }, { $set: { version: 7 } }),
    (db) =>
      db.orders.updateOne(
        { _id: 'o' },
        {
          $push: {
            timeline: {
              $each: [
                { at: '1', text: 'a' },
                { at: '2', text: 'b' },
              ],
            },
          },
        },
      ),
    (db) => db.orders.updateOne({ _id: 'o' }, { $push: { timeline: { $each: [] } } }),
    (db) => db.orders.findOne({ _id: 'o' }),
    (db) =>
      db.servers.insertOne({
        _id: 's',
        supplier: 'smartvps',
        ip: '1',
        tenancy: aTenancy({ purchaseId: 'o#1' }),
        history: [],
      }),
    (db) =>
      db.servers.updateOne(
        { _id: 's', 'tenancy.purchaseId': 'o#1', 'tenancy.state': { $in: ['bought'] } },
        { $set: { 'tenancy.state': 'held', 'tenancy.since': 'then' } },
      ),
    (db) =>
      db.servers.updateOne(
        { _id: 's', 'tenancy.purchaseId': 'o#1', 'tenancy.expiresAt': null },
        { $set: { tenancy: aTenancy(), history: [aTenancy()] } },
      ),
    (db) => db.servers.findOne({ _id: 's' }),
  ]));

test('lists are found by $in, $gte and null as on the real database', () => {
  const rows = [
    aPurchase({ _id: 'a#1', state: 'sent', sentAt: '2026-11-21T10:00:00.000Z' }),
    aPurchase({ _id: 'b#1', state: 'case', sentAt: '2026-11-21T10:00:06.000Z' }),
    aPurchase({ _id: 'c#1', state: 'bought', sentAt: null }),
  ];
  const sorted = async (list: Promise<{ _id: string }[]>) =>
    (await list)
      .map(({ _id }) => _id)
      .sort()
      .join();
  return compare([
    ...rows.map(
      (row): Act =>
        (db) =>
          db.purchases.insertOne(row),
    ),
    (db) =>
      sorted(
        db.purchases.find({ supplier: 'smartvps', state: { $in: ['sent', 'unknown', 'case'] } }).toArray(),
      ),
    (db) =>
      sorted(
        db.purchases.find({ supplier: 'smartvps', sentAt: { $gte: '2026-11-21T10:00:00.000Z' } }).toArray(),
      ),
    (db) =>
      sorted(
        db.purchases
          .find({ sentAt: { $gte: '2026-11-21T10:00:01.000Z' }, state: { $in: ['bought', 'wrong'] } })
          .toArray(),
      ),
    (db) => sorted(db.purchases.find({ sentAt: null }).toArray()),
    (db) => sorted(db.purchases.find({ supplier: 'hostycare' }).toArray()),
    (db) =>
      sorted(
        db.purchases.find({ supplier: 'smartvps', packageKey: '103.181.91', state: 'bought' }).toArray(),
      ),
  ]);
});

test('random rounds of the ledger’s own calls end alike', async (t) => {
  const dice = createDice(20_261_121);
  const states = ['intended', 'sent', 'unknown', 'case', 'void', 'bought'] as const;
  const pick = <T>(list: readonly T[]): T => list[dice(list.length)] as T;
  const makers: (() => Act)[] = [
    () => {
      const [_id, state, sentAt] = [pick(['a#1', 'b#1']), pick(states), pick([null, '1', '2'])];
      return (db) => db.purchases.insertOne(aPurchase({ _id, state, sentAt }));
    },
    () => {
      const [_id, from, to] = [pick(['a#1', 'b#1']), [pick(states), pick(states)], pick(states)];
      const sentAt = pick([null, '1', '2']);
      return (db) => db.purchases.updateOne({ _id, state: { $in: from }, sentAt }, { $set: { state: to } });
    },
    () => {
      const [_id, sentAt] = [pick(['a#1', 'b#1']), pick([null, '1', '2'])];
      return (db) => db.purchases.updateOne({ _id, reply: null }, { $set: { reply, sentAt } });
    },
    () => {
      const highest = dice(6);
      return (db) => db.openPurchases.insertOne({ _id: 'f', highest, purchaseId: null });
    },
    () => {
      const [from, highest, to] = [pick([null, 'a#1', 'b#1']), dice(9), pick([null, 'a#1', 'b#1'])];
      const filter = { _id: 'f', purchaseId: from, highest: { $lt: highest } };
      return (db) => db.openPurchases.updateOne(filter, { $set: { purchaseId: to, highest } });
    },
    () => {
      const highest = dice(9);
      return (db) => db.openPurchases.updateOne({ _id: 'f' }, { $max: { highest } });
    },
  ];
  let acts = 0;
  for (let n = 0; n < 15; n += 1) {
    const list = Array.from({ length: 12 }, () => pick(makers)());
    acts += list.length;
    await compare(list);
  }
  t.diagnostic(`${acts} random calls on both databases`);
});
