import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuditLog } from '../../src/audit/audit-log.ts';
import { collectionsOf } from '../../src/database.ts';
import { findStuckOrders } from '../../src/desk/find-stuck-orders.ts';
import { listFailed, listOrders, type OrderQuery } from '../../src/desk/list-orders.ts';
import { reportIncident } from '../../src/desk/report-incident.ts';
import { reportOrder } from '../../src/desk/report-order.ts';
import { orderStatuses } from '../../src/domain/order.ts';
import { defaultPolicy, resolvePolicy } from '../../src/domain/policy.ts';
import { boundOf } from '../../src/domain/state-table.ts';
import type { NotificationDocument } from '../../src/notifications/notifier.ts';
import { leastOrderId } from '../../src/orders/order-id.ts';
import { anOrder, aPackage, aPayment, aPurchase, aTenancy } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const policy = resolvePolicy(defaultPolicy);
const since = Date.parse('2026-11-21T10:00:00.000Z');
const at = (ms: number) => () => new Date(since + ms);

const { db: database } = await freshDatabase();
const db = collectionsOf(database);

const failure = {
  code: 'lockTimeout',
  message: 'The package was busy.',
  since: '2026-11-21T10:00:00.000Z',
} as const;

test('orders are listed newest first by status, code, package and address, without their customer', async () => {
  await db.orders.deleteMany({});
  const other = { name: 'Another', email: 'other@example.com', phone: '+919876543211' };
  await db.orders.insertMany([
    anOrder({ _id: 'a-1' }),
    anOrder({ _id: 'a-2', status: 'failed', failure }),
    anOrder({ _id: 'a-3', status: 'queued', failure, packageKey: '103.182.44' }),
    anOrder({ _id: 'a-4', customer: other }),
  ]);
  const all: OrderQuery = { status: null, code: null, packageKey: null, email: null, limit: 50 };
  const ids = async (query: Partial<OrderQuery>) =>
    (await listOrders({ db, now: at(60_000) }, { ...all, ...query })).map(({ orderId }) => orderId);
  assert.deepEqual(await ids({}), ['a-4', 'a-3', 'a-2', 'a-1']);
  assert.deepEqual(await ids({ limit: 2 }), ['a-4', 'a-3']);
  assert.deepEqual(await ids({ status: 'queued' }), ['a-4', 'a-3', 'a-1']);
  assert.deepEqual(await ids({ code: 'lockTimeout' }), ['a-2'], 'those that failed so, not those that had');
  assert.deepEqual(await ids({ packageKey: '103.182.44' }), ['a-3']);
  assert.deepEqual(await ids({ email: ' Other@Example.com' }), ['a-4']);
  const theirs = { email: 'customer@example.com' };
  assert.deepEqual(await ids({ ...theirs, limit: 2 }), ['a-3', 'a-2']);
  assert.deepEqual(await ids({ ...theirs, limit: 2, before: 'a-2' }), ['a-1']);
  assert.deepEqual(await ids({ ...theirs, packageKey: '103.182.44' }), ['a-3'], 'with the other filters');
  for (const _id of ['a-5', 'a-6', 'a-7'])
    await db.orders.insertOne(anOrder({ _id, status: 'failed', failure }));
  const failed = await listFailed({ db, now: at(60_000) }, { code: 'lockTimeout', pageSize: 2 });
  assert.deepEqual(
    failed.map(({ orderId }) => orderId),
    ['a-2', 'a-5', 'a-6', 'a-7'],
    'all that are retried together, the oldest first',
  );
  await db.orders.deleteMany({ _id: { $in: ['a-5', 'a-6', 'a-7'] } });
  const [line] = await listOrders({ db, now: at(60_000) }, { ...all, code: 'lockTimeout' });
  assert.deepEqual(line, {
    orderId: 'a-2',
    status: 'failed',
    statusText: 'Needs a decision: The package was busy.',
    since: '2026-11-21T10:00:00.000Z',
    ageSeconds: 60,
    packageKey: '103.181.91',
    failureCode: 'lockTimeout',
    next: null,
  });
});

