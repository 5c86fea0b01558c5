import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { wakeWaiting, wakingAfter } from '../../activities/wake-waiting.ts';
import { collectionsOf } from '../../src/database.ts';
import { defaultPolicy, resolvePolicy } from '../../src/domain/policy.ts';
import type { PurchaseOutcome } from '../../src/domain/purchase-outcome.ts';
import { checkStock } from '../../src/orders/check-stock.ts';
import { findWakeable } from '../../src/stock/find-wakeable.ts';
import type { StockReader } from '../../src/suppliers/stock-reader.ts';
import type { OrderActivities } from '../../workflows/contract/order-activities.ts';
import { anOrder, aPackage, aProduct, aPurchase } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { freshDatabase } from '../support/stack.ts';

const fresh = await freshDatabase();
const db = collectionsOf(fresh.db);
const policy = resolvePolicy(defaultPolicy);
const readAt = '2026-11-21T10:30:00.000Z';
const now = () => '2026-11-21T10:31:00.000Z';
const paidAt = (minute: number) => `2026-11-21T10:${String(minute).padStart(2, '0')}:00.000Z`;

beforeEach(async () => {
  await Promise.all(
    [db.packages, db.orders, db.products, db.purchases].map((rows) => rows.deleteMany({} as never)),
  );
  await db.packages.insertOne(aPackage({ counts: { available: 2, readAt } }));
  await db.products.insertOne(aProduct());
  // Not in the order of payment.
  for (const [index, minute] of [3, 1, 2].entries()) {
    await db.orders.insertOne(
      anOrder({
        _id: `o${minute}`,
        status: 'waitingForStock',
        paidAt: paidAt(minute),
        createdAt: paidAt(index),
      }),
    );
  }
});

const pool = { _id: 'smartvps:103.181.91' };
const wakeable = async () => (await findWakeable({ db, policy, now }, null)).map(({ orderId }) => orderId);

test('as many as there is stock for are found, the oldest payment first', async () => {
  assert.deepEqual(await wakeable(), ['o1', 'o2']);
  await db.packages.updateOne(pool, { $set: { 'counts.available': 9 } });
  assert.deepEqual(await wakeable(), ['o1', 'o2', 'o3']);
  await db.products.updateOne({}, { $set: { reserve: 8 } });
  assert.deepEqual(await wakeable(), ['o1']);
});

test('what is in the queue, and what was sold since the count, is not free for who waits', async () => {
  await db.orders.insertOne(anOrder({ _id: 'q', status: 'queued', paidAt: paidAt(9) }));
  assert.deepEqual(await wakeable(), ['o1']);
  await db.purchases.insertOne(aPurchase({ _id: 'sold#1', state: 'sent', sentAt: now() }));
  assert.deepEqual(await wakeable(), []);
});

const remedy = (option: 'reprovision' | 'refund') => ({
  workflowId: 'compensation-r',
  option,
  by: 'someone',
  reason: null,
  endsAs: 'refunded' as const,
  startedAt: readAt,
});

test('in the incident a restock wakes who waits: failed orders take nothing until somebody decides', async () => {
  const failure = { code: 'wrongPackage', message: 'wrong', since: readAt } as const;
  for (const name of ['f1', 'f2', 'f3', 'f4']) {
    await db.orders.insertOne(anOrder({ _id: name, status: 'failed', failure, paidAt: paidAt(0) }));
    await db.purchases.insertOne(
      aPurchase({ _id: `${name}#1`, state: 'wrong', sentAt: readAt, settledAt: readAt }),
    );
  }
  assert.deepEqual(await wakeable(), ['o1', 'o2']);
  await db.packages.updateOne(pool, { $set: { 'counts.available': 3 } });
  assert.deepEqual(await wakeable(), ['o1', 'o2', 'o3']);
});

