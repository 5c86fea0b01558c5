import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import type { PurchaseDocument } from '../../src/purchases/purchase-document.ts';
import type { Tenancy } from '../../src/servers/server-document.ts';
import { verifyServer } from '../../src/servers/verify-server.ts';
import { interpretPurchaseReply } from '../../src/suppliers/smartvps/interpret-purchase-reply.ts';
import { anOrder, aPackage, aPurchase, aTenancy } from '../support/builders.ts';
import { createFaultyCollections } from '../support/faulty-collections.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const input = { orderId: 'a', purchaseId: 'a#1' };
const now = () => '2026-11-21T10:01:00.000Z';

async function setUp(
  changes: {
    ip?: string;
    order?: Partial<OrderDocument>;
    row?: Partial<PurchaseDocument>;
    tenancy?: Partial<Tenancy>;
  } = {},
) {
  const { ip = '103.181.91.7', order, row, tenancy } = changes;
  const db = createMemoryCollections();
  await db.orders.insertOne(anOrder({ _id: 'a', goods: { state: 'buying', purchaseId: 'a#1' }, ...order }));
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', state: 'bought', ip, ...row }));
  await db.servers.insertOne({
    _id: `smartvps:${ip}`,
    supplier: 'smartvps',
    ip,
    tenancy: aTenancy({ purchaseId: 'a#1', orderId: 'a', ...tenancy }),
    history: [],
  });
  const interpret = ({ reply }: { reply: Parameters<typeof interpretPurchaseReply>[0] }) =>
    interpretPurchaseReply(reply);
  const state = async () => {
    const [found, kept, server] = await Promise.all([
      db.purchases.findOne({ _id: 'a#1' }),
      db.orders.findOne({ _id: 'a' }),
      db.servers.findOne({ _id: `smartvps:${ip}` }),
    ]);
    return [found?.state, kept?.goods.state, server?.tenancy.state];
  };
  return { db, deps: { db, interpret, now }, state };
}

test('an address of the package is right and moves nothing', async () => {
  const { deps, state } = await setUp();
  assert.deepEqual(await verifyServer(deps, input), { kind: 'right', ip: '103.181.91.7' });
  assert.deepEqual(await state(), ['bought', 'buying', 'bought']);
});

test('a right address of a package that was taken for dry says that it is not, unless it was bought before that', async () => {
  const { db, deps } = await setUp({ row: { sentAt: '2026-11-21T10:00:30.000Z' } });
  const since = '2026-11-21T10:00:40.000Z';
  await db.packages.insertOne(aPackage({ dry: { since, reading: 7, purchaseId: 'b#1' } }));
  const dry = async () => (await db.packages.findOne({ _id: 'smartvps:103.181.91' }))?.dry;
  await verifyServer(deps, input);
  assert.equal((await dry())?.since, since, 'the older purchase proves nothing');
  const sentAt = '2026-11-21T10:00:50.000Z';
  await db.purchases.updateOne({ _id: 'a#1' }, { $set: { sentAt } });
  await verifyServer(deps, input);
  assert.equal(await dry(), null);
});

test('an address of another package is wrong: held, released, named, and the same when repeated', async () => {
  const { db, deps, state } = await setUp({ ip: '103.182.44.18' });
  const sentence =
    'SmartVPS assigned an IP of another package. Requested: "103.181.91", got: "103.182.44.18". ' +
    'The package has probably run out of IPs.';
  for (let repeat = 0; repeat < 2; repeat += 1) {
    assert.deepEqual(await verifyServer(deps, input), { kind: 'wrong', ip: '103.182.44.18', sentence });
    assert.deepEqual(await state(), ['wrong', 'none', 'held']);
  }
  const row = await db.purchases.findOne({ _id: 'a#1' });
  assert.deepEqual([row?.why, row?.settledAt], [sentence, now()]);
});

test('text that begins alike is another package', async () => {
  const { deps } = await setUp({ ip: '103.181.9.7' });
  assert.equal((await verifyServer(deps, input)).kind, 'wrong');
});

test("the order's own match policy decides", async () => {
  const { deps } = await setUp({ ip: '103.181.90.7', order: { matchPolicy: 'sameNetwork16' } });
  assert.equal((await verifyServer(deps, input)).kind, 'right');
});

test('a wrong purchase survives a crash at each of its writes', async () => {
  for (let write = 1; write <= 4; write += 1) {
    for (const when of ['before', 'after'] as const) {
      const { db, deps, state } = await setUp({ ip: '103.182.44.18' });
      const faulty = createFaultyCollections(db, { write, when, kind: 'error' });
      await verifyServer({ ...deps, db: faulty.db }, input).catch(() => undefined);
      assert.equal((await verifyServer(deps, input)).kind, 'wrong');
      assert.deepEqual(await state(), ['wrong', 'none', 'held'], `${when} ${write}`);
    }
  }
});

test('an address that is another purchase’s by now makes this one a case', async () => {
  const { db, deps, state } = await setUp({ tenancy: { purchaseId: 'b#1', orderId: 'b' } });
  assert.deepEqual(await verifyServer(deps, input), {
    kind: 'duplicate',
    ip: '103.181.91.7',
    sentence: '103.181.91.7 is held by another purchase.',
  });
  assert.deepEqual(await state(), ['case', 'parked', 'bought']);
  assert.equal((await db.purchases.findOne({ _id: 'a#1' }))?.duplicate, true);
});

for (const state of ['intended', 'sent', 'unknown', 'case', 'refused'] as const) {
  test(`a purchase that is ${state} is not verified`, async () => {
    const { deps } = await setUp({ row: { state } });
    await assert.rejects(verifyServer(deps, input), {
      name: 'BrokenRecord',
      message: `Failed to verify purchase a#1: it is ${state}, not bought.`,
    });
  });
}
