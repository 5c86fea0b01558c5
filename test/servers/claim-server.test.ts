import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { secret } from '../../src/domain/secret.ts';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import { planOrder } from '../../src/orders/plan-order.ts';
import { buyOnce } from '../../src/purchases/buy-once.ts';
import type { PurchaseDocument } from '../../src/purchases/purchase-document.ts';
import { claimServer } from '../../src/servers/claim-server.ts';
import { createCredentialBox } from '../../src/servers/credential-box.ts';
import { finishClaim, returnClaim } from '../../src/servers/finish-claim.ts';
import type { Tenancy } from '../../src/servers/server-document.ts';
import type { Supplier } from '../../src/suppliers/supplier.ts';
import { SupplierError } from '../../src/suppliers/supplier-error.ts';
import { policy } from '../purchases/purchase-world.ts';
import { anOrder, aPackage, aPurchase, aTenancy } from '../support/builders.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const ip = '103.181.91.7';
const id = `smartvps:${ip}`;
const wish = { ip, by: 'an admin', reason: null };
const claimId = 'b#2';

interface Setting {
  order?: Partial<OrderDocument>;
  old?: Partial<PurchaseDocument>;
  tenancy?: Partial<Tenancy>;
}

/** Order `b` failed after a refused purchase; the stranded server of `a#1`, its first login `old`, is at `ip`. */
async function setUp({ order, old, tenancy }: Setting = {}) {
  const db = createMemoryCollections();
  const box = createCredentialBox([{ id: 'k1', key: randomBytes(32) }]);
  const shown = { password: 'shown-1', os: 'ubuntu', expiresOn: '2026-12-21', wipes: 0, renewals: 0 };
  const failure = { code: 'purchaseRefused', message: 'No.', since: '2026-11-21T10:00:00.000Z' } as const;
  await db.packages.insertOne(aPackage());
  await db.orders.insertOne(anOrder({ _id: 'b', status: 'failed', failure, ...order }));
  await db.purchases.insertOne(
    aPurchase({ _id: 'b#1', state: 'refused', settledAt: '2026-11-21T09:00:00.000Z' }),
  );
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', state: 'bought', ip, ...old }));
  const stranded = aTenancy({ purchaseId: 'a#1', orderId: 'a', state: 'stranded', ...tenancy });
  await db.servers.insertOne({ _id: id, supplier: 'smartvps', ip, tenancy: stranded, history: [] });
  const sealed = box.seal({ orderId: 'a', login: { username: 'root', password: 'old' } });
  await db.credentials.insertOne({ _id: 'a#1', orderId: 'a', ...sealed, os: 'ubuntu', sealedAt: '' });
  const wipe = async () => {
    assert.equal((await tenancyNow())?.state, 'changing', 'no wipe without the move');
    shown.wipes += 1;
  };
  const supplier = {
    readServer: async () => ({
      kind: 'server',
      ip,
      username: 'root',
      password: secret(shown.password),
      os: shown.os,
      expiresOn: shown.expiresOn,
      machineStatus: '',
      powerStatus: '',
      actionStatus: '',
    }),
    format: wipe,
    changeOs: wipe,
    renew: async () => {
      shown.renewals += 1;
    },
  } as Partial<Supplier> as Supplier;
  const tenancyNow = async () => (await db.servers.findOne({ _id: id }))?.tenancy;
  const deps = {
    db,
    box,
    supplierOf: () => supplier,
    now: () => '2026-11-21T10:00:00.000Z',
    interpret: () => assert.fail('There is no reply to read.'),
  };
  return {
    db,
    shown,
    box,
    deps,
    tenancyNow,
    goods: async () => (await db.orders.findOne({ _id: 'b' }))?.goods,
    claim: () => claimServer(deps, { orderId: 'b', wish }),
    look: () => finishClaim(deps, { purchaseId: claimId }),
    giveBack: () => returnClaim(deps, { purchaseId: claimId, why: 'It took too long.' }),
  };
}

test('a claim takes row, goods and tenancy, and nothing twice', async () => {
  const { db, claim, goods, tenancyNow } = await setUp();
  assert.deepEqual(await claim(), { kind: 'claimed', purchaseId: claimId });
  assert.deepEqual(await claim(), { kind: 'claimed', purchaseId: claimId });
  const row = await db.purchases.findOne({ _id: claimId });
  assert.deepEqual([row?.kind, row?.state, row?.ip], ['claim', 'intended', ip]);
  assert.deepEqual(await goods(), { state: 'buying', purchaseId: claimId });
  assert.equal((await tenancyNow())?.state, 'changing');
  assert.equal(await db.purchases.findOne({ _id: 'b#3' }), null);
});

