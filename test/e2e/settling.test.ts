import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { FaultAction } from '../../src/simulator/faults.ts';
import type { PurchaseCall } from '../../src/simulator/ledger.ts';
import {
  type Accepted,
  orderWorkflowId,
  resolvePurchaseSignal,
  resolvePurchaseUpdate,
} from '../../workflows/contract/provision-order.ts';
import { eventually } from '../support/eventually.ts';
import { assertFaultsFired, assertLedgersAgree } from '../support/oracle.ts';
import { assertNothingLeaked } from '../support/secrets.ts';
import { catalogueOf, productOf, startTestService } from '../support/service.ts';

// First the older servers are not known: what is lost then is a case, which the later tests resolve.
const [resolvable, refusable, garbled, unbought] = [
  '103.191.1',
  '103.191.2',
  '103.191.3',
  '103.191.4',
] as const;
const cases = [resolvable, refusable, garbled, unbought];
const [sold, dropped, scarce, lying, neighbour, first] = [
  '103.192.1',
  '103.192.2',
  '103.192.3',
  '103.192.4',
  '103.192.5',
  '103.192.6',
] as const;
const packages = [...cases, sold, dropped, scarce, lying, neighbour, first];
const foreign = '103.191.2.200';

const service = await startTestService({
  catalogue: catalogueOf(...packages),
  scenario: {
    packages: packages.map((name, index) => ({
      id: 50 + index,
      name,
      addresses: [name === scarce ? `${name}.10-14` : `${name}.10-60`],
    })),
    servers: [{ address: foreign, package: refusable }],
  },
  policy: {
    longestPurchase: '2s',
    settleAfter: '500ms',
    notBoughtAfter: '1s',
    settleProbesPerSecond: 1000,
    provisioningLimit: '2s',
  },
});
const { simulator, db } = service;

async function callsOf(packageName: string): Promise<PurchaseCall[]> {
  const { purchases } = await simulator.ledger();
  return purchases.filter(({ request }) => request.ip === packageName);
}

async function salesOf(packageName: string): Promise<(string | null)[]> {
  const calls = await callsOf(packageName);
  return calls.map(({ soldAddress }) => soldAddress).filter((address) => address !== null);
}

const once = (packageName: string, ...faults: FaultAction[]) =>
  simulator.addFaults(
    ...faults.map((fault) => ({
      call: 'buyvps' as const,
      when: { package: packageName, times: 1 },
      do: fault,
    })),
  );

async function statesOf(orderId: string): Promise<(string | null)[][]> {
  const rows = await db.purchases.find({ orderId }).toArray();
  return rows.map(({ _id, state, ip }) => [_id, state, ip]).sort();
}

/** A sale that shows that the package's counter moves. */
async function sellOne(packageName: string): Promise<string> {
  const { server } = await service.orderIn(
    await service.order({ productId: productOf(packageName) }),
    'active',
    'failed',
  );
  assert.ok(server);
  return server.ip;
}

const resolve = (orderId: string, said: unknown): Promise<Accepted> =>
  service.client.workflow
    .getHandle(orderWorkflowId(orderId))
    .executeUpdate(resolvePurchaseUpdate, { args: [said] });

async function assertRefused(orderId: string, said: unknown, sentence: RegExp): Promise<void> {
  await assert.rejects(resolve(orderId, said), (error: unknown) => {
    assert.ok(error instanceof WorkflowUpdateFailedError, String(error));
    assert.match(error.cause?.message ?? '', sentence);
    return true;
  });
  assert.equal((await db.purchases.findOne({ _id: `${orderId}#1` }))?.state, 'case');
  assert.equal((await db.orders.findOne({ _id: orderId }))?.goods.state, 'parked');
}

const caseOrders = new Map<string, string>();
const orderOf = (packageName: string) => caseOrders.get(packageName) ?? '';

test("while the shop's older servers are not known a lost answer is a case, and the supplier is asked nothing", async () => {
  for (const packageName of cases) await once(packageName, { kind: 'answerLost' });
  await Promise.all(
    cases.map(async (packageName) =>
      caseOrders.set(packageName, await service.order({ productId: productOf(packageName) })),
    ),
  );
  for (const packageName of cases) {
    const failed = await service.orderIn(orderOf(packageName), 'failed', 'active');
    assert.equal(failed.failure?.code, 'purchaseUnknown', JSON.stringify(failed));
    assert.match(failed.failure?.message ?? '', /servers import FILE/);
    assert.equal((await salesOf(packageName)).length, 1);
  }
  assert.equal((await simulator.ledger()).callCounts.status ?? 0, 0);
  const at = new Date().toISOString();
  await db.settings.insertOne({ _id: 'foreignServers', count: 1, at, by: 'test' });
  const tenancy = { state: 'foreign', purchaseId: null, orderId: null, since: at, expiresAt: null } as const;
  await db.servers.insertOne({
    _id: `smartvps:${foreign}`,
    supplier: 'smartvps',
    ip: foreign,
    tenancy: { ...tenancy, cost: null, operationId: null, operationsDone: [] },
    history: [],
  });
});

