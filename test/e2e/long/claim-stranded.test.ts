import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderTaskQueue, orderWorkflowId } from '../../../workflows/contract/provision-order.ts';
import type { StrandServerResult } from '../../../workflows/contract/resolve-case.ts';
import { strandWorkflowId } from '../../../workflows/contract/resolve-case.ts';
import { aPurchase, aTenancy } from '../../support/builders.ts';
import { eventually } from '../../support/eventually.ts';
import { assertFaultsFired, assertLedgersAgree } from '../../support/oracle.ts';
import { assertNothingLeaked } from '../../support/secrets.ts';
import { catalogueOf, productOf, startTestService } from '../../support/service.ts';

// `wanted` is the package whose addresses were once sold for `other` by mistake: they are paid for and lie idle.
const [wanted, other] = ['103.194.1', '103.195.1'] as const;
const dayMs = 24 * 60 * 60 * 1000;
// Stranded long ago, with five days left.
const aging = `${wanted}.6`;
const soon = new Date(Date.now() + 5 * dayMs).toISOString();
const service = await startTestService({
  catalogue: catalogueOf(wanted, other),
  scenario: {
    packages: [
      { id: 80, name: wanted, addresses: [`${wanted}.50-90`] },
      { id: 81, name: other, addresses: [`${other}.10-60`] },
    ],
    servers: [{ address: aging, package: wanted, ramGb: '8', os: 'ubuntu', expiryDate: soon.slice(0, 10) }],
  },
});
const { simulator, db, client } = service;
const old = { orderId: 'older', packageKey: wanted, packageName: wanted, ip: aging } as const;
await db.purchases.insertOne(aPurchase({ _id: 'older#1', kind: 'claim', state: 'bought', ...old }));
const tenancyOf = async (ip: string) => (await db.servers.findOne({ _id: `smartvps:${ip}` }))?.tenancy;
const eventsOf = async (ip: string) => (await simulator.server(ip)).events.map(({ what }) => what);

/** Another package's order gets `ip` by mistake, then its right server; `ip` is stopped, wiped and stranded. */
async function strand(ip: string): Promise<string> {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: other, times: 1 },
    do: { kind: 'sellAddress', address: ip },
  });
  const orderId = await service.order({ productId: productOf(other) });
  await service.orderIn(orderId, 'failed');
  assert.equal((await service.storefront.retry(orderId)).status, 202);
  await service.orderIn(orderId, 'active');
  const result = (await client.workflow.execute('strandServer', {
    workflowId: strandWorkflowId({ supplier: 'smartvps', ip }),
    taskQueue: orderTaskQueue,
    args: [{ purchaseId: `${orderId}#1`, ip, by: 'a keeper', reason: null }],
  })) as StrandServerResult;
  assert.equal(result.ended, 'stranded', result.explanation);
  return orderId;
}

async function salesOf(packageName: string): Promise<(string | null)[]> {
  const { purchases } = await simulator.ledger();
  return purchases.filter(({ request }) => request.ip === packageName).map(({ soldAddress }) => soldAddress);
}

async function rowsOf(orderId: string): Promise<string[]> {
  const rows = await db.purchases.find({ orderId }).toArray();
  return rows.map(({ number, kind, state }) => `#${number} ${kind} ${state}`).sort();
}

async function timelineOf(orderId: string): Promise<string> {
  return ((await db.orders.findOne({ _id: orderId }))?.timeline ?? []).map(({ text }) => text).join('\n');
}

test('without the policy a stranded server is never claimed: the order buys', async () => {
  const ip = `${wanted}.5`;
  await strand(ip);
  const orderId = await service.order({ productId: productOf(wanted) });
  const delivered = await service.orderIn(orderId, 'active');
  assert.notEqual(delivered.server?.ip, ip);
  assert.deepEqual(await rowsOf(orderId), ['#1 buy bought']);
  assert.equal((await tenancyOf(ip))?.state, 'stranded');
  assert.equal((await salesOf(wanted)).length, 1);
});

