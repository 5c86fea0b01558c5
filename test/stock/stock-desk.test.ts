import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { DoneAct } from '../../src/audit/audit-log.ts';
import { collectionsOf } from '../../src/database.ts';
import { defaultPolicy, resolvePolicy } from '../../src/domain/policy.ts';
import { importProducts } from '../../src/orders/import-products.ts';
import { createStockDesk } from '../../src/stock/stock-desk.ts';
import { addStockPoint } from '../../src/stock/stock-history.ts';
import { anOrder, aPackage, aProduct } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const fresh = await freshDatabase();
const db = collectionsOf(fresh.db);
const at = '2026-11-21T10:00:00.000Z';
const productId = 'silver-91';
const someone = { by: 'cli (someone)', reason: null };
let acts: DoneAct[] = [];

const desk = createStockDesk({
  db,
  readPolicy: async () => resolvePolicy(defaultPolicy),
  recordAct: async (act) => void acts.push(act),
  now: () => at,
});

beforeEach(async () => {
  acts = [];
  const { packages, products, orders, stockHistory } = db;
  await Promise.all([packages, products, orders, stockHistory].map((rows) => rows.deleteMany({})));
  await packages.insertOne(aPackage({ counts: { available: 4, readAt: at } }));
  await products.insertOne(aProduct());
});

const stored = () => db.products.findOne({ _id: productId });
type Change = Parameters<typeof desk.setProduct>[0];
const set = (reserve: number | null, marks: Change['marks']) =>
  desk.setProduct({ ...someone, productId, reserve, marks });

test('a product is listed with its stock, its marks, its week, and what may still be sold', async () => {
  await addStockPoint(db.stockHistory, { poolId: 'smartvps:103.181.91', point: { at, available: 4 } });
  await db.products.updateOne({ _id: productId }, { $set: { reserve: 1 } });
  const holds = [{ orderId: 'unpaid', until: '2026-11-21T10:10:00.000Z' }];
  await db.packages.updateOne({}, { $set: { holds } });
  await db.orders.insertOne(anOrder({ _id: 'paid' }));
  const [line] = await desk.listProductLines({ historyDays: 7 });
  assert.deepEqual(
    [line?.stock.available, line?.stock.alert, line?.marks.stockAutoDisable],
    [4, 'Package "103.181.91" has only 4 IPs left!', 3],
  );
  assert.deepEqual([line?.stock.held, line?.stock.promised, line?.reserve, line?.free], [1, 1, 1, 1]);
  assert.deepEqual(line?.history, [{ at, available: 4 }]);
});

test('a package that was never read is unknown, without a number of what may be sold', async () => {
  await db.packages.updateOne({}, { $set: { counts: null } });
  const [line] = await desk.listStock({ historyDays: 0 });
  const { level, available, lastCount, products } = line ?? {};
  assert.deepEqual([level, available, lastCount, products?.[0]?.free], ['unknown', null, null, null]);
});

test('what a person stops is not the monitor’s to start, and both acts are recorded', async () => {
  const stop = { productId, isSold: false, by: 'cli (someone)', reason: 'Maintenance' };
  assert.equal((await desk.setSale(stop)).kind, 'accepted');
  assert.deepEqual((await stored())?.disabled, { note: 'Maintenance', at, by: 'cli (someone)' });
  await desk.setSale({ ...stop, isSold: true });
  assert.equal((await stored())?.disabled, null);
  assert.equal((await desk.setSale({ ...stop, productId: 'gone' })).kind, 'refused');
  assert.deepEqual(
    acts.map(({ act, subject, by, accepted }) => [act, subject.id, by, accepted]),
    [
      ['disableProduct', productId, 'cli (someone)', true],
      ['enableProduct', productId, 'cli (someone)', true],
      ['disableProduct', 'gone', 'cli (someone)', false],
    ],
  );
});

test('a person takes over what the monitor stopped: it stays off', async () => {
  const byMonitor = { note: 'Auto-disabled', at, by: 'stock monitor', auto: true };
  await db.products.updateOne({ _id: productId }, { $set: { disabled: byMonitor } });
  await desk.setSale({ ...someone, productId, isSold: false });
  assert.equal((await stored())?.disabled?.auto, undefined);
});

test('marks and reserve are set one by one, given back to the policy, and must not cross', async () => {
  await set(5, { stockAutoDisable: 8 });
  await set(null, { stockReEnable: 20, lowStockWarning: 7 });
  const { reserve, marks } = (await stored()) ?? {};
  assert.deepEqual([reserve, marks], [5, { stockAutoDisable: 8, stockReEnable: 20, lowStockWarning: 7 }]);
  const crossed = await set(null, { stockReEnable: 8 });
  assert.match(
    crossed.kind === 'refused' ? crossed.sentence : '',
    /\(8\) must be above the mark to stop \(8\)/,
  );
  await set(null, { stockAutoDisable: null, stockReEnable: null, lowStockWarning: null });
  assert.deepEqual((await stored())?.marks, {});
  assert.equal(acts.filter(({ act }) => act === 'setProduct').length, 4);
});

test('a reserve that an operator has set survives a catalogue that names none', async () => {
  await set(5, {});
  const entry = {
    ...{ productId, name: 'Silver', supplier: 'smartvps' as const, packageName: '103.181.91' },
    sizes: [{ ramGb: 8, pricePaise: 89_900 }],
  };
  const defaults = { matchPolicy: 'exact', reserve: 0 } as const;
  await importProducts({ db, entries: [entry], defaults });
  assert.equal((await stored())?.reserve, 5);
  await importProducts({ db, entries: [{ ...entry, reserve: 2 }], defaults });
  assert.equal((await stored())?.reserve, 2);
});

test('of two people who change marks at once one is told to look again', async () => {
  const outcomes = await Promise.all([
    set(null, { stockAutoDisable: 9 }),
    set(null, { stockReEnable: 5 }),
    set(null, { stockAutoDisable: 8 }),
  ]);
  const { marks = {} } = (await stored()) ?? {};
  const { stockAutoDisable = 3, stockReEnable = 10 } = marks;
  assert.ok(stockAutoDisable < stockReEnable, JSON.stringify({ marks, outcomes }));
  assert.ok(outcomes.some(({ kind }) => kind === 'accepted'));
});