test('an incident of a package that nobody knows is an error that names those that are known', async () => {
  const ask = (packageName: string) =>
    reportIncident({ db, policy }, { packageName, from: '2026-11-21', to: '2026-11-22' });
  await db.orders.deleteMany({});
  await db.packages.deleteMany({});
  await assert.rejects(ask('10.9.9'), /there is no package "10\.9\.9"\. Import the catalogue first\./);
  await db.packages.insertOne(aPackage({ packageKey: '103.181.91', name: 'renamed' }));
  await assert.rejects(ask('10.9.9'), /there is no package "10\.9\.9"\. Known are: renamed\./);
  assert.equal((await ask('103.181.91')).packageName, '103.181.91');
  assert.deepEqual((await ask('renamed')).orders, []);
});

test('an incident has the orders that were made, paid or bought for then, and which of them came together', async () => {
  await db.orders.deleteMany({});
  await db.packages.deleteMany({});
  await db.packages.insertOne(aPackage({ packageKey: '103.181.91', name: '103.181.91' }));
  const idAt = (moment: string) => `${leastOrderId(moment)}0000000000`;
  const early = idAt('2026-11-21T09:55:00.000Z');
  const within = idAt('2026-11-21T10:00:01.000Z');
  const before = idAt('2026-11-21T09:00:00.000Z');
  await db.orders.insertMany([
    anOrder({ _id: early, paidAt: '2026-11-21T10:00:03.000Z' }),
    anOrder({ _id: within, paidAt: '2026-11-21T10:00:02.000Z' }),
    anOrder({ _id: before, paidAt: '2026-11-21T09:00:10.000Z' }),
  ]);
  const span = { from: '2026-11-21T10:00:00.000Z', to: '2026-11-21T11:00:00.000Z' };
  const { orders, clusters } = await reportIncident({ db, policy }, { packageName: '103.181.91', ...span });
  assert.deepEqual(
    orders.map(({ orderId }) => orderId),
    [early, within],
  );
  assert.deepEqual(
    clusters.map(({ orderIds, last }) => ({ orderIds, last })),
    [{ orderIds: [within, early], last: early }],
  );
  await db.orders.deleteMany({});
});

test('a report has everything of one order and nothing of its customer', async () => {
  const notifications = database.collection<NotificationDocument>('notifications');
  const audit = createAuditLog({ db });
  await db.orders.insertOne(anOrder({ _id: 'r-1', status: 'failed', failure }));
  await db.purchases.insertMany([
    aPurchase({ _id: 'r-1#1', state: 'refused' }),
    aPurchase({ _id: 'r-10#1' }),
  ]);
  await db.servers.insertOne({
    _id: 'smartvps:103.181.91.7',
    supplier: 'smartvps',
    ip: '103.181.91.7',
    tenancy: aTenancy({ state: 'held', orderId: 'r-1' }),
    history: [],
  });
  const payment = aPayment({ orderId: 'r-1' });
  await db.payments.insertOne({
    ...payment,
    _id: 'cashfree:pay-r-1',
    verdict: 'right',
    recordedAt: payment.paidAt,
    refundablePaise: payment.amountPaise,
    refundIds: [],
  });
  await notifications.insertOne({
    _id: 'r-1:failed:customer',
    kind: 'orderFailed',
    orderId: 'r-1',
    state: 'sent',
    at: payment.paidAt,
    sentAt: payment.paidAt,
  });
  const subject = { kind: 'order', id: 'r-1' } as const;
  const act = { by: 'x', act: 'retryOrder', subject, reason: null, accepted: true, answer: 'Yes.' };
  await audit.record({ actId: '1', at: '2026-11-21T10:00:00.000Z', ...act });
  const deps = {
    db: { ...db, notifications },
    audit,
    now: at(0),
    linkTo: (id: string) => `ui/${id}`,
    readSteps: async () => null,
  };
  const report = await reportOrder(deps, { orderId: 'r-1' });
  assert.ok(report);
  assert.deepEqual(
    report.purchases.map(({ purchaseId, state }) => [purchaseId, state]),
    [['r-1#1', 'refused']],
  );
  assert.deepEqual(
    report.servers.map(({ ip, state }) => [ip, state]),
    [['103.181.91.7', 'held']],
  );
  assert.deepEqual(
    report.payments.map(({ paymentId, verdict }) => [paymentId, verdict]),
    [['pay-r-1', 'right']],
  );
  assert.deepEqual(
    report.notices.map(({ kind, to }) => [kind, to]),
    [['orderFailed', 'customer']],
  );
  assert.deepEqual(
    report.acts.map(({ by }) => by),
    ['x'],
  );
  assert.deepEqual([report.recommended, report.webUi], ['Retry: nothing was bought.', 'ui/order-r-1']);
  assert.doesNotMatch(JSON.stringify(report), /A Customer|customer@example\.com|9876543210/);
  assert.equal(await reportOrder(deps, { orderId: 'r-2' }), null);
});