test('a failed order that was started again takes the server that it is given, not its place in the queue', async () => {
  const ip = `${wanted}.20`;
  await strand(ip);
  const orderId = await service.order({ productId: productOf(wanted), pay: false });
  await simulator.updatePackage(wanted, { addresses: [] });
  await service.setPolicy({ waitForStock: '1s' });
  await simulator.pay({ orderId });
  await service.orderIn(orderId, 'failed');
  const workflowId = orderWorkflowId(orderId);
  const handle = client.workflow.getHandle(workflowId);
  await handle.terminate('a test of the operator');
  await service.setPolicy({ waitForStock: '6h' });
  const args = [{ orderId }];
  await client.workflow.start('provisionOrder', { workflowId, taskQueue: orderTaskQueue, args });
  await eventually({
    what: 'it is started again',
    read: () => timelineOf(orderId),
    isRight: (text) => text.includes('The order was started again'),
  });
  await handle.executeUpdate('assignServer', { args: [{ ip, by: 'a test' }] });
  const { server } = await service.orderIn(orderId, 'active', 'waitingForStock');
  assert.equal(server?.ip, ip);
  assert.deepEqual(await rowsOf(orderId), ['#1 claim bought']);
  await simulator.updatePackage(wanted, { addresses: [`${wanted}.60-90`] });
  await service.sync();
});

test('with the policy an order gets the stranded server, wiped and with a new login, and nothing is bought', async () => {
  const ip = `${wanted}.5`;
  await service.setPolicy({ claimStranded: true });
  const before = await simulator.server(ip);
  const sales = await salesOf(wanted);
  const small = await service.order({ productId: productOf(wanted), ramGb: 4 });
  const bought = await service.orderIn(small, 'active');
  assert.notEqual(bought.server?.ip, ip, 'another memory is no match');
  assert.deepEqual(await rowsOf(small), ['#1 buy bought']);
  const orderId = await service.order({ productId: productOf(wanted) });
  const delivered = await service.orderIn(orderId, 'active');
  assert.equal(delivered.server?.ip, ip);
  assert.deepEqual(await rowsOf(orderId), ['#1 claim bought']);
  assert.equal((await salesOf(wanted)).length, sales.length + 1, 'the small one alone');
  const after = await simulator.server(ip);
  assert.deepEqual(
    after.events.map(({ what }) => what),
    ['sold', 'stop', 'format', 'format'],
  );
  assert.notEqual(after.password, before.password);
  await service.mailTo('customer', orderId, after.password);
  const { state, orderId: holder, purchaseId, cost } = (await tenancyOf(ip)) ?? {};
  assert.deepEqual([state, holder, purchaseId], ['delivered', orderId, `${orderId}#1`]);
  assert.equal(cost?.amountMinor, 89_900, 'its money goes along');
  assert.match(
    await timelineOf(orderId),
    /a stranded server of its package, is made ready instead of buying/,
  );
});

test('a server whose term is short is renewed once to a full one before it is handed over', async () => {
  const tenancy = aTenancy({ purchaseId: 'older#1', orderId: 'older', state: 'stranded', expiresAt: soon });
  await db.servers.insertOne({
    _id: `smartvps:${aging}`,
    supplier: 'smartvps',
    ip: aging,
    tenancy,
    history: [],
  });
  const orderId = await service.order({ productId: productOf(wanted) });
  const delivered = await service.orderIn(orderId, 'active');
  assert.equal(delivered.server?.ip, aging);
  assert.deepEqual((await eventsOf(aging)).slice(-2), ['renewvps', 'format']);
  assert.equal((await eventsOf(aging)).filter((what) => what === 'renewvps').length, 1);
  const fullTerm = new Date(Date.now() + 28 * dayMs).toISOString();
  assert.ok(((await tenancyOf(aging))?.expiresAt ?? '') > fullTerm);
});

