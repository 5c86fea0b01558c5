import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultAction, FaultDefinition } from '../../src/simulator/faults.ts';
import type { PurchaseCall } from '../../src/simulator/ledger.ts';
import { eventually } from '../support/eventually.ts';
import { assertFaultsFired, assertLedgersAgree } from '../support/oracle.ts';
import { assertNothingLeaked } from '../support/secrets.ts';
import { catalogueOf, productOf, startTestService } from '../support/service.ts';

const longestPurchaseMs = 4_000;
const settleAfterMs = 500;

/** Answers that leave open what was sold, each with what the supplier really sold. */
const unknowns: Record<string, { fault: FaultAction; sales: number }> = {
  'the answer is lost after the sale': { fault: { kind: 'answerLost' }, sales: 1 },
  'the answer never comes': { fault: { kind: 'neverAnswer' }, sales: 1 },
  'a 502 comes after the sale': { fault: { kind: 'status', status: 502, afterSale: true }, sales: 1 },
  'a 500 comes before the sale': { fault: { kind: 'status', status: 500 }, sales: 0 },
  'the answer is garbage': { fault: { kind: 'garbage' }, sales: 1 },
  'the answer drips in too slowly': { fault: { kind: 'slowDrip', ms: 20_000 }, sales: 1 },
  'the answer is far too large': { fault: { kind: 'hugeBody' }, sales: 1 },
  'the answer names two addresses': { fault: { kind: 'twoAddresses' }, sales: 1 },
  'the answer is a redirect': { fault: { kind: 'redirect' }, sales: 0 },
  'the connection breaks at once': { fault: { kind: 'dropBefore' }, sales: 0 },
  'the refusal has a text that is not on the list': {
    fault: { kind: 'errorText', reason: 'Something went wrong', sold: true },
    sales: 1,
  },
};

const packageOf = (index: number) => `103.190.${index + 1}`;
const unknownPackages = Object.keys(unknowns).map((_, index) => packageOf(index));
const [refusing, away, once, locked, duplicate] = [101, 102, 103, 104, 105].map(packageOf) as [
  string,
  string,
  string,
  string,
  string,
];
const packages = [...unknownPackages, refusing, away, once, locked, duplicate];
const service = await startTestService({
  proxied: ['supplier'],
  catalogue: catalogueOf(...packages),
  scenario: {
    packages: packages.map((name, index) => ({ id: 50 + index, name, addresses: [`${name}.10-60`] })),
  },
  policy: { longestPurchase: '4s', settleAfter: '500ms', purchaseTries: 2 },
});
const { simulator, storefront } = service;

async function callsOf(packageName: string): Promise<PurchaseCall[]> {
  const { purchases } = await simulator.ledger();
  return purchases.filter(({ request }) => request.ip === packageName);
}

const salesOf = async (packageName: string) =>
  (await callsOf(packageName)).filter(({ soldAddress }) => soldAddress !== null).length;

const always = (packageName: string, fault: FaultAction): FaultDefinition => ({
  call: 'buyvps',
  when: { package: packageName },
  do: fault,
});
const firstTime = (packageName: string, fault: FaultAction): FaultDefinition => ({
  call: 'buyvps',
  when: { package: packageName, times: 1 },
  do: fault,
});

// All at once, each in a package of its own: every one of them takes as long as the longest purchase.
await simulator.addFaults(
  ...Object.values(unknowns).map(({ fault }, index) => firstTime(packageOf(index), fault)),
);
const pairs = new Map<string, { first: string; second: string }>();
await Promise.all(
  Object.keys(unknowns).map(async (what, index) => {
    const productId = productOf(packageOf(index));
    const first = await service.order({ productId });
    await eventually({
      what: `the supplier is asked for ${packageOf(index)}`,
      read: () => callsOf(packageOf(index)),
      isRight: (calls) => calls.length > 0,
    });
    pairs.set(what, { first, second: await service.order({ productId }) });
  }),
);

for (const [index, [what, { sales }]] of Object.entries(unknowns).entries()) {
  test(`${what}: the purchase becomes a case, nothing is bought on top, and the lock is kept until then`, async () => {
    const { first = '', second = '' } = pairs.get(what) ?? {};
    const packageName = packageOf(index);
    const failed = await service.orderIn(first, 'failed', 'active');
    assert.equal(failed.failure?.code, 'purchaseUnknown', JSON.stringify(failed));
    const row = await service.db.purchases.findOne({ _id: `${first}#1` });
    assert.equal(row?.state, 'case');
    const order = await service.db.orders.findOne({ _id: first });
    assert.deepEqual(order?.goods, { state: 'parked', purchaseId: `${first}#1` });
    const caseAtMs = Date.parse(row?.sentAt ?? '') + longestPurchaseMs + settleAfterMs;
    assert.ok(Date.parse(order?.failure?.since ?? '') >= caseAtMs, 'not before everything was waited for');
    await service.mailTo('admin', `Open case: purchase ${first}#1`);
    await service.mailTo('admin', first, 'purchaseUnknown');
    await service.orderIn(second, 'active');
    const [asked, next, ...others] = await callsOf(packageName);
    assert.equal(others.length, 0);
    assert.equal(asked?.soldAddress === null ? 0 : 1, sales, 'what the supplier sold for the lost answer');
    assert.ok(Date.parse(next?.startedAt ?? '') >= caseAtMs, 'the next order buys after the case');
  });
}

