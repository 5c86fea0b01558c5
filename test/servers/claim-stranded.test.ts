import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import { planOrder } from '../../src/orders/plan-order.ts';
import { claimStranded } from '../../src/servers/claim-stranded.ts';
import type { Tenancy } from '../../src/servers/server-document.ts';
import { anOrder, aPackage, aPurchase, aTenancy } from '../support/builders.ts';
import { createFaultyCollections } from '../support/faulty-collections.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const ip = '103.181.91.7';

/** Order `b` is about to buy its first server; the servers of `servers` were bought with 8 GB and are stranded. */
async function setUp(
  servers: Record<string, Partial<Tenancy> & { ramGb?: number }> = { [ip]: {} },
  order: Partial<OrderDocument> = {},
) {
  const db = createMemoryCollections();
  await db.packages.insertOne(aPackage());
  await db.orders.insertOne(anOrder({ _id: 'b', ...order }));
  for (const [address, { ramGb = 8, ...changes }] of Object.entries(servers)) {
    const purchaseId = `${address}#1`;
    await db.purchases.insertOne(aPurchase({ _id: purchaseId, state: 'bought', ip: address, ramGb }));
    const tenancy = aTenancy({ purchaseId, orderId: address, state: 'stranded', ...changes });
    const server = { _id: `smartvps:${address}`, supplier: 'smartvps', ip: address, tenancy, history: [] };
    await db.servers.insertOne(server as never);
  }
  const deps = {
    db,
    now: () => '2026-11-21T10:00:00.000Z',
    interpret: () => assert.fail('There is no reply to read.'),
  };
  return {
    db,
    deps,
    claim: (own = deps) => claimStranded(own, { orderId: 'b' }),
    states: async () =>
      Object.fromEntries((await db.servers.find({}).toArray()).map((one) => [one.ip, one.tenancy.state])),
    rows: async () => {
      const rows = await db.purchases.find({ orderId: 'b' }).toArray();
      return rows.map(({ _id, kind, state }) => `${_id} ${kind} ${state}`);
    },
  };
}

test('a stranded server of the package is taken as a purchase of kind claim, and a repeat takes no second one', async () => {
  const world = await setUp({ [ip]: {}, '103.181.91.8': {} });
  const claimed = { kind: 'claimed', purchaseId: 'b#1', ip };
  assert.deepEqual(await world.claim(), claimed);
  assert.deepEqual(await world.claim(), claimed);
  assert.deepEqual(await world.rows(), ['b#1 claim intended']);
  assert.deepEqual(await world.states(), { [ip]: 'changing', '103.181.91.8': 'stranded' });
  assert.match((await world.db.purchases.findOne({ _id: 'b#1' }))?.why ?? '', /the policy claimStranded/);
  assert.equal((await planOrder(world.deps, { orderId: 'b' })).kind, 'claim');
});

test('of several the one with the longest term is taken, and one without the memory is passed over', async () => {
  const world = await setUp({
    [ip]: { expiresAt: '2026-11-25T00:00:00.000Z' },
    '103.181.91.8': { expiresAt: '2026-12-20T00:00:00.000Z', ramGb: 4 },
    '103.181.91.9': { expiresAt: '2026-12-10T00:00:00.000Z' },
  });
  const claim = await world.claim();
  assert.equal(claim.kind === 'claimed' && claim.ip, '103.181.91.9');
});

const unfit: [string, Parameters<typeof setUp>][] = [
  ['no server is stranded', [{}]],
  ['it is delivered', [{ [ip]: { state: 'delivered' } }]],
  ['it is held for an undecided order', [{ [ip]: { state: 'held' } }]],
  ['it is of another package', [{ '103.181.9.7': {} }]],
  ['it has another memory', [{ [ip]: { ramGb: 4 } }]],
  ['it has expired', [{ [ip]: { expiresAt: '2026-11-20T00:00:00.000Z' } }]],
  ['the money is gone', [{ [ip]: {} }, { money: 'refunding' }]],
  ['the order has goods', [{ [ip]: {} }, { goods: { state: 'delivered', purchaseId: 'b#0' } }]],
];
for (const [why, input] of unfit) {
  test(`nothing is claimed where ${why}, and nothing moves`, async () => {
    const world = await setUp(...input);
    const before = await world.states();
    assert.deepEqual(await world.claim(), { kind: 'none' });
    assert.deepEqual([await world.states(), await world.rows()], [before, []]);
  });
}

test('a purchase that is not over keeps the order from claiming', async () => {
  for (const state of ['intended', 'sent', 'unknown', 'case', 'bought'] as const) {
    const world = await setUp();
    await world.db.purchases.insertOne(aPurchase({ _id: 'b#1', state }));
    assert.deepEqual(await world.claim(), { kind: 'none' }, state);
    assert.deepEqual(await world.rows(), [`b#1 buy ${state}`]);
  }
});

test('an order that had a claim buys: no second server is tried', async () => {
  const world = await setUp();
  await world.db.purchases.insertOne(aPurchase({ _id: 'b#1', kind: 'claim', state: 'void', ip }));
  assert.deepEqual(await world.claim(), { kind: 'none' });
  assert.deepEqual(await planOrder(world.deps, { orderId: 'b' }), { kind: 'buy', purchaseId: 'b#2' });
});

test('two orders that look at the same moment never take one server', async () => {
  const world = await setUp();
  await world.db.orders.insertOne(anOrder({ _id: 'c' }));
  const claims = await Promise.all([world.claim(), claimStranded(world.deps, { orderId: 'c' })]);
  assert.deepEqual(claims.map(({ kind }) => kind).sort(), ['claimed', 'none']);
  const holders = await world.db.orders.find({ 'goods.state': 'buying' }).toArray();
  assert.equal(holders.length, 1);
});

test('a claim survives a crash before and after each of its writes', async () => {
  const whole = await setUp();
  const counted = createFaultyCollections(whole.db, null);
  await whole.claim({ ...whole.deps, db: counted.db });
  assert.ok(counted.writes() >= 3);
  for (let write = 1; write <= counted.writes(); write += 1) {
    for (const when of ['before', 'after'] as const) {
      const world = await setUp();
      const faulty = createFaultyCollections(world.db, { write, when, kind: 'crash' });
      const first = world.claim({ ...world.deps, db: faulty.db });
      assert.equal(await Promise.race([first, faulty.crashed]), 'crashed');
      const where = `crash ${when} write ${write}`;
      assert.deepEqual(await world.claim(), { kind: 'claimed', purchaseId: 'b#1', ip }, where);
      assert.deepEqual(await world.states(), { [ip]: 'changing' }, where);
    }
  }
});
