import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { collectionsOf } from '../../src/database.ts';
import { defaultPolicy, type Policy, resolvePolicy } from '../../src/domain/policy.ts';
import { writeLowStockReport } from '../../src/stock/report-low-stock.ts';
import { readStockHistories } from '../../src/stock/stock-history.ts';
import { listStock } from '../../src/stock/stock-overview.ts';
import { syncStock } from '../../src/stock/sync-stock.ts';
import { readStockReply } from '../../src/suppliers/smartvps/read-stock-reply.ts';
import type { Supplier } from '../../src/suppliers/supplier.ts';
import { SupplierError } from '../../src/suppliers/supplier-error.ts';
import { aPackage, aProduct } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const fresh = await freshDatabase();
const db = collectionsOf(fresh.db);
const { stockHistory } = db;
const poolId = 'smartvps:103.181.91';
const down = new SupplierError({ code: 'unreachable', action: 'read', why: 'it is down', remedy: 'Wait.' });

let clock = Date.parse('2026-11-21T10:00:00.000Z');
const now = () => new Date(clock).toISOString();
let policy: Policy;

beforeEach(async () => {
  clock = Date.parse('2026-11-21T10:00:00.000Z');
  policy = defaultPolicy;
  await Promise.all([db.packages.deleteMany({}), db.products.deleteMany({}), stockHistory.deleteMany({})]);
  await db.packages.insertOne(aPackage({ packageId: '5' }));
  await db.products.insertOne(aProduct());
});

type Line = { id: number | string; name: string; ipv4: number | string };

/** Syncs once, a minute later than before; an error stands for a supplier that does not answer. */
async function sync(answer: Line[] | SupplierError, packWith: (text: string) => string = (text) => text) {
  clock += 60_000;
  const readStock = async () => {
    if (answer instanceof SupplierError) throw answer;
    const list = readStockReply(packWith(JSON.stringify({ packages: answer })));
    assert.ok(list, 'a readable answer');
    return { startedAt: now(), readAt: now(), ...list };
  };
  const suppliers = [{ name: 'smartvps', readStock } as unknown as Supplier];
  const log = { info: () => {}, warn: () => {} };
  return syncStock({ db, suppliers, readPolicy: async () => resolvePolicy(policy), now, log });
}

const line = (ipv4: number | string, changes: Partial<Line> = {}): Line => ({
  id: 5,
  name: '103.181.91',
  ipv4,
  ...changes,
});
const pool = () => db.packages.findOne({ _id: poolId });
const product = () => db.products.findOne({ _id: 'silver-91' });

test('a package is followed by its PID through a rename, and keeps its key', async () => {
  await sync([line(40)]);
  await sync([line(39, { name: 'Silver 91' }), line(2, { id: 9, name: '103.181.91' })]);
  const kept = await pool();
  assert.deepEqual([kept?.name, kept?.packageKey, kept?.counts?.available], ['Silver 91', '103.181.91', 39]);
});

test('a double-encoded answer with counts as text is read like any other', async () => {
  const { sync: found } = await sync([line('7')], (text) => JSON.stringify(text));
  assert.deepEqual(found.suppliers, [
    { supplier: 'smartvps', kind: 'read', counted: 1, missing: [], skipped: [] },
  ]);
  assert.equal((await pool())?.counts?.available, 7);
});

test('a package that is missing from the answer is not zero: its count is kept as stale, and its sale goes on', async () => {
  await sync([line(12)]);
  const readAt = now();
  const { sync: found } = await sync([line(50, { id: 8, name: '103.184.12' })]);
  assert.deepEqual(found.suppliers[0]?.kind === 'read' && found.suppliers[0].missing, ['103.181.91']);
  const kept = await pool();
  assert.deepEqual([kept?.counts?.available, kept?.counts?.readAt, kept?.stale?.since], [12, readAt, now()]);
  assert.equal((await product())?.disabled, null);
  await sync([line(11)]);
  assert.deepEqual([(await pool())?.counts?.available, (await pool())?.stale], [11, null]);
});

test('an unreadable entry is not zero either', async () => {
  await sync([line(12)]);
  const { sync: found } = await sync([line('many')]);
  assert.match(JSON.stringify(found.suppliers), /ipv4 is not a whole number/);
  assert.equal((await pool())?.counts?.available, 12);
  assert.equal((await product())?.disabled, null);
});

test('a supplier that is down for hours changes nothing: counts stay, marked since when, nothing is switched', async () => {
  await sync([line(4)]);
  const readAt = now();
  const first = await sync(down);
  assert.equal(first.sync.suppliers[0]?.kind, 'unread');
  const since = now();
  for (let hour = 0; hour < 5; hour += 1) {
    clock += 3_600_000;
    const { sync: found, facts } = await sync(down);
    assert.deepEqual([found.disabled, found.enabled, facts], [[], [], []]);
  }
  const [shown] = await listStock({ db, now, policy: resolvePolicy(policy) }, { historyDays: 0 });
  assert.deepEqual(
    [shown?.level, shown?.available, shown?.lastCount, shown?.readAt, shown?.staleSince],
    ['unknown', null, 4, readAt, since],
  );
  assert.match(shown?.staleWhy ?? '', /it is down/);
});