test('an order is stuck past the bound of its status and not before, in every status that has one', async () => {
  for (const status of orderStatuses) {
    await db.orders.deleteMany({});
    await db.orders.insertOne(anOrder({ _id: 'o', status }));
    const pausesMs = policy.breakerPausesMs.reduce((sum, ms) => sum + ms, 0);
    const bound = boundOf({ status, policy });
    const boundMs = bound === null || status !== 'queued' ? bound : bound + pausesMs;
    const deps = { db, readPause: async () => ({ isPaused: false, lastActAt: null }) };
    const stuckAt = async (ms: number) =>
      (await findStuckOrders({ ...deps, now: at(ms) }, { policy })).length;
    if (boundMs === null) {
      assert.equal(await stuckAt(400 * 86_400_000), 0, status);
      continue;
    }
    assert.equal(await stuckAt(boundMs), 0, status);
    assert.equal(await stuckAt(boundMs + 1_000), 1, status);
    await db.orders.updateOne({ _id: 'o' }, { $set: { open: false } });
    assert.equal(await stuckAt(boundMs + 1_000), 0, `${status}, ended`);
  }
});

test('what waits on purpose is not stuck: a paused queue, an unpaid checkout, a decision that is reminded of, also while a delivered server is replaced', async () => {
  await db.orders.deleteMany({});
  await db.orders.insertMany([
    anOrder({ _id: 'paused', packageKey: '103.1.1' }),
    anOrder({ _id: 'paused too', packageKey: '103.1.1' }),
    anOrder({ _id: 'resumed while it waited', packageKey: '103.1.3' }),
    anOrder({ _id: 'stuck', packageKey: '103.1.2' }),
    anOrder({
      _id: 'replaced',
      status: 'failed',
      failure: { ...failure, code: 'wrongPackage' },
      needsReprovision: { since: failure.since, delivered: true },
    }),
    anOrder({ _id: 'unpaid', status: 'pendingPayment', owner: null, money: 'unpaid' }),
    anOrder({ _id: 'reminded', status: 'failed', failure: { ...failure, code: 'internalError' } }),
    anOrder({
      _id: 'delivered',
      status: 'failed',
      failure,
      goods: { state: 'delivered', purchaseId: 'x#1' },
    }),
  ]);
  const asked: string[] = [];
  const readPause = async ({ packageKey }: { packageKey: string }) => {
    asked.push(packageKey);
    const lastActAt = packageKey === '103.1.3' ? '2026-11-22T10:00:00.000Z' : null;
    return { isPaused: packageKey === '103.1.1', lastActAt };
  };
  const stuck = await findStuckOrders({ db, readPause, now: at(30 * 86_400_000) }, { policy });
  assert.deepEqual(asked.sort(), ['103.1.1', '103.1.2', '103.1.3'], 'each package once');
  assert.deepEqual(
    stuck.map(({ orderId, boundSeconds }) => [orderId, boundSeconds]),
    [['stuck', Math.floor((boundOf({ status: 'queued', policy }) ?? 0) / 1000)]],
  );
});
