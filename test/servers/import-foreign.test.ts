import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectionsOf } from '../../src/database.ts';
import { importForeignServers, parseForeignServers } from '../../src/servers/import-foreign.ts';
import { listServers } from '../../src/servers/list-servers.ts';
import { aTenancy } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const db = collectionsOf((await freshDatabase()).db);
const deps = { db, now: () => '2026-11-21T10:00:00.000Z' };
const own = aTenancy({ purchaseId: 'a#1', orderId: 'a', state: 'delivered' });
await db.servers.insertOne({
  _id: 'smartvps:103.1.1.9',
  supplier: 'smartvps',
  ip: '103.1.1.9',
  tenancy: own,
  history: [],
});

test('every wrong entry of a list is named at once', () => {
  assert.throws(() => parseForeignServers(['103.1.1.1', '10.0.0.1', 7, { ip: 'x' }, { note: 'none' }]), {
    code: 'badServerList',
    problems: [1, 2, 3, 4].map(
      (index) => `Server ${index}: is not a public IPv4 address or {"ip": "...", "note": "..."}.`,
    ),
  });
  assert.throws(() => parseForeignServers({}), /not a JSON array/);
});

test('addresses and objects are read, each address once', () => {
  const list = ['103.1.1.1', { ip: '103.1.1.2', note: 'panel' }, '103.1.1.1'];
  assert.deepEqual(parseForeignServers(list), ['103.1.1.1', '103.1.1.2']);
});

test('older servers become foreign once, ours stay what they are, and the shop knows them then', async () => {
  const input = { supplier: 'smartvps', addresses: ['103.1.1.10', '103.1.1.9'], by: 'an admin' } as const;
  assert.equal(await db.settings.findOne({ _id: 'foreignServers' }), null);
  assert.deepEqual(await importForeignServers(deps, input), {
    recorded: 1,
    left: [{ ip: '103.1.1.9', state: 'delivered' }],
  });
  assert.equal((await importForeignServers(deps, input)).recorded, 0);
  assert.deepEqual(
    (await listServers(db, { state: null })).map(({ ip, state }) => [ip, state]),
    [
      ['103.1.1.9', 'delivered'],
      ['103.1.1.10', 'foreign'],
    ],
  );
  assert.deepEqual(await listServers(db, { state: 'stranded' }), []);
  const said = await db.settings.findOne({ _id: 'foreignServers' });
  assert.deepEqual([said?.count, said?.by], [2, 'an admin']);
});

test('an address whose month with us is over may be an older server again: it becomes foreign, its past stays', async () => {
  const ended = [
    ['103.1.1.11', { state: 'retired' }],
    ['103.1.1.12', { state: 'stranded', expiresAt: '2026-11-20T00:00:00.000Z' }],
  ] as const;
  for (const [ip, changes] of ended) {
    const tenancy = aTenancy({ purchaseId: `${ip}#1`, orderId: ip, ...changes });
    await db.servers.insertOne({ _id: `smartvps:${ip}`, supplier: 'smartvps', ip, tenancy, history: [] });
  }
  const addresses = ended.map(([ip]) => ip);
  assert.deepEqual(await importForeignServers(deps, { supplier: 'smartvps', addresses, by: 'an admin' }), {
    recorded: 2,
    left: [],
  });
  for (const ip of addresses) {
    const server = await db.servers.findOne({ _id: `smartvps:${ip}` });
    const past = server?.history.map(({ purchaseId, state }) => [purchaseId, state]);
    assert.deepEqual([server?.tenancy.state, past], ['foreign', [[`${ip}#1`, 'retired']]]);
  }
});

test('that there are none is a saying, too', async () => {
  await importForeignServers(deps, { supplier: 'smartvps', addresses: [], by: 'an admin' });
  assert.equal((await db.settings.findOne({ _id: 'foreignServers' }))?.count, 0);
});