test('a server that cannot be made ready in time goes back with its money, and the order buys', async () => {
  const ip = `${wanted}.7`;
  const first = await strand(ip);
  await service.setPolicy({ wipeLimit: '2s' });
  const [rule] = await simulator.addFaults({
    call: 'format',
    when: { address: ip },
    do: { kind: 'status', status: 503 },
  });
  const sales = await salesOf(wanted);
  const orderId = await service.order({ productId: productOf(wanted) });
  const delivered = await service.orderIn(orderId, 'active');
  assert.notEqual(delivered.server?.ip, ip);
  assert.deepEqual(await rowsOf(orderId), ['#1 claim void', '#2 buy bought']);
  assert.equal((await salesOf(wanted)).length, sales.length + 1);
  const { state, purchaseId, cost } = (await tenancyOf(ip)) ?? {};
  assert.deepEqual([state, purchaseId, cost?.amountMinor], ['stranded', `${first}#1`, 89_900]);
  assert.match(await timelineOf(orderId), new RegExp(`${ip} went back to the stranded servers`));
  assert.ok(rule, 'the fault is set');
  assert.deepEqual(await eventsOf(ip), ['sold', 'stop', 'format']);
  await service.setPolicy({ wipeLimit: '30m' });
});

/** Under way at the supplier: the fault that delays it has fired. */
async function isBeingWiped(ip: string): Promise<void> {
  await eventually({
    what: `${ip} is being wiped`,
    read: async () => ({ tenancy: await tenancyOf(ip), faults: await simulator.faults() }),
    isRight: ({ tenancy, faults }) => tenancy?.state === 'changing' && faults.every(({ fired }) => fired > 0),
  });
}

test('an order whose workflow is terminated during its claim goes on with the same server', async () => {
  const ip = `${wanted}.7`;
  await simulator.clearFaults();
  await simulator.addFaults({
    call: 'format',
    when: { address: ip, times: 1 },
    do: { kind: 'delay', ms: 1_500 },
  });
  const orderId = await service.order({ productId: productOf(wanted) });
  await isBeingWiped(ip);
  await client.workflow.getHandle(`order-${orderId}`).terminate('a test of the operator');
  await service.setPolicy({ lockWaitLimit: '1s' });
  await eventually({
    what: 'the retry is accepted',
    read: () => service.storefront.retry(orderId),
    isRight: ({ status }) => status === 202,
  });
  const delivered = await service.orderIn(orderId, 'active');
  assert.equal(delivered.server?.ip, ip);
  assert.deepEqual(await rowsOf(orderId), ['#1 claim bought']);
});

test('an order that is cancelled during its claim gives the server back and buys nothing', async () => {
  const ip = `${wanted}.8`;
  await service.setPolicy({ claimStranded: false });
  await strand(ip);
  await service.setPolicy({ claimStranded: true, lockWaitLimit: '6h' });
  await simulator.addFaults({
    call: 'format',
    when: { address: ip, times: 1 },
    do: { kind: 'delay', ms: 3_000 },
  });
  const orderId = await service.order({ productId: productOf(wanted) });
  await isBeingWiped(ip);
  const sales = (await salesOf(wanted)).length;
  await client.workflow
    .getHandle(`order-${orderId}`)
    .executeUpdate('cancelOrder', { args: [{ by: 'a keeper' }] });
  await service.orderIn(orderId, 'cancelled', 'refunded', 'compensating');
  await eventually({
    what: 'the server is stranded again',
    read: () => tenancyOf(ip),
    isRight: (tenancy) => tenancy?.state === 'stranded',
  });
  assert.deepEqual(await rowsOf(orderId), ['#1 claim void']);
  assert.equal((await salesOf(wanted)).length, sales);
});

test('every fault fired, both ledgers agree, and nothing leaked', async () => {
  await assertFaultsFired(service);
  await assertLedgersAgree(service);
  await assertNothingLeaked(service);
});