const refusals: [string, Setting, RegExp][] = [
  [
    'is of another package',
    { order: { packageKey: '103.181.9' } },
    /no address of the ordered package 103\.181\.9\./,
  ],
  ['has another memory', { old: { ramGb: 4 } }, /has 4 GB of memory, the order asks for 8 GB/],
  ['is delivered', { tenancy: { state: 'delivered' } }, /is delivered, not stranded/],
  ['has expired', { tenancy: { expiresAt: '2026-11-20T00:00:00.000Z' } }, /has expired/],
  ['goes to an order that is refunded', { order: { money: 'refunded' } }, /its money is refunded/],
  [
    'goes to an order with goods',
    { order: { goods: { state: 'parked', purchaseId: 'b#1' } } },
    /has goods already: parked b#1/,
  ],
];
for (const [what, setting, sentence] of refusals) {
  test(`a server that ${what} is not claimed, and nothing moves`, async () => {
    const { db, claim, tenancyNow } = await setUp(setting);
    const before = await tenancyNow();
    const answer = await claim();
    assert.equal(answer.kind, 'refused');
    assert.match(answer.kind === 'refused' ? answer.sentence : '', sentence);
    assert.deepEqual(await tenancyNow(), before);
    assert.equal(await db.purchases.findOne({ _id: claimId }), null);
  });
}

test('a claimed server is wiped once and handed over with a login that nobody had', async () => {
  const { db, shown, claim, look, box, tenancyNow, deps } = await setUp();
  await claim();
  assert.equal((await look()).kind, 'notReady');
  assert.deepEqual(await look(), { kind: 'notReady', why: 'The login is still an earlier one.' });
  shown.password = 'old';
  assert.deepEqual(await look(), { kind: 'notReady', why: 'The login is still an earlier one.' });
  shown.password = 'fresh';
  assert.deepEqual(await look(), { kind: 'bought', ip });
  assert.deepEqual(await look(), { kind: 'bought', ip });
  assert.deepEqual([shown.wipes, shown.renewals], [1, 0]);
  const sealed = await db.credentials.findOne({ _id: claimId });
  assert.equal(sealed && box.open({ orderId: 'b', sealed }).password, 'fresh');
  const server = await db.servers.findOne({ _id: id });
  const { state, orderId, purchaseId, cost } = (await tenancyNow()) ?? {};
  assert.deepEqual([state, orderId, purchaseId, cost?.amountMinor], ['bought', 'b', claimId, 49_900]);
  assert.deepEqual(
    server?.history.map((past) => [past.purchaseId, past.state, past.cost]),
    [['a#1', 'stranded', null]],
  );
  assert.deepEqual(await planOrder(deps, { orderId: 'b' }), { kind: 'verify', purchaseId: claimId, ip });
});

test('a term below 28 days is renewed once, before anything is wiped', async () => {
  const { shown, claim, look } = await setUp();
  shown.expiresOn = '2026-12-01';
  await claim();
  assert.equal((await look()).kind, 'notReady');
  assert.equal((await look()).kind, 'notReady');
  assert.deepEqual([shown.renewals, shown.wipes], [1, 0]);
  shown.expiresOn = '2027-01-01';
  assert.deepEqual(await look(), { kind: 'notReady', why: `${ip} is wiped.` });
  assert.deepEqual([shown.renewals, shown.wipes], [1, 1]);
});

test('a renewal counts also where the supplier names no date: it is paid for once, by whichever claim', async () => {
  const { db, deps, shown, claim, look, giveBack, tenancyNow } = await setUp({
    tenancy: { expiresAt: '2026-12-01T23:59:59.999Z' },
  });
  shown.expiresOn = '';
  await claim();
  assert.deepEqual(await look(), { kind: 'notReady', why: `${ip} is renewed to a full term.` });
  assert.equal((await tenancyNow())?.expiresAt, '2027-01-01T23:59:59.999Z');
  assert.deepEqual(await look(), { kind: 'notReady', why: `${ip} is wiped.` });
  await giveBack();
  await db.orders.insertOne(anOrder({ _id: 'c', status: 'failed' }));
  await claimServer(deps, { orderId: 'c', wish });
  await finishClaim(deps, { purchaseId: 'c#1' });
  assert.deepEqual([shown.renewals, shown.wipes], [1, 2]);
});

