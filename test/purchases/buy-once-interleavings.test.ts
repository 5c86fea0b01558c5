import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Collections } from '../../src/database.ts';
import type { PurchaseDocument } from '../../src/purchases/purchase-document.ts';
import { createInterleaving, type Interleaving } from '../support/interleaving.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';
import {
  answered,
  type Behaviour,
  createPurchaseWorld,
  createSupplierBook,
  type PurchaseWorld,
  type SupplierBook,
  sold,
} from './purchase-world.ts';

// Several runs buy from one package without any lock: runs of different orders and two runs of one order, in any
// order of their steps, with stalls, deaths and lost answers. Only the ledger and its fence are left to keep order.

const policy = {
  longestPurchaseMs: 20_000,
  settleAfterMs: 5_000,
  purchaseTries: 3,
  notBoughtAfterMs: 1_000,
  lowStockWarning: 5,
  settleProbesMax: 1_024,
  settleProbesPerSecond: 1_000,
};
const packageKey = '103.181.91';
const settledStates: PurchaseDocument['state'][] = [
  'bought',
  'wrong',
  'refused',
  'notBought',
  'void',
  'case',
];

interface Play {
  at: Interleaving;
  db: Collections;
  book: SupplierBook;
  inFlight: Set<string>;
  problems: string[];
  worlds: PurchaseWorld[];
}

async function createPlay(dice: (sides: number) => number, faults: boolean): Promise<Play> {
  const at = createInterleaving(dice);
  const db = createMemoryCollections(async () => {
    if (at.actor() === undefined) return;
    const roll = dice(200);
    if (faults && roll === 0 && at.actor()?.startsWith('mortal')) await at.killMe();
    await at.sleep(faults && roll === 1 ? 6_000 : dice(4));
  });
  const play: Play = { at, db, book: createSupplierBook(), inFlight: new Set(), problems: [], worlds: [] };
  for (const name of ['one', 'two', 'three']) play.worlds.push(await createWorld(play, dice, name));
  return play;
}

function createWorld(play: Play, dice: (sides: number) => number, name: string): Promise<PurchaseWorld> {
  const { db, at, book } = play;
  const behave = async (call: number, purchaseId: string): Promise<Behaviour> => {
    await watchOverlap(play, purchaseId);
    play.inFlight.add(purchaseId);
    await at.sleep(1_000 + dice(13_000));
    play.inFlight.delete(purchaseId);
    return answerOf(dice(8), `103.181.91.${call}`);
  };
  return createPurchaseWorld({ db, name, packageKey, clock: at, book, policy, behave });
}

function answerOf(roll: number, ip: string): Behaviour {
  if (roll === 0) return { reply: answered('error|Insufficient balance'), sells: null };
  if (roll === 1) return { reply: answered('', 404), sells: null };
  if (roll === 2) return { reply: { kind: 'noAnswer', why: 'the connection broke' }, sells: ip };
  if (roll === 3) return { reply: answered('', 502), sells: null };
  return { reply: sold(ip), sells: ip };
}

/** Rows are read past the schedule: the judge takes no time. */
async function watchOverlap({ db, inFlight, problems }: Play, purchaseId: string): Promise<void> {
  const rows = await db.purchases.find({}).toArray();
  for (const other of inFlight) {
    const row = rows.find(({ _id }) => _id === other);
    const isOver = row !== undefined && settledStates.includes(row.state);
    if (!isOver) problems.push(`${purchaseId} was sent while ${other} (${row?.state}) was at the supplier`);
  }
}

async function judge({ db, book, problems, worlds }: Play, told: string): Promise<void> {
  assert.deepEqual(problems, [], told);
  const rows = await db.purchases.find({}).toArray();
  const servers = await db.servers.find({}).toArray();
  for (const [index, call] of book.calls.entries()) {
    const earlier = book.calls.slice(0, index).filter(({ purchaseId }) => purchaseId === call.purchaseId);
    assert.ok(
      earlier.every((before) => before.sold === null),
      `${call.purchaseId} was called again after its sale; ${told}`,
    );
  }
  for (const row of rows) {
    assert.ok(
      settledStates.includes(row.state) || row.state === 'intended',
      `${row._id} is ${row.state}; ${told}`,
    );
    const sales = book.salesOf(row._id);
    if (row.state === 'bought') assert.equal(sales, 1, told);
    if (sales === 1) assert.ok(['bought', 'case'].includes(row.state), `${row._id} is ${row.state}; ${told}`);
    const homes = servers.filter(({ tenancy }) => tenancy.purchaseId === row._id);
    assert.equal(homes.length, row.ip === null ? 0 : 1, `${row._id}: ${homes.length} tenancies; ${told}`);
  }
  for (const { orderId } of worlds) {
    const order = await db.orders.findOne({ _id: orderId });
    const own = rows.filter((row) => row.orderId === orderId);
    assert.ok(own.filter(({ state }) => state === 'bought').length <= 1, `${orderId} bought twice; ${told}`);
    const latest = own.at(-1);
    const held = order?.goods.state === 'none' ? null : order?.goods.purchaseId;
    const holds = latest && ['bought', 'case', 'intended'].includes(latest.state) ? latest._id : null;
    assert.equal(held, holds, `goods of ${orderId}; ${told}`);
  }
  const fence = await db.openPurchases.findOne({ _id: `smartvps:${packageKey}` });
  const holder = rows.find(({ _id }) => _id === fence?.purchaseId);
  assert.ok(holder === undefined || holder.state === 'intended', `fence of ${holder?._id}; ${told}`);
}

function createDice(first: number): (sides: number) => number {
  let seed = first;
  return (sides) => {
    // mulberry32: small, and the same on every machine.
    seed = (seed + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) % 1_000_003) % sides;
  };
}

async function playAll(seed: number, faults: boolean): Promise<Play> {
  const play = await createPlay(createDice(seed), faults);
  const [one, two, three] = play.worlds;
  assert.ok(one && two && three);
  const ends = await play.at.play({
    'mortal one': () => one.run(),
    'mortal one again': () => one.run(),
    'mortal two': () => two.run(),
    'mortal two again': () => two.run(),
    'mortal three': () => three.run(),
  });
  const last = await play.at.play({ one: () => one.run(), two: () => two.run(), three: () => three.run() });
  const told = JSON.stringify({ seed, ends, last, calls: play.book.calls });
  const broken = Object.values({ ...ends, ...last }).filter((end) => end.startsWith('threw'));
  assert.deepEqual(broken, [], told);
  await judge(play, told);
  return play;
}

test('runs of several orders and two runs of one order never overlap at the supplier and never buy twice', () =>
  fc.assert(
    fc.asyncProperty(fc.nat(1_000_000), async (seed) => {
      await playAll(seed, false);
    }),
    { numRuns: 60 },
  ));

test('neither do they when runs stall for seconds and die at any step', () =>
  fc.assert(
    fc.asyncProperty(fc.nat(1_000_000), async (seed) => {
      await playAll(seed, true);
    }),
    { numRuns: 300 },
  ));
