import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Collections, collectionsOf } from '../../src/database.ts';
import { aTenancy } from '../support/builders.ts';
import { createFaultyCollections, type WriteFault } from '../support/faulty-collections.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';
import { freshDatabase } from '../support/stack.ts';
import { answered, type Behaviour, createPurchaseWorld, type PurchaseWorld, sold } from './purchase-world.ts';

// A purchase dies at each of its writes, before and after it, and is run again to its end. The supplier's own book
// is the judge: at most one sale per purchaseId, and no call after a sale.

interface Case {
  name: string;
  behave: (ip: string) => (call: number) => Behaviour;
  /** What the order ends in without any fault, and the goods and fence that go with it. */
  ends: string;
  taken?: boolean;
  /** What it may end in as well, where the fault came between the call and its consequences. */
  orEnds?: string;
}

const cases: Case[] = [
  { name: 'bought', behave: (ip) => () => ({ reply: sold(ip), sells: ip }), ends: 'right' },
  {
    name: 'wrong',
    behave: (ip) => () => ({ reply: sold(ip.replace('103.181.91', '103.182.44')), sells: ip }),
    ends: 'wrong',
  },
  { name: 'duplicate', behave: (ip) => () => ({ reply: sold(ip), sells: ip }), ends: 'case', taken: true },
  {
    name: 'refused',
    behave: () => () => ({ reply: answered('error|Insufficient balance'), sells: null }),
    ends: 'refused',
  },
  {
    name: 'lost',
    behave: (ip) => () => ({ reply: { kind: 'noAnswer', why: 'the connection broke' }, sells: ip }),
    ends: 'case',
  },
  {
    name: 'late',
    behave: (ip) => (call) =>
      call === 1 ? { reply: answered('', 404), sells: null } : { reply: sold(ip), sells: ip },
    ends: 'right',
    orEnds: 'notSent',
  },
  {
    name: 'locked-out',
    behave: () => () => ({ reply: answered('', 401), sells: null }),
    ends: 'notSent',
  },
];

let addresses = 0;

async function createWorld(db: Collections, one: Case, name: string): Promise<PurchaseWorld> {
  addresses += 1;
  const ip = `103.181.91.${addresses}`;
  const tenancy = aTenancy({ purchaseId: 'other#1', orderId: 'other', state: 'delivered' });
  if (one.taken) {
    await db.servers.insertOne({ _id: `smartvps:${ip}`, supplier: 'smartvps', ip, tenancy, history: [] });
  }
  return createPurchaseWorld({ db, name, behave: one.behave(ip) });
}

async function strike(db: Collections, one: Case, fault: WriteFault): Promise<void> {
  const world = await createWorld(db, one, `${one.name}-${fault.kind}-${fault.when}-${fault.write}`);
  const faulty = createFaultyCollections(db, fault);
  const first = await Promise.race([world.run({ db: faulty.db }), faulty.crashed]).catch(() => 'failed');
  const ends = await world.run();
  const where = `${world.orderId}: first ${first}, then ${ends}, ${JSON.stringify(world.book.calls)}`;
  assertSoldOnce(world, where);
  // What died between the move to `sent` and the stored answer is a case; all else ends as without a fault.
  const [row] = await db.purchases.find({ orderId: world.orderId }).toArray();
  assert.ok(row, where);
  const lostAnswer = row.reply === null && row.state === 'case';
  assert.ok(ends === one.ends || ends === one.orEnds || lostAnswer, where);
  await assertConsistent(world, where);
}

function assertSoldOnce({ book }: PurchaseWorld, where: string): void {
  for (const [index, call] of book.calls.entries()) {
    const before = book.calls.slice(0, index).filter(({ purchaseId }) => purchaseId === call.purchaseId);
    assert.ok(
      before.every((earlier) => earlier.sold === null),
      `called again after a sale; ${where}`,
    );
  }
}

async function assertConsistent(world: PurchaseWorld, where: string): Promise<void> {
  const { orderId, packageKey, db } = world;
  const rows = await db.purchases.find({ orderId }).toArray();
  assert.equal(rows.length, 1, where);
  const [row] = rows;
  const order = await db.orders.findOne({ _id: orderId });
  const fence = await db.openPurchases.findOne({ _id: `smartvps:${packageKey}` });
  assert.ok(row && order && fence, where);
  const goods = {
    bought: 'buying',
    intended: 'buying',
    case: 'parked',
    refused: 'none',
    wrong: 'none',
  } as Record<string, string>;
  assert.equal(order.goods.state, goods[row.state], `${where}, row ${row.state}`);
  assert.equal(fence.purchaseId, row.state === 'intended' ? row._id : null, where);
  const servers = await db.servers.find({ 'tenancy.purchaseId': row._id }).toArray();
  const expected = row.state === 'bought' ? ['bought'] : row.state === 'wrong' ? ['held'] : [];
  assert.deepEqual(
    servers.map(({ tenancy }) => tenancy.state),
    expected,
    where,
  );
}

async function strikeEverywhere(db: Collections, one: Case, kinds: WriteFault['kind'][]): Promise<void> {
  addresses = 0;
  const whole = await createWorld(db, one, `${one.name}-whole`);
  const counted = createFaultyCollections(db, null);
  assert.equal(await whole.run({ db: counted.db }), one.ends);
  await assertConsistent(whole, whole.orderId);
  assert.ok(counted.writes() >= 5);
  for (let write = 1; write <= counted.writes(); write += 1) {
    for (const when of ['before', 'after'] as const) {
      for (const kind of kinds) await strike(db, one, { write, when, kind });
    }
  }
}

for (const one of cases) {
  test(`a purchase that ends "${one.name}" survives a crash and a lost connection at each of its writes`, () =>
    strikeEverywhere(createMemoryCollections(), one, ['crash', 'error']));
}

test('on the database too, a purchase survives a crash at each of its writes', async () => {
  const { db } = await freshDatabase();
  const [bought] = cases;
  assert.ok(bought);
  await strikeEverywhere(collectionsOf(db), bought, ['crash']);
});
