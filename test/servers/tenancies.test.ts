import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Collections, collectionsOf } from '../../src/database.ts';
import { isLiving, type Tenancy } from '../../src/servers/server-document.ts';
import { beginChange, endChange, moveTenancy, recordSale, serverId } from '../../src/servers/tenancies.ts';
import { aTenancy } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const { db: database } = await freshDatabase();
const db = collectionsOf(database);
const now = '2026-11-21T10:00:00.000Z';
let addresses = 0;

function nextIp(): string {
  addresses += 1;
  return `103.181.91.${addresses}`;
}

function sale(input: { ip: string; purchaseId?: string; db?: Collections; now?: string }) {
  const { purchaseId = 'new#1' } = input;
  return recordSale({
    db,
    supplier: 'smartvps',
    orderId: purchaseId.split('#')[0] ?? '',
    expiresAt: '2026-12-21T10:00:00.000Z',
    cost: { amountMinor: 49_900, currency: 'INR' },
    now,
    purchaseId,
    ...input,
  });
}

async function held(ip: string, tenancy: Partial<Tenancy>, history: Tenancy[] = []) {
  const old = aTenancy({ purchaseId: 'old#1', orderId: 'old', ...tenancy });
  await db.servers.insertOne({ _id: `smartvps:${ip}`, supplier: 'smartvps', ip, tenancy: old, history });
  return old;
}

const read = (ip: string) => db.servers.findOne({ _id: serverId({ supplier: 'smartvps', ip }) });

test('a sale of a new address becomes its tenancy once, however often it is recorded', async () => {
  const ip = nextIp();
  assert.deepEqual(await sale({ ip }), { kind: 'recorded' });
  assert.deepEqual(await sale({ ip }), { kind: 'recorded' });
  const server = await read(ip);
  const cause = 'Bought for order new (new#1).';
  assert.deepEqual(server?.tenancy, aTenancy({ purchaseId: 'new#1', orderId: 'new', since: now, cause }));
  assert.deepEqual(server?.history, []);
});

const living: Partial<Tenancy>[] = [
  ...(['bought', 'held', 'changing', 'delivered', 'stranded'] as const).map((state) => ({ state })),
  { state: 'delivered', expiresAt: null },
  { state: 'foreign', purchaseId: null, orderId: null, expiresAt: '2020-01-01T00:00:00.000Z' },
];
for (const tenancy of living) {
  test(`an address that is ${tenancy.state} (${tenancy.expiresAt ?? 'a month left'}) is another tenancy`, async () => {
    const ip = nextIp();
    const old = await held(ip, tenancy);
    assert.deepEqual(await sale({ ip }), { kind: 'otherTenancy', tenancy: old });
    assert.deepEqual((await read(ip))?.tenancy, old);
  });
}

const past: Partial<Tenancy>[] = [
  { state: 'retired' },
  { state: 'retired', expiresAt: null },
  { state: 'delivered', expiresAt: now },
  { state: 'stranded', expiresAt: '2026-11-21T09:59:59.999Z' },
];
for (const tenancy of past) {
  test(`an address that was ${tenancy.state} until ${tenancy.expiresAt ?? 'it was retired'} is sold anew, and keeps its history`, async () => {
    const ip = nextIp();
    const older = aTenancy({ purchaseId: 'older#1', orderId: 'older', state: 'retired' });
    const old = await held(ip, tenancy, [older]);
    assert.deepEqual(await sale({ ip }), { kind: 'recorded' });
    assert.deepEqual(await sale({ ip }), { kind: 'recorded' });
    const server = await read(ip);
    assert.equal(server?.tenancy.purchaseId, 'new#1');
    const { state, expiresAt } = old;
    const cause = `Expired ${expiresAt?.slice(0, 10)} as ${state}.`;
    const ended = { ...old, state: 'retired', since: expiresAt, cause };
    assert.deepEqual(server?.history, [older, state === 'retired' ? old : ended]);
  });
}

test('a sale that is recorded again after its tenancy is past makes no second one', async () => {
  const ip = nextIp();
  const past = aTenancy({ purchaseId: 'new#1', orderId: 'new', state: 'retired' });
  const old = await held(ip, { state: 'retired' }, [past]);
  assert.deepEqual(await sale({ ip }), { kind: 'recorded' });
  assert.deepEqual((await read(ip))?.tenancy, old);
});

test('of many purchases that claim one address at once one gets it', async () => {
  for (const first of [undefined, { state: 'retired' as const }]) {
    const ip = nextIp();
    if (first) await held(ip, first);
    const buyers = Array.from({ length: 8 }, (_, n) => `buyer-${n}#1`);
    const results = await Promise.all(buyers.map((purchaseId) => sale({ ip, purchaseId })));
    const winners = buyers.filter((_, n) => results[n]?.kind === 'recorded');
    assert.equal(winners.length, 1);
    const server = await read(ip);
    assert.equal(server?.tenancy.purchaseId, winners[0]);
    assert.equal(server?.history.length, first ? 1 : 0);
  }
});