test('a retry of an unknown purchase is accepted, and buys nothing on top of it', async () => {
  const { first = '' } = pairs.get('the answer is lost after the sale') ?? {};
  const before = await service.orderIn(first, 'failed');
  const { status, body } = await storefront.retry(first);
  assert.equal(status, 202, JSON.stringify(body));
  const after = await eventually({
    what: 'the order fails again',
    read: () => service.db.orders.findOne({ _id: first }),
    isRight: (order) => order?.timeline.filter(({ text }) => text.startsWith('Failed (')).length === 2,
  });
  assert.equal(after?.failure?.code, 'purchaseUnknown');
  assert.equal(after?.failure?.message, before.failure?.message);
  assert.equal((await callsOf(packageOf(0))).length, 2, 'one call for this order, one for the next');
});

test('a refusal on the short list fails the order, and a retry buys as the second purchase', async () => {
  await simulator.addFaults(firstTime(refusing, { kind: 'errorText', reason: 'Insufficient balance' }));
  const orderId = await service.order({ productId: productOf(refusing) });
  const failed = await service.orderIn(orderId, 'failed', 'active');
  assert.equal(failed.failure?.code, 'purchaseRefused', JSON.stringify(failed));
  assert.match(failed.failure?.message ?? '', /Insufficient balance/);
  assert.equal(await salesOf(refusing), 0);
  assert.equal((await storefront.retry(orderId)).status, 202);
  await service.orderIn(orderId, 'active');
  assert.equal(await salesOf(refusing), 1);
  assert.equal((await service.db.purchases.findOne({ _id: `${orderId}#2` }))?.state, 'bought');
});

test('one 429 is tried again under the same purchase, and sells once', async () => {
  await simulator.addFaults(firstTime(once, { kind: 'status', status: 429 }));
  const orderId = await service.order({ productId: productOf(once) });
  await service.orderIn(orderId, 'active');
  assert.equal(await salesOf(once), 1);
  const rows = await service.db.purchases.find({ orderId }).toArray();
  assert.deepEqual(
    rows.map(({ _id, state }) => [_id, state]),
    [[`${orderId}#1`, 'bought']],
  );
});

test('a supplier that answers 404 to every try fails the order as unreachable, with nothing bought', async () => {
  await simulator.addFaults(always(away, { kind: 'status', status: 404 }));
  const orderId = await service.order({ productId: productOf(away) });
  const failed = await service.orderIn(orderId, 'failed', 'active');
  assert.equal(failed.failure?.code, 'supplierUnreachable', JSON.stringify(failed));
  assert.equal((await callsOf(away)).length, 2, 'purchaseTries');
  assert.equal(await salesOf(away), 0);
});

test('a supplier that rejects our login fails the order at once and pauses the package', async () => {
  await simulator.addFaults(firstTime(locked, { kind: 'status', status: 401 }));
  const orderId = await service.order({ productId: productOf(locked) });
  const failed = await service.orderIn(orderId, 'failed', 'active');
  assert.equal(failed.failure?.code, 'supplierRejectedCredentials', JSON.stringify(failed));
  assert.equal((await callsOf(locked)).length, 1);
  const { pause } = await eventually({
    what: 'the lock is paused',
    read: async () => (await service.lock(locked)) ?? { pause: null },
    isRight: (view) => view.pause !== null,
  });
  assert.equal(pause?.kind, 'supplierRejectedCredentials');
});

test('an address that another order holds is a case, and its order fails as duplicateServer', async () => {
  const productId = productOf(duplicate);
  const { orderId: holder, server } = await service.orderIn(await service.order({ productId }), 'active');
  const address = server?.ip ?? '';
  await simulator.addFaults(firstTime(duplicate, { kind: 'sellAddress', address }));
  const orderId = await service.order({ productId });
  const failed = await service.orderIn(orderId, 'failed', 'active');
  assert.equal(failed.failure?.code, 'duplicateServer', JSON.stringify(failed));
  const row = await service.db.purchases.findOne({ _id: `${orderId}#1` });
  assert.deepEqual([row?.state, row?.duplicate], ['case', true]);
  const held = await service.db.servers.findOne({ _id: `smartvps:${address}` });
  assert.deepEqual([held?.tenancy.orderId, held?.tenancy.state], [holder, 'delivered']);
  await service.mailTo('admin', `Open case: purchase ${orderId}#1`, address);
});

test('with the port of the supplier closed the order fails as unreachable, and a retry delivers it', async () => {
  const { supplier } = service.wires;
  const productId = productOf(once);
  const before = await salesOf(once);
  await supplier.cut();
  const orderId = await service.order({ productId });
  const failed = await service.orderIn(orderId, 'failed', 'active');
  assert.equal(failed.failure?.code, 'supplierUnreachable', JSON.stringify(failed));
  assert.equal(await salesOf(once), before);
  await supplier.mend();
  assert.equal((await storefront.retry(orderId)).status, 202);
  await service.orderIn(orderId, 'active');
  assert.equal(await salesOf(once), before + 1);
});

test('every fault fired, and both ledgers agree', async () => {
  await assertFaultsFired(service);
  await assertLedgersAgree(service);
});

test('no history, log or record holds a password, a secret or anything of the customer', async () => {
  await assertNothingLeaked(service);
});