test('a remedy that buys once more is woken by its payment, and counts while it buys', async () => {
  const r = anOrder({ _id: 'r', status: 'compensating', owner: 'compensation-r', paidAt: paidAt(0) });
  await db.orders.insertOne({ ...r, remedy: remedy('reprovision') });
  assert.deepEqual(await findWakeable({ db, policy, now }, null), [
    { orderId: 'r', workflowId: 'compensation-r', paidAt: paidAt(0) },
    { orderId: 'o1', workflowId: 'order-o1', paidAt: paidAt(1) },
  ]);
  await db.orders.updateOne({ _id: 'r' }, { $set: { goods: { state: 'buying', purchaseId: 'r#2' } } });
  assert.deepEqual(await wakeable(), ['o1'], 'it buys');
  await db.orders.updateOne({ _id: 'r' }, { $set: { goods: { state: 'delivered', purchaseId: 'r#2' } } });
  assert.deepEqual(await wakeable(), ['o1', 'o2'], 'it has its server');
  await db.orders.updateOne({ _id: 'r' }, { $set: { goods: { state: 'none' }, remedy: remedy('refund') } });
  assert.deepEqual(await wakeable(), ['o1', 'o2'], 'a refund needs no address');
});

test('a switch out of a free month is woken like any order, a renewal needs no address', async () => {
  const order = (act: 'renew' | 'switch') =>
    anOrder({ _id: act, status: 'waitingForStock', paidAt: paidAt(0), freeMonthOf: { orderId: 'm', act } });
  await db.orders.insertMany([order('switch'), order('renew')]);
  assert.deepEqual(await wakeable(), ['switch', 'o1']);
});

test('nobody is woken by a package that is dry, unknown, or not the one that is meant', async () => {
  const other = { supplier: 'smartvps', packageKey: '103.184' } as const;
  assert.deepEqual(await findWakeable({ db, policy, now }, other), []);
  await db.packages.updateOne(pool, { $set: { dry: { since: readAt, reading: 2, purchaseId: 'x#1' } } });
  assert.deepEqual(await wakeable(), []);
  await db.packages.updateOne(pool, { $set: { dry: null, stale: { since: readAt, why: 'down' } } });
  assert.deepEqual(await wakeable(), []);
  await db.packages.updateOne(pool, { $set: { stale: null, counts: null } });
  assert.deepEqual(await wakeable(), []);
});

function waker(
  onTold: (workflowId: string) => Promise<void> = async () => {},
  sleep: () => Promise<void> = async () => undefined,
) {
  const told: string[] = [];
  const deps = {
    db,
    readPolicy: async () => policy,
    tellStockChanged: async ({ workflowId }: { workflowId: string }) => {
      told.push(workflowId);
      await onTold(workflowId);
    },
    now,
    sleep,
    log: { info: () => {}, warn: () => {}, error: () => {} },
  };
  return { deps, told };
}

test('one that cannot be told, or stands still, keeps nobody else asleep', async () => {
  const { deps, told } = waker(async (workflowId) => {
    if (workflowId === 'order-o1') throw new Error('no answer');
  });
  assert.deepEqual(await wakeWaiting(deps, null), { woken: 1, troubles: 1 });
  assert.deepEqual(told, ['order-o1', 'order-o2']);
});

test('the next one is told once a remedy that was told before it has moved, which its status does not show', async () => {
  const r = anOrder({
    _id: 'r',
    status: 'compensating',
    owner: 'compensation-r',
    paidAt: paidAt(0),
    version: 7,
  });
  await db.orders.insertOne({ ...r, remedy: remedy('reprovision') });
  let looks = 0;
  const { deps, told } = waker(undefined, async () => {
    looks += 1;
    if (told.length > 1 || looks < 3) return;
    assert.deepEqual(told, ['compensation-r'], 'nobody else while it stands still');
    await db.orders.updateOne({ _id: 'r' }, { $set: { version: 8 } });
    told.push('it moves');
  });
  assert.deepEqual(await wakeWaiting(deps, null), { woken: 2, troubles: 0 });
  assert.deepEqual(told, ['compensation-r', 'it moves', 'order-o1']);
});

