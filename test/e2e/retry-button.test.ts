import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultPolicy, resolvePolicy } from '../../src/domain/policy.ts';
import type { PurchaseCall } from '../../src/simulator/ledger.ts';
import { restartOrder } from '../../src/temporal/restart-order.ts';
import { retryOrder } from '../../src/temporal/retry-order.ts';
import { orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import { eventually, isUncached } from '../support/eventually.ts';
import { assertFaultsFired, assertLedgersAgree } from '../support/oracle.ts';
import { catalogueOf, productOf, startTestService } from '../support/service.ts';

const longestSeconds = isUncached ? 30 : 6;
const packages = [
  '103.181.91',
  '103.184.12',
  '103.184.13',
  '103.184.14',
  '103.184.15',
  '103.184.16',
] as const;
const [busy, exhausted, silent, slow, stuck, watched] = packages;
const pools = packages.map((name, index) => ({ id: 50 + index, name, addresses: [`${name}.10-60`] }));
const service = await startTestService({
  catalogue: catalogueOf(...packages),
  scenario: {
    packages: [...pools, { id: 6, name: '103.182.44', addresses: ['103.182.44.18-60'] }],
  },
  policy: { longestPurchase: `${longestSeconds}s`, provisioningLimit: `${longestSeconds}s` },
});
const { simulator, storefront } = service;

async function callsOf(packageName: string): Promise<PurchaseCall[]> {
  const { purchases } = await simulator.ledger();
  return purchases.filter(({ request }) => request.ip === packageName);
}

async function slowDown(packageName: string, ms: number): Promise<void> {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: packageName, times: 1 },
    do: { kind: 'delay', ms: isUncached ? 5 * ms : ms },
  });
}

/** Waits until the supplier works on a purchase of the package, before or after it has sold something. */
function untilAtSupplier(packageName: string, at: 'asked' | 'sold'): Promise<PurchaseCall[]> {
  return eventually({
    what: `a purchase of ${packageName} is ${at}`,
    read: () => callsOf(packageName),
    isRight: (calls) => calls.some(({ committedAt }) => at === 'asked' || committedAt !== null),
  });
}

test('scenario 1: a lock that is not obtained fails the order as lockTimeout, and a retry delivers it', async () => {
  const productId = productOf(busy);
  await slowDown(busy, 4_500);
  const first = await service.order({ productId });
  await untilAtSupplier(busy, 'asked');
  await service.setPolicy({ lockWaitLimit: '1s' });
  const second = await service.order({ productId });
  const failed = await service.orderIn(second, 'failed', 'active');
  assert.equal(failed.failure?.code, 'lockTimeout', JSON.stringify(failed));
  assert.equal(failed.failure?.message, 'Lock acquisition failed: the package was busy for 1 s.');
  await service.mailTo('admin', second, 'Lock acquisition failed');
  assert.equal(await service.db.purchases.findOne({ orderId: second }), null, 'nothing was bought for it');
  await service.orderIn(first, 'active');
  const { status, body } = await storefront.retry(second);
  assert.equal(status, 202, JSON.stringify(body));
  assert.deepEqual([body.orderId, body.orderStatus], [second, 'failed']);
  await service.orderIn(second, 'active');
  await service.setPolicy({ lockWaitLimit: '6h' });
});

test('scenario 2: a wrong address inside the lock fails the order, and a retry buys the right one', async () => {
  await simulator.updatePackage(exhausted, { addresses: [], ipv4Stale: 20, fallback: '103.182.44' });
  const orderId = await service.order({ productId: productOf(exhausted) });
  const failed = await service.orderIn(orderId, 'failed', 'active');
  assert.equal(failed.failure?.code, 'wrongPackage', JSON.stringify(failed));
  await simulator.updatePackage(exhausted, { addresses: ['103.184.12.70-75'] });
  assert.equal((await storefront.retry(orderId)).status, 202);
  const { server } = await service.orderIn(orderId, 'active');
  assert.equal(server?.ip, '103.184.12.70');
  const rows = await service.db.purchases.find({ orderId }).sort({ _id: 1 }).toArray();
  assert.deepEqual(
    rows.map(({ _id, state }) => [_id, state]),
    [
      [`${orderId}#1`, 'wrong'],
      [`${orderId}#2`, 'bought'],
    ],
  );
});

