import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import type { TenancyState } from '../../src/servers/server-document.ts';
import { strandServer } from '../../src/servers/strand-server.ts';
import type { Supplier } from '../../src/suppliers/supplier.ts';
import { SupplierError } from '../../src/suppliers/supplier-error.ts';
import { anOrder, aPurchase, aTenancy } from '../support/builders.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const ip = '103.181.91.7';
const id = `smartvps:${ip}`;
const ended = { status: 'refunded', open: false, money: 'refunded' } as const;

/** The server of purchase `a#1`; `calls` has what the supplier was told, each with the tenancy of that moment. */
async function setUp(order: Partial<OrderDocument>, state: TenancyState = 'held') {
  const db = createMemoryCollections();
  await db.orders.insertOne(anOrder({ _id: 'a', ...order }));
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', state: 'wrong', ip }));
  const tenancy = aTenancy({ purchaseId: 'a#1', orderId: 'a', state });
  await db.servers.insertOne({ _id: id, supplier: 'smartvps', ip, tenancy, history: [] });
  const calls: string[] = [];
  const read = async () => (await db.servers.findOne({ _id: id }))?.tenancy;
  const call = (name: string) => async () => {
    calls.push(`${name} while ${(await read())?.state}`);
  };
  const supplier = { stop: call('stop'), format: call('format') } as Partial<Supplier> as Supplier;
  const deps = { db, supplierOf: () => supplier, now: () => '2026-11-21T10:00:00.000Z' };
  const cause = 'Stranded by a keeper.';
  return { db, calls, supplier, read, strand: () => strandServer(deps, { purchaseId: 'a#1', cause }) };
}

test('the server of an ended order is stopped and wiped once, under its move, and its goods are free', async () => {
  const goods = { state: 'parked', purchaseId: 'a#1' } as const;
  const { db, calls, strand, read } = await setUp({ ...ended, goods }, 'bought');
  const sentence = `${ip} is stopped, wiped and stranded.`;
  assert.deepEqual(await strand(), { kind: 'stranded', sentence });
  assert.deepEqual(await strand(), { kind: 'stranded', sentence });
  assert.deepEqual(calls, ['stop while changing', 'format while changing']);
  const tenancy = await read();
  assert.deepEqual(
    [tenancy?.state, tenancy?.cost?.amountMinor, tenancy?.cause],
    ['stranded', 49_900, 'Stranded by a keeper.'],
  );
  assert.deepEqual((await db.orders.findOne({ _id: 'a' }))?.goods, { state: 'none' });
});

test('a held server is stranded once its order is delivered with another one', async () => {
  const goods = { state: 'delivered', purchaseId: 'a#2' } as const;
  const { strand, read } = await setUp({ status: 'active', open: false, goods });
  assert.equal((await strand()).kind, 'stranded');
  assert.equal((await read())?.state, 'stranded');
});

const needed: [string, Partial<OrderDocument>][] = [
  ['delivers it', { status: 'active', open: false, goods: { state: 'delivered', purchaseId: 'a#1' } }],
  ['waits for it', { status: 'failed', goods: { state: 'parked', purchaseId: 'a#1' } }],
  ['buys it', { status: 'preparing', goods: { state: 'buying', purchaseId: 'a#1' } }],
  ['is not decided', { status: 'failed', goods: { state: 'none' } }],
];
for (const [what, order] of needed) {
  test(`the server of an order that ${what} is refused, and nothing is called`, async () => {
    const { calls, strand, read } = await setUp(order);
    const answer = await strand();
    assert.equal(answer.kind, 'refused');
    assert.match(answer.sentence, /^103\.181\.91\.7 is not stranded: .*order a/);
    assert.deepEqual(calls, []);
    assert.equal((await read())?.state, 'held');
  });
}

for (const state of ['delivered', 'retired', 'foreign', 'changing'] as const) {
  test(`a server that is ${state} is not touched although its order has ended`, async () => {
    const { calls, strand, read } = await setUp(ended, state);
    assert.equal((await strand()).kind, 'refused');
    assert.deepEqual(calls, []);
    assert.equal((await read())?.state, state);
  });
}

test("an attempt that another one has overtaken wipes nothing: the server may be another order's by then", async () => {
  const { calls, strand, supplier, db, read } = await setUp(ended);
  const { stop } = supplier;
  supplier.stop = async (request) => {
    supplier.stop = stop;
    await strand();
    const claimed = { 'tenancy.state': 'changing', 'tenancy.operationId': 'b#1:claim' } as const;
    await db.servers.updateOne({ _id: id, 'tenancy.state': 'stranded' }, { $set: claimed });
    await stop(request);
  };
  await assert.rejects(strand(), { message: /its tenancy has moved on/ });
  assert.deepEqual(calls, ['stop while changing', 'format while changing', 'stop while changing']);
  assert.equal((await read())?.operationId, 'b#1:claim');
});

test('a wipe that breaks leaves the tenancy changing, and goes on with the next try', async () => {
  const { calls, strand, supplier, read } = await setUp(ended);
  const { format } = supplier;
  supplier.format = async () => {
    throw new SupplierError({ code: 'unreachable', action: 'format', why: 'it broke', remedy: 'Look.' });
  };
  await assert.rejects(strand(), { name: 'SupplierError' });
  assert.equal((await read())?.state, 'changing');
  supplier.format = format;
  assert.equal((await strand()).kind, 'stranded');
  assert.deepEqual(calls, ['stop while changing', 'stop while changing', 'format while changing']);
});

test('a server that has expired at the supplier is retired; within its month a stranger stays an error', async () => {
  const { db, strand, supplier, read } = await setUp(ended);
  const refusal = new SupplierError({ code: 'refused', action: 'stop', why: 'not found', remedy: 'Look.' });
  supplier.stop = async () => {
    throw refusal;
  };
  supplier.readServer = async () => ({ kind: 'notOurs', why: 'IP not found in your account' });
  await assert.rejects(strand(), refusal);
  assert.equal((await read())?.state, 'changing');
  await db.servers.updateOne({ _id: id }, { $set: { 'tenancy.expiresAt': '2026-11-20T23:59:59.999Z' } });
  const sentence = `${ip} is gone: its month at the supplier is over.`;
  assert.deepEqual(await strand(), { kind: 'stranded', sentence });
  assert.equal((await read())?.state, 'retired');
  assert.deepEqual(await strand(), { kind: 'stranded', sentence });
});
