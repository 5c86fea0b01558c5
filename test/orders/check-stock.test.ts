import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Collections } from '../../src/database.ts';
import type { PackageDocument } from '../../src/orders/catalogue.ts';
import { checkStock, markPackageDry } from '../../src/orders/check-stock.ts';
import { createStockReader } from '../../src/suppliers/read-package.ts';
import type { PackageReading, StockReader } from '../../src/suppliers/stock-reader.ts';
import type { StockReading, Supplier } from '../../src/suppliers/supplier.ts';
import { SupplierError } from '../../src/suppliers/supplier-error.ts';
import { anOrder, aPackage, aProduct } from '../support/builders.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const now = () => '2026-11-21T10:00:00.000Z';
const poolId = 'smartvps:103.181.91';
const dryAt = (reading: number | null) => ({ since: now(), reading, purchaseId: 'a#1' });

function counted(count: number): PackageReading {
  return { kind: 'count', count, name: '103.181.91', packageId: '5', all: [], readFrom: now() };
}

async function setUp(changes: { pool?: Partial<PackageDocument>; reserve?: number } = {}) {
  const db = createMemoryCollections();
  await db.orders.insertOne(anOrder({ _id: 'a' }));
  await db.packages.insertOne(aPackage(changes.pool));
  await db.products.insertOne(aProduct({ reserve: changes.reserve ?? 0 }));
  return db;
}

function check(db: Collections, reading: PackageReading | StockReader, trial = false) {
  const readStock = typeof reading === 'function' ? reading : async () => reading;
  return checkStock({ db, readStock, now }, { orderId: 'a', trial, lowStockWarning: 5 });
}

test('a count above the reserve is available, low at the mark, and is remembered with name and id', async () => {
  const db = await setUp();
  const available = { kind: 'available', packageName: '103.181.91' };
  assert.deepEqual(await check(db, counted(6)), { ...available, count: 6, low: false });
  assert.deepEqual(await check(db, counted(5)), { ...available, count: 5, low: true });
  const pool = await db.packages.findOne({ _id: poolId });
  assert.deepEqual([pool?.counts?.available, pool?.packageId], [5, '5']);
});

test('a look that began before the last one is judged, but does not take its place', async () => {
  const later = { available: 2, readAt: '2999-01-01T00:00:00.000Z', all: [] };
  const db = await setUp({ pool: { counts: later } });
  assert.equal((await check(db, counted(6))).kind, 'available');
  assert.deepEqual((await db.packages.findOne({ _id: poolId }))?.counts, later);
});

test('a count at the reserve is short', async () => {
  for (const [reserve, count, kind] of [
    [0, 0, 'short'],
    [0, 1, 'available'],
    [3, 3, 'short'],
    [3, 4, 'available'],
  ] as const) {
    assert.equal(
      (await check(await setUp({ reserve }), counted(count))).kind,
      kind,
      `${count} of ${reserve}`,
    );
  }
});

test('a renamed package is followed by its id, and the order asks for the new name', async () => {
  const db = await setUp({ pool: { packageId: '5' } });
  const asked: unknown[] = [];
  const found = await check(db, async (question) => {
    asked.push(question);
    return { ...counted(9), name: 'Silver 91' } as PackageReading;
  });
  assert.deepEqual(found, { kind: 'available', count: 9, low: false, packageName: 'Silver 91' });
  assert.deepEqual(asked, [{ supplier: 'smartvps', name: '103.181.91', packageId: '5' }]);
  const pool = await db.packages.findOne({ _id: poolId });
  assert.deepEqual([pool?.name, pool?.packageKey], ['Silver 91', '103.181.91']);
});

const troubles: PackageReading[] = [
  { kind: 'missing', sentence: 'It is not listed.' },
  { kind: 'unreachable', why: 'it is down' },
  { kind: 'rejectedCredentials', why: 'it does not know us' },
];
for (const trouble of troubles) {
  test(`a reading that is ${trouble.kind} is told and keeps the last count`, async () => {
    const counts = { available: 7, readAt: now(), all: [], readFrom: now() };
    const db = await setUp({ pool: { counts } });
    assert.deepEqual(await check(db, trouble), trouble);
    assert.deepEqual((await db.packages.findOne({ _id: poolId }))?.counts, counts);
  });
}

test('a dry package counts as empty until its count differs; a trial buys once all the same', async () => {
  const db = await setUp({ pool: { dry: dryAt(9) } });
  assert.deepEqual(await check(db, counted(9)), { kind: 'short', count: 9, reserve: 0, dry: true });
  assert.equal((await check(db, counted(9), true)).kind, 'available');
  assert.equal((await check(db, counted(9))).kind, 'short');
  assert.equal((await check(db, counted(10))).kind, 'available');
  assert.equal((await db.packages.findOne({ _id: poolId }))?.dry, null);
});