test('a retry that meets a run which the watch has started a moment before buys all the same', async () => {
  await simulator.updatePackage(watched, { addresses: [], ipv4Stale: 20, fallback: '103.182.44' });
  const orderId = await service.order({ productId: productOf(watched) });
  await service.orderIn(orderId, 'failed');
  await simulator.updatePackage(watched, { addresses: ['103.184.16.70-75'] });
  const { client, db } = service;
  await client.workflow.getHandle(orderWorkflowId(orderId)).terminate('by hand, as a test');
  // Between the look for its owner, which is gone, and the start of another.
  const readPolicy = async () => {
    await restartOrder({ client, db }, { orderId });
    return resolvePolicy(defaultPolicy);
  };
  const recordAct = async () => assert.fail('its owner records it');
  const log = { warn: () => undefined };
  const deps = { client, db, readPolicy, recordAct, now: () => new Date(), log };
  const answer = await retryOrder(deps, { orderId, by: 'an admin' });
  assert.equal(answer.kind, 'accepted', JSON.stringify(answer));
  assert.equal((await service.orderIn(orderId, 'active')).server?.ip, '103.184.16.70');
});

test('scenario 2: a supplier that does not answer inside the lock fails the order, and a retry delivers it', async () => {
  await simulator.addFaults({ call: 'ipstock', when: { times: 3 }, do: { kind: 'dropBefore' } });
  const orderId = await service.order({ productId: productOf(silent) });
  const failed = await service.orderIn(orderId, 'failed', 'active');
  assert.equal(failed.failure?.code, 'supplierUnreachable', JSON.stringify(failed));
  assert.equal((await storefront.retry(orderId)).status, 202);
  await service.orderIn(orderId, 'active');
  assert.equal((await callsOf(silent)).length, 1);
});

test('scenario 3: a retry while the order is in progress is refused with its state and age', async () => {
  await slowDown(slow, 2_500);
  const orderId = await service.order({ productId: productOf(slow) });
  await untilAtSupplier(slow, 'asked');
  const { status, body } = await storefront.retry(orderId);
  assert.equal(status, 409, JSON.stringify(body));
  assert.equal(body.orderStatus, 'provisioning');
  assert.ok(Date.parse(String(body.since)) <= Date.now());
  assert.equal(typeof body.ageSeconds, 'number');
  const sentence = new RegExp(
    `^Order ${orderId} is being provisioned \\(started \\d+ m?s ago\\)\\. Please wait\\.$`,
  );
  assert.match(String(body.detail), sentence);
  await service.orderIn(orderId, 'active');
  assert.equal((await callsOf(slow)).length, 1);
  const again = await storefront.retry(orderId);
  assert.equal(again.status, 409);
  assert.equal(again.body.orderStatus, 'active');
});

test('scenario 4: an order that is stuck in provisioning is refused inside the limit and started again past it', async () => {
  await slowDown(stuck, 2_000);
  const orderId = await service.order({ productId: productOf(stuck) });
  await untilAtSupplier(stuck, 'asked');
  const handle = service.client.workflow.getHandle(orderWorkflowId(orderId));
  await handle.terminate('by hand, as a test');
  const inside = await storefront.retry(orderId);
  assert.equal(inside.status, 409, JSON.stringify(inside.body));
  assert.equal(inside.body.orderStatus, 'provisioning');
  await untilAtSupplier(stuck, 'sold');
  const { since } = inside.body;
  const past = await eventually({
    what: 'the retry is accepted once the order is past its bound',
    read: () => storefront.retry(orderId),
    isRight: ({ status }) => status === 202,
  });
  assert.ok(Date.now() - Date.parse(String(since)) >= longestSeconds * 1_000, 'not before provisioningLimit');
  assert.match(String(past.body.next), /started again/);
  const ended = await service.orderIn(orderId, 'active', 'failed');
  assert.equal(ended.status, 'active', JSON.stringify(ended));
  assert.equal((await callsOf(stuck)).length, 1, 'what was sent is settled, nothing is bought on top of it');
  const stuckLine = new RegExp(`Order ${orderId} was stuck in provisioning for \\d+ s, retry accepted`);
  assert.ok(
    service.logLines.some((line) => stuckLine.test(line)),
    'the accepted retry is logged',
  );
  const next = await service.order({ productId: productOf(stuck) });
  await service.orderIn(next, 'active');
});

test('a retry of an unknown order is a 404, and one of an unpaid order is refused', async () => {
  assert.equal((await storefront.retry('no-such-order')).status, 404);
  const unpaid = await service.order({ pay: false });
  const { status, body } = await storefront.retry(unpaid);
  assert.deepEqual([status, body.orderStatus], [409, 'pendingPayment']);
});

test('every fault fired, and both ledgers agree', async () => {
  await assertFaultsFired(service);
  await assertLedgersAgree(service);
});
