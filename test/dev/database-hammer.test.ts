import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Collection, MongoClient, MongoServerError } from 'mongodb';
import { freshDatabase, useStack } from '../support/stack.ts';

// Whatever database the stack started must give every race one winner: money and goods depend on it.

interface Row {
  _id: string;
  state?: string;
  winner?: string;
  count?: number;
}

const clientCount = 4;
const racersPerClient = 5;
const racerCount = clientCount * racersPerClient;
const rounds = 10;

const { mongodbUri } = await useStack();
const { name, db } = await freshDatabase();
const clients = await Promise.all(Array.from({ length: clientCount }, () => MongoClient.connect(mongodbUri)));
after(() => Promise.all(clients.map((client) => client.close())));

function race<Result>(collection: string, run: (rows: Collection<Row>, racer: string) => Promise<Result>) {
  return Promise.all(
    Array.from({ length: racerCount }, (_, n) => {
      const client = clients[n % clientCount];
      assert.ok(client);
      return run(client.db(name).collection<Row>(collection), `racer-${n}`);
    }),
  );
}

async function eachRound(run: (round: number) => Promise<void>) {
  for (let round = 0; round < rounds; round += 1) await run(round);
}

function winners(outcomes: readonly boolean[]): number {
  return outcomes.filter((won) => won).length;
}

/** False where the unique _id was taken; every other error is one. */
async function wonAgainstDuplicates(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (thrown) {
    assert.ok(thrown instanceof MongoServerError);
    assert.equal(thrown.code, 11000);
    return false;
  }
}

test('one of many parallel compare-and-sets wins, and the document names it', () =>
  eachRound(async (round) => {
    const _id = `cas-${round}`;
    await db.collection<Row>('cas').insertOne({ _id, state: 'free' });
    const outcomes = await race('cas', async (rows, winner) => {
      const { modifiedCount } = await rows.updateOne(
        { _id, state: 'free' },
        { $set: { state: 'taken', winner } },
      );
      return modifiedCount === 1 ? winner : null;
    });
    const won = outcomes.filter((racer) => racer !== null);
    assert.equal(won.length, 1);
    assert.equal((await db.collection<Row>('cas').findOne({ _id }))?.winner, won[0]);
  }));

test('parallel $inc loses no count', async () => {
  const _id = 'counter';
  await db.collection<Row>('inc').insertOne({ _id, count: 0 });
  await eachRound(async () => {
    await race('inc', (rows) => rows.updateOne({ _id }, { $inc: { count: 1 } }));
  });
  assert.equal((await db.collection<Row>('inc').findOne({ _id }))?.count, racerCount * rounds);
});

test('parallel upserts of one _id make one document and lose no count', () =>
  eachRound(async (round) => {
    const _id = `upsert-${round}`;
    const inserted = await race('upsert', async (rows) => {
      const write = () => rows.updateOne({ _id }, { $inc: { count: 1 } }, { upsert: true });
      // An upsert may meet the insert of another one; then the document is there, and the same write is an update.
      const result = await write().catch((thrown: unknown) => {
        assert.ok(thrown instanceof MongoServerError && thrown.code === 11000);
        return write();
      });
      return result.upsertedCount === 1;
    });
    assert.equal(winners(inserted), 1);
    assert.equal((await db.collection<Row>('upsert').findOne({ _id }))?.count, racerCount);
  }));

test('one of many parallel inserts of one _id wins, the others get code 11000', () =>
  eachRound(async (round) => {
    const _id = `insert-${round}`;
    const outcomes = await race('insert', (rows, winner) =>
      wonAgainstDuplicates(rows.insertOne({ _id, winner })),
    );
    assert.equal(winners(outcomes), 1);
    assert.equal(await db.collection<Row>('insert').countDocuments({ _id }), 1);
  }));

test('one of many parallel findOneAndUpdates wins and gets the document it changed', () =>
  eachRound(async (round) => {
    const _id = `take-${round}`;
    await db.collection<Row>('take').insertOne({ _id, state: 'free' });
    const outcomes = await race('take', async (rows, winner) => {
      const change = { $set: { state: 'taken', winner } };
      const row = await rows.findOneAndUpdate({ _id, state: 'free' }, change, { returnDocument: 'after' });
      if (row !== null) assert.equal(row.winner, winner);
      return row !== null;
    });
    assert.equal(winners(outcomes), 1);
  }));

test('one of many parallel deletes removes the document', () =>
  eachRound(async (round) => {
    const _id = `delete-${round}`;
    await db.collection<Row>('delete').insertOne({ _id });
    const outcomes = await race('delete', async (rows) => (await rows.deleteOne({ _id })).deletedCount === 1);
    assert.equal(winners(outcomes), 1);
    assert.equal(await db.collection<Row>('delete').findOne({ _id }), null);
  }));

test('a write without acknowledgement takes its turn too and is not lost', async () => {
  const _id = 'quiet';
  await db.collection<Row>('quiet').insertOne({ _id, count: 0 });
  await race('quiet', (rows, racer) => {
    const writeConcern = racer.endsWith('0') ? { w: 0 as const } : { w: 1 as const };
    return rows.updateOne({ _id }, { $inc: { count: 1 } }, { writeConcern });
  });
  const deadline = Date.now() + 10_000;
  let count = 0;
  while (count < racerCount && Date.now() < deadline) {
    count = (await db.collection<Row>('quiet').findOne({ _id }))?.count ?? 0;
  }
  assert.equal(count, racerCount);
});
