import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OrderAnswer } from '../../../src/dev/storefront.ts';
import type { PurchaseCall } from '../../../src/simulator/ledger.ts';
import { type LockView, packageLockId, resumeLockSignal } from '../../../workflows/contract/package-lock.ts';
import { eventually, isUncached } from '../../support/eventually.ts';
import { assertFaultsFired, assertLedgersAgree } from '../../support/oracle.ts';
import { catalogueOf, productOf, startTestService } from '../../support/service.ts';

const packages = ['103.194.1', '103.194.2', '103.194.3', '103.194.4'] as const;
const [away, longAway, rejecting, cut] = packages;
// A worker without a cache replays every task: what the tests want to see in the pause takes it much longer.
const firstPauseSeconds = isUncached ? 60 : 8;
const lockWaitSeconds = isUncached ? 50 : 6;
const service = await startTestService({
  proxied: ['supplier'],
  catalogue: catalogueOf(...packages),
  scenario: {
    packages: packages.map((name, index) => ({ id: 50 + index, name, addresses: [`${name}.10-60`] })),
  },
  // The pause of a lock does not count: an order that waits longer than this is not failed by it.
  policy: {
    purchaseTries: 1,
    breakerAfter: 2,
    breakerPauses: [`${firstPauseSeconds}s`, '1h'],
    lockWaitLimit: `${lockWaitSeconds}s`,
  },
});
const { simulator, db, storefront } = service;

async function callsOf(packageName: string): Promise<PurchaseCall[]> {
  const { purchases } = await simulator.ledger();
  return purchases.filter(({ request }) => request.ip === packageName);
}

const answerAlways = (packageName: string, status: number) =>
  simulator.addFaults({
    id: packageName,
    call: 'buyvps',
    when: { package: packageName },
    do: { kind: 'status', status },
  });

/** The faults are looked at before they are taken away: one that never fired proves nothing. */
async function mend(): Promise<void> {
  await assertFaultsFired(service);
  await simulator.clearFaults();
}

function untilPaused(packageName: string, waiters: number): Promise<LockView | undefined> {
  return eventually({
    what: `the lock of ${packageName} is paused with ${waiters} waiters`,
    read: () => service.lock(packageName),
    isRight: (view) => view?.pause !== null && view?.waiters.length === waiters,
  });
}

const placeOrders = (packageName: string, count: number) =>
  Promise.all(Array.from({ length: count }, () => service.order({ productId: productOf(packageName) })));

async function statusesOf(orderIds: string[]): Promise<Partial<Record<string, OrderAnswer[]>>> {
  const orders = await Promise.all(orderIds.map((orderId) => storefront.order(orderId)));
  return Object.groupBy(orders, ({ status }) => status);
}

async function splitByStatus(
  orderIds: string[],
  failed: number,
): Promise<{ failed: string[]; queued: string[] }> {
  await eventually({
    what: `${failed} orders failed and the others wait`,
    read: () => statusesOf(orderIds),
    isRight: (seen) => seen.failed?.length === failed && seen.queued?.length === orderIds.length - failed,
  });
  const orders = await db.orders.find({ _id: { $in: orderIds } }).toArray();
  const idsIn = (status: string) => orders.filter((order) => order.status === status).map(({ _id }) => _id);
  return { failed: idsIn('failed'), queued: idsIn('queued') };
}

async function assertUnreachable(orderIds: string[]): Promise<void> {
  for (const orderId of orderIds) {
    assert.equal((await storefront.order(orderId)).failure?.code, 'supplierUnreachable');
  }
}

async function assertTold(orderIds: string[], ...lines: RegExp[]): Promise<void> {
  for (const orderId of orderIds) {
    await eventually({
      what: `the timeline of ${orderId} has ${lines.join(' and ')}`,
      read: async () => (await db.orders.findOne({ _id: orderId }))?.timeline.map(({ text }) => text) ?? [],
      isRight: (texts) => lines.every((line) => texts.some((text) => line.test(text))),
    });
  }
}

async function retryToDelivery(orderIds: string[]): Promise<void> {
  for (const orderId of orderIds) assert.equal((await storefront.retry(orderId)).status, 202);
  for (const orderId of orderIds) await service.orderIn(orderId, 'active');
}

