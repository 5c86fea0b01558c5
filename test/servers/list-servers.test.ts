import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectionsOf } from '../../src/database.ts';
import { listServers, totalServers } from '../../src/servers/list-servers.ts';
import type { Tenancy } from '../../src/servers/server-document.ts';
import { aTenancy } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const db = collectionsOf((await freshDatabase()).db);
const now = '2026-11-21T10:00:00.000Z';
const yesterday = '2026-11-20T10:00:00.000Z';

const servers: [string, Partial<Tenancy>][] = [
  ['103.1.1.10', { state: 'stranded', cause: 'Stranded by a keeper.' }],
  ['103.1.1.9', { state: 'delivered', expiresAt: yesterday }],
  ['103.1.1.8', { state: 'stranded', expiresAt: yesterday, cause: 'Stranded by a keeper.' }],
  ['103.1.1.7', { state: 'retired', cost: null }],
  ['103.1.1.6', { state: 'foreign', expiresAt: yesterday, cost: null }],
];
for (const [ip, changes] of servers) {
  const tenancy = aTenancy({ purchaseId: `${ip}#1`, orderId: ip, ...changes });
  await db.servers.insertOne({ _id: `smartvps:${ip}`, supplier: 'smartvps', ip, tenancy, history: [] });
}

const list = async (state: Tenancy['state'] | 'ours' | null) =>
  (await listServers(db, { state, now })).map((line) => `${line.ip} ${line.state}`);

test('servers are listed by address, one whose month has ended as retired, unless a customer may have renewed it', async () => {
  const all = ['103.1.1.6 foreign', '103.1.1.7 retired', '103.1.1.8 retired', '103.1.1.9 delivered'];
  assert.deepEqual(await list(null), [...all, '103.1.1.10 stranded']);
});

test('of one state those are listed that are in it now: what has expired is no stranded money any more', async () => {
  assert.deepEqual(await list('stranded'), ['103.1.1.10 stranded']);
  assert.deepEqual(await list('retired'), ['103.1.1.7 retired', '103.1.1.8 retired']);
  assert.deepEqual(await list('delivered'), ['103.1.1.9 delivered']);
});

test('each has its cost, its expiry and its cause', async () => {
  const [stranded] = await listServers(db, { state: 'stranded', now });
  assert.deepEqual(
    [stranded?.cost?.amountMinor, stranded?.expiresAt, stranded?.cause],
    [49_900, '2026-12-21T10:00:00.000Z', 'Stranded by a keeper.'],
  );
  const [, ended] = await listServers(db, { state: 'retired', now });
  assert.equal(ended?.cause, 'Expired 2026-11-20 as stranded. Stranded by a keeper.');
});

test('ours are all but the foreign ones, and so are the totals, with what was paid by state', async () => {
  const ours = ['103.1.1.7 retired', '103.1.1.8 retired', '103.1.1.9 delivered', '103.1.1.10 stranded'];
  assert.deepEqual(await list('ours'), ours);
  assert.deepEqual(await list('foreign'), ['103.1.1.6 foreign']);
  const paid = [{ amountMinor: 49_900, currency: 'INR' }];
  assert.deepEqual(await totalServers(db, { now }), [
    { state: 'delivered', count: 1, costs: paid },
    { state: 'retired', count: 2, costs: paid },
    { state: 'stranded', count: 1, costs: paid },
  ]);
});

test('a stranded server is listed and counted however many others came before it', async () => {
  const { db: crowd } = await freshDatabase();
  const many = collectionsOf(crowd);
  await many.servers.insertMany(
    Array.from({ length: 1_100 }, (_, index) => {
      const ip = `103.7.${Math.floor(index / 200)}.${index % 200}`;
      const state = index === 1_099 ? 'stranded' : 'delivered';
      const tenancy = aTenancy({ purchaseId: `${ip}#1`, orderId: ip, state });
      return { _id: `smartvps:${ip}`, supplier: 'smartvps' as const, ip, tenancy, history: [] };
    }),
  );
  const lines = await listServers(many, { state: 'stranded', now });
  assert.deepEqual(
    lines.map(({ ip }) => ip),
    ['103.7.5.99'],
  );
  assert.equal((await listServers(many, { state: 'ours', now })).length, 1_000);
  for (const state of [null, 'ours'] as const) {
    const all = await listServers(many, { state, now, most: null });
    assert.deepEqual([all.length, all.at(-1)?.ip], [1_100, '103.7.5.99'], 'the command leaves out nobody');
  }
  const totals = await totalServers(many, { now });
  assert.deepEqual(
    totals.map(({ state, count, costs }) => [state, count, costs[0]?.amountMinor]),
    [
      ['delivered', 1_099, 1_099 * 49_900],
      ['stranded', 1, 49_900],
    ],
  );
});
