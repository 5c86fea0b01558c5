import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Remedy } from '../../src/domain/remedy.ts';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import { type PlanDependencies, planRefund } from '../../src/orders/plan-refund.ts';
import { renewServer } from '../../src/servers/renew-server.ts';
import type { ServerStatus, Supplier } from '../../src/suppliers/supplier.ts';
import { anOrder, aPurchase, aTenancy } from '../support/builders.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const ip = '103.181.91.7';
const now = () => '2026-11-21T12:00:00.000Z';
const remedy: Remedy = {
  workflowId: 'compensation-r',
  option: 'refund',
  by: 'ops',
  reason: null,
  endsAs: 'refunded',
  startedAt: now(),
};

/** Order `a` in its free month, and `r`, a paid renewal of its server; `sent` counts the calls that pay. */
async function setUp(renewal: Partial<OrderDocument> = {}, beforeCall?: () => Promise<void>) {
  const db = createMemoryCollections(beforeCall);
  const freeMonth = {
    startedAt: now(),
    until: '2026-12-20T00:00:00.000Z',
    state: 'running',
    renewalId: null,
  };
  const goods = { state: 'delivered', purchaseId: 'a#1' } as const;
  await db.orders.insertOne(
    anOrder({ _id: 'a', status: 'active', money: 'refunded', goods, freeMonth } as Partial<OrderDocument> & {
      _id: string;
    }),
  );
  await db.orders.insertOne(anOrder({ _id: 'r', freeMonthOf: { orderId: 'a', act: 'renew' }, ...renewal }));
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', state: 'bought', ip }));
  const tenancy = aTenancy({ purchaseId: 'a#1', orderId: 'a', state: 'delivered' });
  await db.servers.insertOne({ _id: `smartvps:${ip}`, supplier: 'smartvps', ip, tenancy, history: [] });
  let sent = 0;
  let status = { kind: 'server', ip, expiresOn: '2026-12-21' } as ServerStatus;
  let renewed = { kind: 'server', ip, expiresOn: '2027-01-21' } as ServerStatus;
  const supplier = {
    readServer: async () => status,
    renew: async () => {
      sent += 1;
      status = renewed;
    },
  } as Partial<Supplier> as Supplier;
  return {
    db,
    giveBack: async () => {
      if ((await db.orders.findOne({ _id: 'r' }))?.remedy === null) return;
      const deps = { db, now, returnClaim: async () => undefined } as unknown as PlanDependencies;
      await planRefund(deps, { orderId: 'r', workflowId: remedy.workflowId, skip: [] });
    },
    sent: () => sent,
    say: (said: ServerStatus, afterwards = renewed) => {
      status = said;
      renewed = afterwards;
    },
    month: async () => (await db.orders.findOne({ _id: 'a' }))?.freeMonth,
    renew: () => renewServer({ db, supplierOf: () => supplier, now }, { orderId: 'r' }),
  };
}

test('a renewal is paid for once and ends its month, whoever repeats it', async () => {
  const { renew, sent, month } = await setUp();
  const renewed = { kind: 'renewed', ip, until: '2027-01-21T23:59:59.999Z' };
  assert.deepEqual([await renew(), await renew(), sent()], [renewed, renewed, 1]);
  assert.equal((await month())?.state, 'renewed');
});

test('a renewal that a remedy has taken is not sent any more', async () => {
  const { renew, sent, month } = await setUp({ remedy, owner: remedy.workflowId });
  assert.equal((await renew()).kind, 'closed');
  assert.deepEqual([sent(), (await month())?.state], [0, 'running']);
});

test('a renewal that comes after another one is closed, and says so', async () => {
  const { db, renew, sent } = await setUp();
  for (const [state, words] of [
    ['renewed', /is renewed by another payment/],
    ['kept', /is the customer's already/],
    ['ending', /is over; its server is gone/],
  ] as const) {
    await db.orders.updateOne(
      { _id: 'a' },
      { $set: { 'freeMonth.state': state, 'freeMonth.renewalId': 'other' } },
    );
    const closed = await renew();
    assert.match(closed.kind === 'closed' ? closed.sentence : closed.kind, words);
  }
  assert.equal(sent(), 0);
});

test('a remedy that takes the renewal at any step excludes the call, and the month runs on', async () => {
  for (let at = 0; at < 24; at += 1) {
    // Each step twice: the remedy only takes the order, or begins to give its money back as well.
    const step = Math.floor(at / 2);
    let calls = 0;
    let isArmed = false;
    const world = await setUp({}, async () => {
      if (!isArmed) return;
      calls += 1;
      if (calls !== step) return;
      isArmed = false;
      const { db } = world;
      const taken = await db.orders.updateOne(
        { _id: 'r', remedy: null, renewalSent: null },
        { $set: { remedy, owner: remedy.workflowId } },
      );
      if (taken.matchedCount === 0) return;
      if (at % 2 === 0) return;
      await world.giveBack();
    });
    isArmed = true;
    const end = await world.renew();
    isArmed = false;
    if (at % 2 === 0) await world.giveBack();
    const renewal = await world.db.orders.findOne({ _id: 'r' });
    const state = (await world.month())?.state;
    if (renewal?.remedy) assert.deepEqual([end.kind, world.sent(), state], ['closed', 0, 'running'], `${at}`);
    else assert.deepEqual([end.kind, world.sent(), state], ['renewed', 1, 'renewed'], `${at}`);
  }
});

test('a renewal of a server that has expired at the supplier is closed; within its month it is tried again', async () => {
  const { db, renew, sent, say } = await setUp();
  say({ kind: 'notOurs', why: 'IP not found in your account' });
  await assert.rejects(renew(), /the supplier does not know it as ours/);
  await db.servers.updateOne(
    { _id: `smartvps:${ip}` },
    { $set: { 'tenancy.expiresAt': '2026-11-20T23:59:59.999Z' } },
  );
  const end = await renew();
  assert.equal(end.kind, 'closed');
  assert.equal(sent(), 0);
});

test("the new end is the supplier's date; without one it is a month after the end that was known, months counted whole", async () => {
  const nameless = { kind: 'server', ip } as ServerStatus;
  const dated = (expiresOn: string) => ({ kind: 'server', ip, expiresOn }) as ServerStatus;
  const cases: [ServerStatus, ServerStatus, string, string][] = [
    // Renewed in the supplier's own panel meanwhile: our book had been behind.
    [dated('2027-01-31'), dated('2027-02-28'), '2026-12-21T10:00:00.000Z', '2027-02-28T23:59:59.999Z'],
    [dated('2027-01-31'), nameless, '2026-12-21T10:00:00.000Z', '2027-02-28T23:59:59.999Z'],
    [nameless, nameless, '2026-12-21T10:00:00.000Z', '2027-01-21T10:00:00.000Z'],
    [nameless, nameless, '2026-11-20T10:00:00.000Z', '2026-12-21T12:00:00.000Z'],
    // Its status lags behind what it was paid for.
    [dated('2026-12-21'), dated('2026-12-21'), '2026-12-21T10:00:00.000Z', '2027-01-21T23:59:59.999Z'],
  ];
  for (const [before, after, known, until] of cases) {
    const { db, renew, say, month } = await setUp();
    say(before, after);
    await db.servers.updateOne({ _id: `smartvps:${ip}` }, { $set: { 'tenancy.expiresAt': known } });
    assert.deepEqual(await renew(), { kind: 'renewed', ip, until });
    assert.equal((await month())?.until, until);
    assert.equal((await db.servers.findOne({ _id: `smartvps:${ip}` }))?.tenancy.expiresAt, until);
  }
});