const resume = (packageName: string) =>
  service.client.workflow
    .getHandle(packageLockId({ supplier: 'smartvps', packageName }))
    .signal(resumeLockSignal.name, { reason: 'it is back', by: 'test' });

test('a supplier that is away twice in a row pauses the package: others wait, and a trial opens it again', async () => {
  await answerAlways(away, 404);
  const orderIds = await placeOrders(away, 4);
  const { failed, queued } = await splitByStatus(orderIds, 2);
  await assertUnreachable(failed);
  const view = await untilPaused(away, 2);
  assert.equal(view?.pause?.kind, 'supplierUnreachable');
  assert.match(
    view?.pause?.reason ?? '',
    /could not be reached, 2 times in a row\. One order tries again by itself/,
  );
  const pauseMs = Date.parse(view?.pause?.until ?? '') - Date.parse(view?.pause?.since ?? '');
  assert.equal(pauseMs, firstPauseSeconds * 1_000);
  await assertTold(queued, /^The package lock is paused: .*2 times in a row/);
  assert.equal((await callsOf(away)).length, 2, 'nobody else asked');
  await mend();
  for (const orderId of queued) await service.orderIn(orderId, 'active', 'failed');
  assert.deepEqual(Object.keys(await statusesOf(queued)), ['active']);
  await assertTold(queued, /^The package lock is open again\.$/);
  const [, , trial] = await callsOf(away);
  assert.ok((trial?.startedAt ?? '') >= (view?.pause?.until ?? ''), 'the trial came after the pause');
  assert.equal((await service.lock(away))?.breaker.pausesInARow, 0);
  await retryToDelivery(failed);
});

test('a trial that fails pauses the package for longer; a person may end that', async () => {
  await answerAlways(longAway, 404);
  const orderIds = await placeOrders(longAway, 4);
  const { failed, queued } = await splitByStatus(orderIds, 3);
  await assertUnreachable(failed);
  const view = await untilPaused(longAway, 1);
  const pauseMs = Date.parse(view?.pause?.until ?? '') - Date.parse(view?.pause?.since ?? '');
  assert.equal(pauseMs, 3_600_000, 'the second pause is the longer one');
  assert.equal((await callsOf(longAway)).length, 3);
  await mend();
  await resume(longAway);
  for (const orderId of queued) await service.orderIn(orderId, 'active');
  assert.equal((await service.lock(longAway))?.lastAct?.by, 'test');
  await retryToDelivery(failed);
});

test('a supplier that rejects our login pauses the package until a person resumes it', async () => {
  await answerAlways(rejecting, 401);
  const orderIds = await placeOrders(rejecting, 3);
  const { failed, queued } = await splitByStatus(orderIds, 1);
  const [orderId = ''] = failed;
  assert.equal((await storefront.order(orderId)).failure?.code, 'supplierRejectedCredentials');
  const { pause } = (await untilPaused(rejecting, 2)) ?? {};
  assert.deepEqual([pause?.kind, pause?.until], ['supplierRejectedCredentials', null]);
  assert.match(pause?.reason ?? '', /Correct them, then send resumeLock/);
  await assertTold(queued, /^The package lock is paused: The supplier rejects our credentials/);
  await mend();
  await resume(rejecting);
  for (const waiting of queued) await service.orderIn(waiting, 'active');
  await retryToDelivery(failed);
});

test('with the wire to the supplier cut the package pauses as well, and goes on once it is mended', async () => {
  const { supplier } = service.wires;
  await supplier.cut();
  const orderIds = await placeOrders(cut, 3);
  const { failed, queued } = await splitByStatus(orderIds, 2);
  await assertUnreachable(failed);
  await untilPaused(cut, 1);
  await supplier.mend();
  for (const orderId of queued) await service.orderIn(orderId, 'active');
  await retryToDelivery(failed);
  assert.equal((await callsOf(cut)).length, 3);
});

test('both ledgers agree: one sale for each order', async () => {
  await assertLedgersAgree(service);
  const { purchases } = await simulator.ledger();
  const sales = purchases.filter(({ soldAddress }) => soldAddress !== null);
  assert.equal(sales.length, 4 + 4 + 3 + 3);
});