/** An order of `packageName` whose purchase meets the faults, after a sale that shows that its counter moves. */
async function loseOne(packageName: string, ...faults: FaultAction[]): Promise<string> {
  await sellOne(packageName);
  await once(packageName, ...faults);
  return service.order({ productId: productOf(packageName) });
}

const settling = new Map<string, string>();

test('an answer that is lost after the sale is settled by asking: bought once, and delivered', async () => {
  // These three take their seconds at the same time; none of them needs the counts of the others.
  const [lost, strayed] = await Promise.all([
    loseOne(sold, { kind: 'answerLost' }),
    loseOne(lying, { kind: 'neighbourPackage', package: neighbour }, { kind: 'answerLost' }),
    once(first, { kind: 'dropBefore' }),
  ]);
  settling.set(lying, strayed);
  settling.set(first, await service.order({ productId: productOf(first) }));
  const { status, server, failure } = await service.orderIn(lost, 'active', 'failed');
  assert.equal(status, 'active', failure?.message);
  const sales = await salesOf(sold);
  assert.equal(sales.length, 2);
  assert.equal(server?.ip, sales[1]);
  assert.deepEqual(await statesOf(lost), [[`${lost}#1`, 'bought', sales[1]]]);
  assert.match((await db.purchases.findOne({ _id: `${lost}#1` }))?.why ?? '', /found by asking/);
});

test("a lying package whose answer is lost is a case, and the neighbour's address is never delivered", async () => {
  const orderId = settling.get(lying) ?? '';
  const { failure } = await service.orderIn(orderId, 'active', 'failed');
  assert.equal(failure?.code, 'purchaseUnknown');
  assert.match(failure?.message ?? '', /other packages have fewer than before: .*103\.192\.5/);
  const [, strayed = ''] = await salesOf(lying);
  assert.match(strayed ?? '', /^103\.192\.5\./);
  const said = { outcome: 'bought', ip: strayed, by: 'test' };
  await assertRefused(orderId, said, /does not belong to the package 103\.192\.4/);
  await resolve(orderId, { ...said, acceptMismatch: true });
  const wrong = await eventually({
    what: 'the order fails for its wrong address',
    read: () => service.storefront.order(orderId),
    isRight: (order) => order.failure?.code === 'wrongPackage',
  });
  assert.equal(wrong.status, 'failed');
  assert.equal((await db.servers.findOne({ _id: `smartvps:${strayed}` }))?.tenancy.state, 'held');
});

test('a first purchase whose call dies is a case: nobody knows whether the counter moves', async () => {
  const orderId = settling.get(first) ?? '';
  const { failure } = await service.orderIn(orderId, 'active', 'failed');
  assert.equal(failure?.code, 'purchaseUnknown');
  assert.match(failure?.message ?? '', /counter is not known to move/);
  await resolve(orderId, { outcome: 'notBought', by: 'test', acceptMismatch: true });
  await service.orderIn(orderId, 'active');
  assert.equal((await salesOf(first)).length, 1);
});

test('a call that dies before the sale is settled as not bought, and bought again as the second purchase', async () => {
  const orderId = await loseOne(dropped, { kind: 'dropBefore' });
  const { status, server, failure } = await service.orderIn(orderId, 'active', 'failed');
  assert.equal(status, 'active', failure?.message);
  const sales = await salesOf(dropped);
  assert.equal(sales.length, 2, 'one for the order before, one for this one');
  assert.deepEqual(await statesOf(orderId), [
    [`${orderId}#1`, 'notBought', null],
    [`${orderId}#2`, 'bought', server?.ip],
  ]);
  const order = await db.orders.findOne({ _id: orderId });
  assert.ok(order?.timeline.some(({ text }) => text === 'Nothing was bought; it buys again.'));
  // Settled while the cases below are resolved.
  settling.set(scarce, await loseOne(scarce, { kind: 'dropBefore' }));
});