test('a trial does not buy what the supplier counts as empty', async () => {
  const db = await setUp({ pool: { dry: dryAt(0) } });
  assert.deepEqual(await check(db, counted(0), true), { kind: 'short', count: 0, reserve: 0, dry: true });
});

test('a dry package without a reading takes the first one as its mark', async () => {
  const db = await setUp({ pool: { dry: dryAt(null) } });
  assert.equal((await check(db, counted(4))).kind, 'short');
  assert.equal((await check(db, counted(4))).kind, 'short');
  assert.equal((await check(db, counted(3))).kind, 'available');
});

test('a check does not take away a mark that a later wrong purchase set meanwhile', async () => {
  for (const reading of [9, null]) {
    const db = await setUp({ pool: { dry: dryAt(reading) } });
    const later = { ...dryAt(8), purchaseId: 'b#1' };
    await check(db, async () => {
      // The check read the package before it asked the supplier: this mark is newer.
      await db.packages.updateOne({ _id: poolId }, { $set: { dry: later } });
      return counted(8);
    });
    assert.deepEqual((await db.packages.findOne({ _id: poolId }))?.dry, later);
  }
});

test('a wrong purchase marks its package once, with the count right after it', async () => {
  const db = await setUp();
  const mark = (reading: PackageReading, purchaseId = 'a#1') =>
    markPackageDry({ db, readStock: async () => reading, now }, { orderId: 'a', purchaseId });
  await mark(counted(9));
  await mark(counted(4));
  assert.deepEqual((await db.packages.findOne({ _id: poolId }))?.dry, dryAt(9));
  await mark({ kind: 'unreachable', why: 'down' }, 'a#2');
  assert.deepEqual((await db.packages.findOne({ _id: poolId }))?.dry, { ...dryAt(null), purchaseId: 'a#2' });
});

test('an order or a package that nobody knows is told as broken', async () => {
  const db = createMemoryCollections();
  await assert.rejects(check(db, counted(9)), {
    name: 'BrokenRecord',
    message: 'Failed to check the stock for order a: it does not exist.',
  });
  await db.orders.insertOne(anOrder({ _id: 'a' }));
  await assert.rejects(check(db, counted(9)), {
    message: 'Failed to check the stock of 103.181.91: the package was never imported.',
  });
});

function readerOf(readStock: () => Promise<StockReading>): StockReader {
  return createStockReader(() => ({ readStock }) as unknown as Supplier);
}

function listed(
  ...packages: { packageId: string; name: string; available: number }[]
): () => Promise<StockReading> {
  const withStatus = packages.map((entry) => ({ ...entry, status: 'active' }));
  return async () => ({ startedAt: now(), readAt: now(), packages: withStatus, skipped: [] });
}

const question = { supplier: 'smartvps', name: '103.181.91', packageId: null } as const;

test('a package is found by its id, else by its exact name, never by a beginning', async () => {
  const nine = { packageId: '9', name: '103.181.9', available: 1 };
  const ninetyOne = { packageId: '5', name: '103.181.91', available: 2 };
  const reader = readerOf(listed(nine, ninetyOne));
  const count = async (asked: Parameters<StockReader>[0]) => {
    const reading = await reader(asked);
    return reading.kind === 'count' ? reading.count : reading;
  };
  assert.equal(await count(question), 2);
  assert.equal(await count({ ...question, name: 'renamed', packageId: '9' }), 1);
  assert.deepEqual(await count({ ...question, packageId: '7' }), {
    kind: 'missing',
    sentence: 'Package "103.181.91" (id 7) is not in the stock list of smartvps.',
  });
});

test('trouble with the supplier is a value, another error stays one', async () => {
  const failing = (code: 'unreachable' | 'rejectedCredentials' | 'badReply' | 'refused') =>
    readerOf(async () => {
      throw new SupplierError({ code, action: 'read the stock', why: 'so', remedy: 'Look.' });
    });
  const why = 'Failed to read the stock: so. Look.';
  assert.deepEqual(await failing('unreachable')(question), { kind: 'unreachable', why });
  assert.deepEqual(await failing('badReply')(question), { kind: 'unreachable', why });
  assert.deepEqual(await failing('refused')(question), { kind: 'unreachable', why });
  assert.deepEqual(await failing('rejectedCredentials')(question), { kind: 'rejectedCredentials', why });
  await assert.rejects(readerOf(() => Promise.reject(new TypeError('a bug')))(question), {
    message: 'a bug',
  });
});