test('at the mark the product is off with the exact note, and on again only above the higher mark', async () => {
  await sync([line(4)]);
  assert.equal((await product())?.disabled, null);
  const { sync: found, facts } = await sync([line(3)]);
  assert.deepEqual(found.disabled, ['silver-91']);
  const note = `Auto-disabled: Only 3 IPs left (${now()})`;
  assert.deepEqual((await product())?.disabled, { note, at: now(), by: 'stock monitor', auto: true });
  assert.deepEqual(
    facts.map(({ notice }) => notice),
    [
      {
        kind: 'saleStopped',
        productId: 'silver-91',
        productName: 'Silver',
        packageName: '103.181.91',
        note,
      },
    ],
  );
  const again = await sync([line(10)]);
  assert.deepEqual(again.sync.enabled, [], 'not at the higher mark');
  assert.equal(
    again.facts[0]?.factId,
    facts[0]?.factId,
    'told again under the same name, in case it was lost',
  );
  const { sync: back, facts: told } = await sync([line(11)]);
  assert.deepEqual([back.enabled, (await product())?.disabled], [['silver-91'], null]);
  assert.equal(told[0]?.notice.kind, 'saleResumed');
  const after = await sync([line(12)]);
  assert.deepEqual(after.facts, told, 'told again under the same name');
  clock += 3_600_000;
  assert.deepEqual((await sync([line(12)])).facts, []);
});

test('what a person took off stays off, however much stock there is', async () => {
  const byHand = { note: 'Maintenance', at: now(), by: 'cli (someone)' };
  await db.products.updateOne({ _id: 'silver-91' }, { $set: { disabled: byHand } });
  const { sync: found } = await sync([line(200)]);
  assert.deepEqual([found.enabled, (await product())?.disabled], [[], byHand]);
});

test('a product has marks of its own', async () => {
  await db.products.updateOne(
    { _id: 'silver-91' },
    { $set: { marks: { stockAutoDisable: 0, stockPageAlert: 1 } } },
  );
  await db.products.insertOne(
    aProduct({ _id: 'gold-91', marks: { stockAutoDisable: 20, stockReEnable: 30 } }),
  );
  const { sync: found } = await sync([line(2)]);
  assert.deepEqual(found.disabled, ['gold-91']);
});

test('a dry package counts as zero until its count differs', async () => {
  await db.packages.updateOne(
    { _id: poolId },
    { $set: { dry: { since: now(), reading: 40, purchaseId: 'a#1' } } },
  );
  const { sync: found } = await sync([line(40)]);
  assert.deepEqual(found.disabled, ['silver-91']);
  assert.match((await product())?.disabled?.note ?? '', /Only 0 IPs left/);
  const { sync: back } = await sync([line(41)]);
  assert.deepEqual([back.enabled, (await pool())?.dry], [['silver-91'], null]);
});

test('a reading that was asked for before the wrong sale leaves the mark, whatever it says', async () => {
  const dry = { since: new Date(clock + 60_000).toISOString(), reading: 40, purchaseId: 'a#1' };
  await db.packages.updateOne({ _id: poolId }, { $set: { dry } });
  await sync([line(41)]);
  assert.deepEqual((await pool())?.dry, dry);
  await db.packages.updateOne({ _id: poolId }, { $set: { 'dry.reading': null } });
  await db.packages.updateOne(
    { _id: poolId },
    { $set: { 'dry.since': new Date(clock + 60_000).toISOString() } },
  );
  await sync([line(41)]);
  assert.equal((await pool())?.dry?.reading, null, 'nor is it the mark');
  await sync([line(41)]);
  assert.equal((await pool())?.dry?.reading, 41);
  await sync([line(42)]);
  assert.equal((await pool())?.dry, null);
});

test('a look of a purchase that was newer than the sync stays', async () => {
  const newer = { available: 5, readAt: '2026-11-21T12:00:00.000Z', all: [] };
  await db.packages.updateOne({ _id: poolId }, { $set: { counts: newer } });
  await sync([line(9)]);
  assert.deepEqual((await pool())?.counts, newer);
});

test('the graph has each change, one point an hour, and a gap while nobody knows', async () => {
  await sync([line(9)]);
  await sync([line(9)]);
  await sync([line(8)]);
  await sync(down);
  clock += 3_600_000;
  await sync(down);
  clock += 86_400_000;
  await sync([line(7)]);
  const points = (await readStockHistories(stockHistory, { poolIds: [poolId], days: 7, now: now() })).get(
    poolId,
  );
  assert.deepEqual(
    points?.map(({ available }) => available),
    [9, 8, null, null, 7],
  );
  clock += 40 * 86_400_000;
  await sync([line(6)]);
  assert.equal(await stockHistory.countDocuments(), 1, 'old days are forgotten');
});

test('the daily report names what is at its mark, the emptiest first, once per day of the shop', async () => {
  await db.packages.insertOne(aPackage({ packageKey: '103.184', packageId: '6' }));
  await db.products.insertOne(aProduct({ _id: 'diamond', packageKey: '103.184' }));
  await db.packages.insertOne(aPackage({ packageKey: '103.99.1', packageId: '7' }));
  await db.products.insertOne(aProduct({ _id: 'full', packageKey: '103.99.1' }));
  await sync([line(5), line(2, { id: 6, name: '103.184' }), line(6, { id: 7, name: '103.99.1' })]);
  const report = (at: string) =>
    writeLowStockReport({ db, now: () => at, shopTimeZone: 'Asia/Kolkata' }, resolvePolicy(policy));
  assert.deepEqual(await report('2026-11-21T20:00:00.000Z'), {
    factId: 'lowStockReport:2026-11-22',
    notice: {
      kind: 'lowStockReport',
      packages: [
        { packageName: '103.184', available: 2, staleSince: null },
        { packageName: '103.181.91', available: 5, staleSince: null },
      ],
    },
  });
  policy = { ...defaultPolicy, stockDailyReport: 0 };
  assert.equal(await report('2026-11-21T20:00:00.000Z'), null);
});