test('resolved as bought by update, a case is delivered, and its record says who said so', async () => {
  const orderId = orderOf(resolvable);
  const [ip = ''] = await salesOf(resolvable);
  const said = { outcome: 'bought', ip, by: 'the night shift', reason: 'seen in the panel' };
  const { next } = await resolve(orderId, said);
  assert.equal(next, `Resolved as bought (${ip}) by the night shift: seen in the panel.`);
  assert.equal((await service.orderIn(orderId, 'active')).server?.ip, ip);
  const { resolution } = (await db.cases.findOne({ _id: `${orderId}#1` })) ?? {};
  assert.deepEqual([resolution?.outcome, resolution?.by], ['bought', 'the night shift']);
  assert.equal((await salesOf(resolvable)).length, 1);
  const order = await db.orders.findOne({ _id: orderId });
  assert.ok(order?.timeline.some(({ text }) => text.endsWith(next)));
});

test('addresses that are wrong, foreign or of another order are refused with a sentence, also when accepted', async () => {
  const orderId = orderOf(refusable);
  const taken = await sellOne(sold);
  const wrongs = [
    ['103.191.2.250', /The supplier says that 103\.191\.2\.250 is not ours/],
    [foreign, /103\.191\.2\.200 is foreign/],
    [taken, /is delivered for .* already/],
    ['103.191.2.10.9', /no public IPv4/],
  ] as const;
  for (const [ip, sentence] of wrongs) {
    for (const acceptMismatch of [false, true]) {
      await assertRefused(orderId, { outcome: 'bought', ip, acceptMismatch }, sentence);
    }
  }
});

test('not bought is refused while a candidate exists; the candidate is then resolved as bought', async () => {
  const orderId = orderOf(refusable);
  const [ip = ''] = await salesOf(refusable);
  await assertRefused(orderId, { outcome: 'notBought' }, new RegExp(`${ip} was bought for it`));
  await resolve(orderId, { outcome: 'bought', ip });
  assert.equal((await service.orderIn(orderId, 'active')).server?.ip, ip);
});

test('unreadable resolutions are refused in the timeline, and nothing moves', async () => {
  const orderId = orderOf(garbled);
  const [ip = ''] = await salesOf(garbled);
  const garbage = [
    undefined,
    null,
    'bought',
    7,
    [],
    {},
    { outcome: 'bought' },
    { outcome: 'sold', ip },
    { outcome: 'bought', ip: { $gt: '' } },
    { outcome: ['bought'], ip },
  ];
  const handle = service.client.workflow.getHandle(orderWorkflowId(orderId));
  for (const said of garbage) await handle.signal(resolvePurchaseSignal.name, said);
  const refusals = await eventually({
    what: 'every signal is refused in the timeline',
    read: async () => {
      const { timeline = [] } = (await db.orders.findOne({ _id: orderId })) ?? {};
      return timeline.filter(({ text }) => text.includes('Failed to read the resolution'));
    },
    isRight: (seen) => seen.length === garbage.length,
  });
  assert.equal(refusals.length, garbage.length);
  assert.deepEqual(await statesOf(orderId), [[`${orderId}#1`, 'case', null]]);
  await handle.signal(resolvePurchaseSignal.name, { outcome: 'bought', ip });
  assert.equal((await service.orderIn(orderId, 'active')).server?.ip, ip);
});

test('not bought against the evidence is accepted knowingly, and buys as the second purchase', async () => {
  const orderId = orderOf(unbought);
  await resolve(orderId, {
    outcome: 'notBought',
    acceptMismatch: true,
    reason: 'kept for tests',
    by: 'test',
  });
  const { server } = await service.orderIn(orderId, 'active');
  const sales = await salesOf(unbought);
  assert.equal(sales.length, 2);
  assert.equal(server?.ip, sales[1]);
  assert.deepEqual(
    (await statesOf(orderId)).map(([, state]) => state),
    ['notBought', 'bought'],
  );
});

test('a call that dies before the sale near the end of a package is a case: an address of another one may be sold', async () => {
  const orderId = settling.get(scarce) ?? '';
  const { failure } = await service.orderIn(orderId, 'active', 'failed');
  assert.equal(failure?.code, 'purchaseUnknown');
  assert.match(failure?.message ?? '', /only 4 were left/);
  assert.deepEqual(await statesOf(orderId), [[`${orderId}#1`, 'case', null]]);
  assert.equal((await salesOf(scarce)).length, 1);
});

test('every fault fired, both ledgers agree, and nothing secret or personal is in histories and logs', async () => {
  await assertFaultsFired(service);
  await assertLedgersAgree(service);
  await assertNothingLeaked(service);
});
