import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { secret } from '../../src/domain/secret.ts';
import { createCredentialBox } from '../../src/servers/credential-box.ts';
import { type FetchLoginDependencies, fetchLogin } from '../../src/servers/fetch-login.ts';
import type { TenancyState } from '../../src/servers/server-document.ts';
import type { ServerStatus, Supplier } from '../../src/suppliers/supplier.ts';
import { SupplierError } from '../../src/suppliers/supplier-error.ts';
import { anOrder, aPurchase, aTenancy } from '../support/builders.ts';
import { createFaultyCollections } from '../support/faulty-collections.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const ip = '103.181.91.7';
const id = `smartvps:${ip}`;
const password = 'pw-7f3a';
const input = { orderId: 'a', purchaseId: 'a#1' };
const now = () => '2026-11-21T10:01:00.000Z';

function aServer(changes: Partial<Extract<ServerStatus, { kind: 'server' }>> = {}): ServerStatus {
  return {
    kind: 'server',
    ip,
    username: 'root',
    password: secret(password),
    os: 'ubuntu',
    expiryDate: '2026-12-21',
    expiresOn: '2026-12-21',
    machineStatus: 'Active',
    powerStatus: 'on',
    actionStatus: '',
    ...changes,
  };
}

/** Order `a` with its bought server; the supplier shows `status` and counts what it is told to wipe. */
async function setUp(status: ServerStatus | (() => ServerStatus), state: TenancyState = 'bought') {
  const db = createMemoryCollections();
  await db.orders.insertOne(anOrder({ _id: 'a', goods: { state: 'buying', purchaseId: 'a#1' } }));
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', state: 'bought', ip }));
  const tenancy = aTenancy({ purchaseId: 'a#1', orderId: 'a', state });
  await db.servers.insertOne({ _id: id, supplier: 'smartvps', ip, tenancy, history: [] });
  const wipes: { os: string; tenancy: TenancyState | undefined }[] = [];
  const supplier = {
    readServer: async () => (typeof status === 'function' ? status() : status),
    changeOs: async ({ os }: { os: string }) => {
      wipes.push({ os, tenancy: (await db.servers.findOne({ _id: id }))?.tenancy.state });
    },
  } as Partial<Supplier> as Supplier;
  const box = createCredentialBox([{ id: 'k1', key: randomBytes(32) }]);
  const deps: FetchLoginDependencies = { db, supplierOf: () => supplier, box, now };
  return { db, deps, box, wipes, supplier };
}

test('a login is sealed once for its order, and the answer shows nothing of it', async () => {
  const { db, deps, box } = await setUp(aServer());
  assert.deepEqual(await fetchLogin(deps, input), { kind: 'sealed', os: 'ubuntu' });
  const sealed = await db.credentials.findOne({ _id: 'a#1' });
  assert.ok(sealed);
  assert.deepEqual(box.open({ orderId: 'a', sealed }), { username: 'root', password });
  assert.deepEqual(await fetchLogin(deps, input), { kind: 'sealed', os: 'ubuntu' });
  assert.deepEqual(await db.credentials.findOne({ _id: 'a#1' }), sealed);
  assert.ok(!inspect(sealed).includes(password));
  assert.equal((await db.servers.findOne({ _id: id }))?.tenancy.expiresAt, '2026-12-21T23:59:59.999Z');
});

const unready: [string, ServerStatus, string][] = [
  [
    'not listed yet',
    { kind: 'notOurs', why: 'error|not found' },
    'The supplier does not list the server yet.',
  ],
  ['without a password', { ...aServer(), password: undefined } as never, 'The login is still empty.'],
  ['without a user name', aServer({ username: '' }), 'The login is still empty.'],
];
for (const [name, status, why] of unready) {
  test(`a server ${name} is not ready and nothing is wiped`, async () => {
    const { db, deps, wipes } = await setUp(status);
    assert.deepEqual(await fetchLogin(deps, input), { kind: 'notReady', why });
    assert.equal(await db.credentials.findOne({ _id: 'a#1' }), null);
    assert.deepEqual(wipes, []);
  });
}

test('a date that does not parse keeps the month that was known', async () => {
  const { db, deps } = await setUp({ ...aServer({ expiryDate: 'soon' }), expiresOn: undefined } as never);
  await fetchLogin(deps, input);
  assert.equal((await db.servers.findOne({ _id: id }))?.tenancy.expiresAt, '2026-12-21T10:00:00.000Z');
});

