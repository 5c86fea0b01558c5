import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { collectionsOf } from '../../src/database.ts';
import { defaultPolicy, resolvePolicy } from '../../src/domain/policy.ts';
import { listProductLines, setProduct, setSale, showProductLine } from '../../src/stock/product-desk.ts';
import { addStockPoint, type StockHistoryDocument } from '../../src/stock/stock-history.ts';
import { aPackage, aProduct } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const fresh = await freshDatabase();
const stockHistory = fresh.db.collection<StockHistoryDocument>('stockHistory');
const db = { ...collectionsOf(fresh.db), stockHistory };
const at = '2026-11-21T10:00:00.000Z';
const now = () => at;
const policy = resolvePolicy(defaultPolicy);
const productId = 'silver-91';

beforeEach(async () => {
  await Promise.all([db.packages.deleteMany({}), db.products.deleteMany({}), stockHistory.deleteMany({})]);
  await db.packages.insertOne(aPackage({ counts: { available: 4, readAt: at } }));
  await db.products.insertOne(aProduct());
});

test('a product is listed with its stock and its marks, and shown with its week', async () => {
  const [line] = await listProductLines({ db }, policy);
  assert.deepEqual(
    [line?.stock?.available, line?.stock?.alert, line?.marks.stockAutoDisable],
    [4, 'Package "103.181.91" has only 4 IPs left!', 3],
  );
  await addStockPoint(stockHistory, { poolId: 'smartvps:103.181.91', point: { at, available: 4 } });
  const shown = await showProductLine({ db, now }, { productId, policy, days: 7 });
  assert.deepEqual(shown?.history, [{ at, available: 4 }]);
  assert.equal(await showProductLine({ db, now }, { productId: 'gone', policy, days: 7 }), null);
});

test('what a person stops is not the monitor’s to start', async () => {
  const stop = { productId, isSold: false, by: 'cli (someone)', reason: 'Maintenance' };
  assert.equal((await setSale({ db, now }, stop)).kind, 'accepted');
  assert.deepEqual((await db.products.findOne({ _id: productId }))?.disabled, {
    note: 'Maintenance',
    at,
    by: 'cli (someone)',
  });
  await setSale({ db, now }, { ...stop, isSold: true });
  assert.equal((await db.products.findOne({ _id: productId }))?.disabled, null);
  assert.equal((await setSale({ db, now }, { ...stop, productId: 'gone' })).kind, 'refused');
});

test('marks and reserve are set one by one, given back to the policy, and must not cross', async () => {
  const set = (reserve: number | null, marks: Parameters<typeof setProduct>[1]['marks']) =>
    setProduct({ db }, { productId, reserve, marks, policy });
  await set(5, { stockAutoDisable: 8 });
  await set(null, { stockReEnable: 20 });
  const stored = await db.products.findOne({ _id: productId });
  assert.deepEqual([stored?.reserve, stored?.marks], [5, { stockAutoDisable: 8, stockReEnable: 20 }]);
  const crossed = await set(null, { stockReEnable: 8 });
  assert.match(
    crossed.kind === 'refused' ? crossed.sentence : '',
    /\(8\) must be above the mark to stop \(8\)/,
  );
  await set(null, { stockAutoDisable: null, stockReEnable: null });
  assert.deepEqual((await db.products.findOne({ _id: productId }))?.marks, {});
});