test('a server that is not ready in time goes back, and its order is as it was', async () => {
  const { claim, look, giveBack, goods, tenancyNow, deps, db } = await setUp();
  await claim();
  const step = await planOrder(deps, { orderId: 'b' });
  assert.equal(step.kind === 'claim' ? step.failure?.code : step.kind, 'purchaseRefused');
  await look();
  const sentence = `${ip} went back to the stranded servers: It took too long.`;
  assert.deepEqual(await giveBack(), { kind: 'gaveBack', sentence });
  assert.deepEqual(await giveBack(), { kind: 'gaveBack', sentence });
  assert.deepEqual(await look(), { kind: 'gaveBack', sentence });
  const { state, purchaseId, cause } = (await tenancyNow()) ?? {};
  assert.deepEqual([state, purchaseId], ['stranded', 'a#1']);
  assert.equal(cause, 'Went back from order b: It took too long.');
  assert.deepEqual(await goods(), { state: 'none' });
  assert.equal((await db.purchases.findOne({ _id: claimId }))?.state, 'void');
});

test('a server that goes back after it was renewed is known by its new end, so that the next order can have it', async () => {
  const { shown, claim, look, giveBack, tenancyNow } = await setUp({
    tenancy: { expiresAt: '2026-11-22T23:59:59.999Z' },
  });
  shown.expiresOn = '2026-11-22';
  await claim();
  await look();
  shown.expiresOn = '2026-12-22';
  await look();
  assert.equal(shown.renewals, 1);
  await giveBack();
  const { state, expiresAt } = (await tenancyNow()) ?? {};
  assert.deepEqual([state, expiresAt], ['stranded', '2026-12-22T23:59:59.999Z']);
});

test("a look that outlasts its claim wipes nothing: the server may be another order's by then", async () => {
  const { db, deps, shown, claim, look, giveBack, tenancyNow } = await setUp();
  await claim();
  const supplier = deps.supplierOf();
  const { readServer } = supplier;
  await db.orders.insertOne(anOrder({ _id: 'c', status: 'failed' }));
  supplier.readServer = async (request) => {
    await giveBack();
    await claimServer(deps, { orderId: 'c', wish });
    return readServer(request);
  };
  await assert.rejects(look(), { name: 'BrokenRecord', message: /its tenancy does not allow a wipe now/ });
  assert.equal(shown.wipes, 0);
  assert.equal((await tenancyNow())?.operationId, 'c#1:claim');
});

test('a wipe whose answer was lost is made again, and the login of the first one is handed to nobody', async () => {
  const { deps, shown, claim, look } = await setUp();
  await claim();
  const supplier = deps.supplierOf();
  const { format } = supplier;
  supplier.format = async (request) => {
    await format(request);
    shown.password = 'after the first wipe';
    supplier.format = format;
    throw new SupplierError({ code: 'unreachable', action: 'format', why: 'it broke', remedy: 'Look.' });
  };
  await assert.rejects(look(), { name: 'SupplierError' });
  assert.deepEqual(await look(), { kind: 'notReady', why: `${ip} is wiped.` });
  assert.equal(shown.wipes, 2);
  assert.deepEqual(await look(), { kind: 'notReady', why: 'The login is still an earlier one.' });
  shown.password = 'fresh';
  assert.deepEqual(await look(), { kind: 'bought', ip });
});

test('a server that was handed over stays, also for who comes to give it back', async () => {
  const { claim, look, giveBack, shown, tenancyNow } = await setUp();
  await claim();
  await look();
  shown.password = 'fresh';
  await look();
  assert.deepEqual(await giveBack(), { kind: 'bought', ip });
  assert.equal((await tenancyNow())?.state, 'bought');
});

test('of two orders that claim one server one gets it, the other stays as it was', async () => {
  const { db, deps, claim, tenancyNow } = await setUp();
  await db.orders.insertOne(anOrder({ _id: 'c', status: 'failed' }));
  const answers = await Promise.all([claim(), claimServer(deps, { orderId: 'c', wish })]);
  assert.deepEqual(answers.map(({ kind }) => kind).sort(), ['claimed', 'refused']);
  const holders = await db.orders.find({ 'goods.state': 'buying' }).toArray();
  assert.equal(holders.length, 1);
  assert.equal((await tenancyNow())?.operationId, holders[0]?._id === 'b' ? 'b#2:claim' : 'c#1:claim');
});

test('nothing is bought under the number of a claim, whoever asks for it', async () => {
  const { db, deps, claim, goods } = await setUp();
  await claim();
  const order = await db.orders.findOne({ _id: 'b' });
  assert.ok(order);
  const answer = await buyOnce(
    {
      ...deps,
      sendPurchase: () => assert.fail('The supplier was asked.'),
      sleep: async () => undefined,
      log: { warn: () => undefined },
    },
    {
      order,
      packageName: '103.181.91',
      purchaseId: claimId,
      fencingNumber: 1,
      stockBefore: 9,
      stockAllBefore: null,
      policy,
    },
  );
  assert.deepEqual(answer, { kind: 'voided' });
  assert.equal((await db.purchases.findOne({ _id: claimId }))?.state, 'intended');
  assert.deepEqual(await goods(), { state: 'buying', purchaseId: claimId });
});