test('another system is changed once, while the tenancy says so, and then looked at again', async () => {
  let os = 'centos';
  const { db, deps, wipes } = await setUp(() => aServer({ os }));
  const why = 'The ordered system (Ubuntu 22) is being installed.';
  assert.deepEqual(await fetchLogin(deps, input), { kind: 'notReady', why });
  assert.deepEqual(await fetchLogin(deps, input), { kind: 'notReady', why });
  assert.deepEqual(wipes, [{ os: 'Ubuntu 22', tenancy: 'changing' }]);
  assert.equal((await db.servers.findOne({ _id: id }))?.tenancy.state, 'bought');
  os = 'ubuntu';
  assert.deepEqual(await fetchLogin(deps, input), { kind: 'sealed', os: 'ubuntu' });
});

test('a supplier that names no system is told the ordered one once, and believed from then on', async () => {
  const { deps, wipes } = await setUp(aServer({ os: '' }));
  assert.equal((await fetchLogin(deps, input)).kind, 'notReady');
  assert.deepEqual(await fetchLogin(deps, input), { kind: 'sealed', os: '' });
  assert.equal(wipes.length, 1);
});

test('a change whose answer was lost is known to be done by the system that is shown', async () => {
  let os = 'centos';
  const { db, deps, supplier } = await setUp(() => aServer({ os }));
  supplier.changeOs = async () => {
    os = 'ubuntu';
    throw new SupplierError({ code: 'unreachable', action: 'change', why: 'it broke', remedy: 'Look.' });
  };
  await assert.rejects(fetchLogin(deps, input), { name: 'SupplierError' });
  assert.equal((await db.servers.findOne({ _id: id }))?.tenancy.state, 'changing');
  assert.deepEqual(await fetchLogin(deps, input), { kind: 'sealed', os: 'ubuntu' });
  assert.equal((await db.servers.findOne({ _id: id }))?.tenancy.state, 'bought');
});

for (const state of ['held', 'delivered', 'stranded', 'retired'] as const) {
  test(`a server that is ${state} is not wiped`, async () => {
    const { deps, wipes } = await setUp(aServer({ os: 'centos' }), state);
    await assert.rejects(fetchLogin(deps, input), {
      name: 'BrokenRecord',
      message: 'Failed to install Ubuntu 22 on 103.181.91.7: its tenancy does not allow a wipe now.',
    });
    assert.deepEqual(wipes, []);
  });
}

test('a server of another purchase is neither read nor wiped', async () => {
  const { db, deps, supplier, wipes } = await setUp(aServer({ os: 'centos' }));
  await db.servers.updateOne({ _id: id }, { $set: { 'tenancy.purchaseId': 'b#1' } });
  supplier.readServer = () => assert.fail('read');
  await assert.rejects(fetchLogin(deps, input), {
    message: 'Failed to fetch the login of 103.181.91.7: it is not the server of a#1.',
  });
  assert.deepEqual(wipes, []);
});

test('a change that fails is made again, and none is lost or begun twice after a crash at any write', async () => {
  for (let write = 1; write <= 6; write += 1) {
    for (const when of ['before', 'after'] as const) {
      let os = 'centos';
      const { db, deps, wipes, supplier } = await setUp(() => aServer({ os }));
      const { changeOs } = supplier;
      supplier.changeOs = async (request) => {
        await changeOs(request);
        os = 'ubuntu';
      };
      const faulty = createFaultyCollections(db, { write, when, kind: 'error' });
      const look = (own: FetchLoginDependencies) => fetchLogin(own, input).catch(() => undefined);
      await look({ ...deps, db: faulty.db });
      await look({ ...deps, db: faulty.db });
      // Where the change is done and its end was not written, it is begun again only while still `changing`.
      for (let again = 0; again < 3; again += 1) await look(deps);
      assert.equal((await fetchLogin(deps, input)).kind, 'sealed', `${when} ${write}`);
      assert.ok(wipes.length >= 1 && wipes.every(({ tenancy }) => tenancy === 'changing'));
      assert.ok(wipes.length <= 2, `${when} ${write}: ${wipes.length} wipes`);
    }
  }
});

test('no error of the supplier and no sealed row shows a login', async () => {
  const { deps, supplier } = await setUp(aServer());
  supplier.readServer = async () => {
    throw new SupplierError({
      code: 'unreachable',
      action: 'read the server',
      why: 'it broke',
      remedy: 'Look.',
    });
  };
  await assert.rejects(fetchLogin(deps, input), (error: Error) => !inspect(error).includes(password));
});

test('a purchase without an address has no login to fetch', async () => {
  const { db, deps } = await setUp(aServer());
  await db.purchases.updateOne({ _id: 'a#1' }, { $set: { ip: null } });
  await assert.rejects(fetchLogin(deps, input), {
    name: 'BrokenRecord',
    message: 'Failed to fetch the login of purchase a#1: it has no address.',
  });
});