test('a tenancy that is renewed while an address is sold anew stays', async () => {
  const ip = nextIp();
  await held(ip, { state: 'delivered', expiresAt: '2026-11-01T00:00:00.000Z' });
  const renewing: Collections = {
    ...db,
    servers: new Proxy(db.servers, {
      get(target, property) {
        if (property === 'findOne') {
          return async (filter: { _id: string }) => {
            const found = await target.findOne(filter);
            await target.updateOne(filter, { $set: { 'tenancy.expiresAt': '2027-01-01T00:00:00.000Z' } });
            return found;
          };
        }
        const value: unknown = Reflect.get(target, property);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }),
  };
  assert.equal((await sale({ ip, db: renewing })).kind, 'otherTenancy');
  assert.equal((await read(ip))?.tenancy.purchaseId, 'old#1');
});

test('a retired or expired tenancy lives no more, a foreign one always does', () => {
  const lives = (changes: Partial<Tenancy>) => isLiving({ tenancy: aTenancy(changes), now });
  assert.equal(lives({}), true);
  assert.equal(lives({ state: 'retired' }), false);
  assert.equal(lives({ expiresAt: now }), false);
  assert.equal(lives({ expiresAt: '2026-11-21T10:00:00.001Z' }), true);
  assert.equal(lives({ state: 'foreign', expiresAt: now }), true);
});

test('a tenancy moves only for its purchase and from the states that are named', async () => {
  const ip = nextIp();
  await held(ip, {});
  const move = (purchaseId: string, to: Tenancy['state']) =>
    moveTenancy({ db, serverId: `smartvps:${ip}`, purchaseId, from: ['bought'], to, now });
  assert.equal(await move('new#1', 'delivered'), false);
  assert.equal(await move('old#1', 'delivered'), true);
  assert.equal(await move('old#1', 'delivered'), true);
  assert.equal(await move('old#1', 'held'), false);
  const { state, cause } = (await read(ip))?.tenancy ?? {};
  assert.deepEqual([state, cause], ['delivered', 'Delivered to the customer.']);
});

test('an operation begins once, goes on after a crash, and is done for good', async () => {
  const ip = nextIp();
  await held(ip, {});
  const operation = {
    db,
    serverId: `smartvps:${ip}`,
    purchaseId: 'old#1',
    operationId: 'old#1:changeos',
    now,
  };
  assert.equal(await beginChange(operation), 'begun');
  assert.deepEqual(
    [(await read(ip))?.tenancy.state, (await read(ip))?.tenancy.operationId],
    ['changing', 'old#1:changeos'],
  );
  assert.equal(await beginChange(operation), 'begun');
  await endChange(operation);
  await endChange(operation);
  assert.equal(await beginChange(operation), 'done');
  const { tenancy } = (await read(ip)) ?? {};
  assert.deepEqual(
    [tenancy?.state, tenancy?.operationId, tenancy?.operationsDone],
    ['bought', null, ['old#1:changeos']],
  );
});

test('a second operation waits for the first, and ends none but itself', async () => {
  const ip = nextIp();
  await held(ip, {});
  const first = { db, serverId: `smartvps:${ip}`, purchaseId: 'old#1', operationId: 'first', now };
  const second = { ...first, operationId: 'second' };
  assert.equal(await beginChange(first), 'begun');
  assert.equal(await beginChange(second), 'refused');
  await endChange(second);
  assert.equal((await read(ip))?.tenancy.operationId, 'first');
  await endChange(first);
  assert.equal(await beginChange(second), 'begun');
});

test('of two operations that begin at once one does', async () => {
  const ip = nextIp();
  await held(ip, {});
  const begin = (operationId: string) =>
    beginChange({ db, serverId: `smartvps:${ip}`, purchaseId: 'old#1', operationId, now });
  const results = await Promise.all(['w', 'x', 'y', 'z'].map(begin));
  assert.deepEqual(results.toSorted(), ['begun', 'refused', 'refused', 'refused']);
});

for (const state of ['held', 'delivered', 'stranded', 'retired', 'foreign', 'changing'] as const) {
  test(`no operation begins on a server that is ${state}, of another purchase or unknown`, async () => {
    const ip = nextIp();
    await held(ip, { state });
    const operation = { db, serverId: `smartvps:${ip}`, purchaseId: 'old#1', operationId: 'x', now };
    assert.equal(await beginChange(operation), 'refused');
    await db.servers.updateOne({ _id: `smartvps:${ip}` }, { $set: { 'tenancy.state': 'bought' } });
    assert.equal(await beginChange({ ...operation, purchaseId: 'new#1' }), 'refused');
    assert.equal(await beginChange({ ...operation, serverId: 'smartvps:nobody' }), 'refused');
  });
}