test('the end of a purchase wakes who waits for its package; trouble with that is not the purchase’s', async () => {
  const { deps, told } = waker();
  await db.purchases.insertOne(aPurchase({ _id: 'p#1', state: 'notBought', sentAt: now() }));
  const outcome: PurchaseOutcome = { kind: 'refused', reason: 'No IP available' };
  const purchase = async (_input: unknown) => outcome;
  const purchasing = { buyVps: purchase, settlePurchase: purchase };
  const input = { purchaseId: 'p#1' } as Parameters<OrderActivities['buyVps']>[0];
  assert.equal(await wakingAfter(deps, purchasing).buyVps(input), outcome);
  await eventually({
    what: 'two are told',
    read: async () => told,
    isRight: (seen) => isDeepStrictEqual(seen, ['order-o1', 'order-o2']),
  });
  const warnings: string[] = [];
  const log = { ...deps.log, warn: (_fields: object, sentence: string) => void warnings.push(sentence) };
  const readPolicy = async () => Promise.reject(new Error('broken policy'));
  assert.equal(await wakingAfter({ ...deps, log, readPolicy }, purchasing).buyVps(input), outcome);
  await eventually({ what: 'a warning', read: async () => warnings, isRight: ({ length }) => length === 1 });
});

test('a new order waits behind an older remedy that buys once more', async () => {
  const readStock: StockReader = async () => ({
    kind: 'count',
    count: 4,
    name: '103.181.91',
    packageId: null,
    all: [],
    readFrom: now(),
  });
  const check = (orderId: string, waits: boolean) =>
    checkStock({ db, readStock, now }, { orderId, trial: false, lowStockWarning: 5, waits });
  await db.orders.insertOne(anOrder({ _id: 'new', paidAt: paidAt(8) }));
  const r = anOrder({ _id: 'r', status: 'compensating', paidAt: paidAt(0) });
  await db.orders.insertOne({ ...r, remedy: remedy('reprovision') });
  assert.deepEqual(await check('new', false), { kind: 'short', count: 4, reserve: 0, dry: false, behind: 4 });
  assert.equal((await check('o3', true)).kind, 'available', 'three are before it');
  assert.equal((await check('r', true)).kind, 'available');
  await db.orders.updateOne({ _id: 'r' }, { $set: { goods: { state: 'delivered', purchaseId: 'r#2' } } });
  assert.equal((await check('new', false)).kind, 'available');
});

test('while older ones wait, a new order waits behind them; one that waits lets the queue go first', async () => {
  const readStock: StockReader = async () => ({
    kind: 'count',
    count: 4,
    name: '103.181.91',
    packageId: null,
    all: [],
    readFrom: now(),
  });
  const check = async (orderId: string, changes: { waits?: boolean; trial?: boolean } = {}) =>
    checkStock({ db, readStock, now }, { orderId, trial: false, lowStockWarning: 5, ...changes });
  await db.orders.insertOne(anOrder({ _id: 'new', paidAt: paidAt(8) }));
  assert.equal((await check('new')).kind, 'available', 'four for three that wait and the new one');
  await db.orders.insertOne(anOrder({ _id: 'o0', status: 'waitingForStock', paidAt: paidAt(0) }));
  assert.deepEqual(await check('new'), { kind: 'short', count: 4, reserve: 0, dry: false, behind: 4 });
  assert.equal((await check('new', { trial: true })).kind, 'available', 'a person decides otherwise');
  assert.equal((await check('o3', { waits: true })).kind, 'available');
  await db.orders.insertOne(anOrder({ _id: 'early', status: 'queued', paidAt: '2026-11-21T09:00:00.000Z' }));
  assert.equal((await check('o3', { waits: true })).kind, 'short');
  assert.equal((await check('o2', { waits: true })).kind, 'available');
  const goods = { state: 'buying', purchaseId: 'early#1' } as const;
  await db.orders.updateOne({ _id: 'early' }, { $set: { goods, status: 'provisioning' } });
  await db.purchases.insertOne(aPurchase({ _id: 'early#1', state: 'sent', sentAt: now() }));
  assert.equal((await check('o3', { waits: true })).kind, 'short');
  await db.purchases.updateOne({ _id: 'early#1' }, { $set: { state: 'bought' } });
  assert.equal((await check('o3', { waits: true })).kind, 'available', 'its address is out of the count');
});
