import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compensationWorkflowId } from '../../../workflows/contract/compensate-order.ts';
import {
  lockStartOptions,
  lockWorkflowType,
  packageLockId,
  pauseLockSignal,
  resumeLockSignal,
} from '../../../workflows/contract/package-lock.ts';
import {
  compensateOrderSignal,
  orderStatusQuery,
  orderWorkflowId,
} from '../../../workflows/contract/provision-order.ts';
import { type WatchOrdersResult, watchOrdersType } from '../../../workflows/contract/watch-orders.ts';
import { eventually } from '../../support/eventually.ts';
import { assertLedgersAgree } from '../../support/oracle.ts';
import { catalogueOf, productOf, startTestService } from '../../support/service.ts';

const names = {
  queued: '103.191.1',
  empty: '103.191.2',
  missing: '103.191.3',
  slow: '103.191.4',
  lost: '103.191.5',
  paused: '103.191.6',
} as const;
const service = await startTestService({
  catalogue: catalogueOf(...Object.values(names)),
  policy: { watchOrdersEvery: '1s', automaticRetries: [], provisioningLimit: '10s' },
  scenario: {
    packages: [
      { id: 1, name: names.queued, addresses: [`${names.queued}.10-60`] },
      { id: 2, name: names.empty, addresses: [] },
      { id: 4, name: names.slow, addresses: [`${names.slow}.10-60`] },
      { id: 5, name: names.lost, addresses: [`${names.lost}.10-60`] },
      { id: 6, name: names.paused, addresses: [`${names.paused}.10-60`] },
    ],
  },
});
const { client, db, simulator } = service;

const orderOf = (packageName: string) => service.order({ productId: productOf(packageName) });

async function sendLock(packageName: string, signal: { name: string }, said: object): Promise<void> {
  await client.workflow.signalWithStart(lockWorkflowType, {
    ...lockStartOptions({ supplier: 'smartvps', packageName }),
    signal: signal.name,
    signalArgs: [said],
  });
}
const pause = (packageName: string) =>
  sendLock(packageName, pauseLockSignal, { by: 'the night shift', reason: 'a trial' });
const resume = (packageName: string) => sendLock(packageName, resumeLockSignal, { by: 'the night shift' });

const terminate = (orderId: string) =>
  client.workflow.getHandle(orderWorkflowId(orderId)).terminate('by a test');

async function startedAgain(orderId: string, times = 1): Promise<void> {
  await eventually({
    what: `order ${orderId} is started again ${times} times`,
    read: async () => (await db.orders.findOne({ _id: orderId }))?.restarts ?? null,
    isRight: (restarts) => restarts?.times === times,
  });
}

/** I13: the document says what its owner says. */
async function assertDocumentIsTrue(orderId: string): Promise<void> {
  const view = await client.workflow.getHandle(orderWorkflowId(orderId)).query(orderStatusQuery);
  const order = await db.orders.findOne({ _id: orderId });
  assert.deepEqual([order?.status, order?.statusSince], [view.status, view.since]);
}

async function watchRuns(): Promise<number> {
  const query = `WorkflowType = "${watchOrdersType}" AND ExecutionStatus = "Completed"`;
  return (await client.workflow.count(query)).count;
}

test('an order terminated in the queue is started again, takes its place and is delivered', async () => {
  await pause(names.queued);
  const orderId = await orderOf(names.queued);
  await service.orderIn(orderId, 'queued');
  await terminate(orderId);
  await startedAgain(orderId);
  await resume(names.queued);
  await service.orderIn(orderId, 'active');
  await assertDocumentIsTrue(orderId);
});

test('an order terminated while it waits for stock is started again and waits on', async () => {
  const orderId = await orderOf(names.empty);
  await service.orderIn(orderId, 'waitingForStock');
  await terminate(orderId);
  await startedAgain(orderId);
  await service.orderIn(orderId, 'waitingForStock');
  await simulator.updatePackage(names.empty, { addresses: [`${names.empty}.10-20`] });
  await service.orderIn(orderId, 'active');
  await assertDocumentIsTrue(orderId);
});

test('an order terminated while it waits for its login is started again and buys nothing more', async () => {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: names.slow, times: 1 },
    do: { kind: 'credentialsLate', ms: 4_000 },
  });
  const orderId = await orderOf(names.slow);
  await service.orderIn(orderId, 'preparing');
  await terminate(orderId);
  await startedAgain(orderId);
  await service.orderIn(orderId, 'active');
  assert.equal(await db.purchases.countDocuments({ orderId }), 1);
  await assertDocumentIsTrue(orderId);
});

test('a failed order that is terminated again and again is started ever more slowly, and the admin is told', async () => {
  const orderId = await orderOf(names.missing);
  await service.orderIn(orderId, 'failed');
  await terminate(orderId);
  await startedAgain(orderId);
  await service.orderIn(orderId, 'failed');
  const notBefore = new Date(Date.now() + 600_000).toISOString();
  await db.orders.updateOne({ _id: orderId }, { $set: { 'restarts.lastAt': notBefore } });
  await terminate(orderId);
  const runsBefore = await watchRuns();
  await eventually({
    what: 'three more looks of the watch',
    read: watchRuns,
    isRight: (runs) => runs >= runsBefore + 3,
  });
  await startedAgain(orderId, 1);
  const lastAt = new Date(Date.now() - 61_000).toISOString();
  await db.orders.updateOne({ _id: orderId }, { $set: { 'restarts.lastAt': lastAt } });
  await startedAgain(orderId, 2);
  await service.mailTo('admin', orderId, 'was started again 2 times', 'terminated');
  await assertDocumentIsTrue(orderId);
  assert.equal((await db.orders.findOne({ _id: orderId }))?.status, 'failed');
});

test('a remedy that is terminated while the money is on its way is started again, and refunds once', async () => {
  await simulator.addFaults({
    call: 'cashfree.createRefund',
    when: { times: 1 },
    do: { kind: 'refundOutcome', status: 'SUCCESS', ms: 3_000 },
  });
  const orderId = await orderOf(names.missing);
  await service.orderIn(orderId, 'failed');
  await client.workflow
    .getHandle(orderWorkflowId(orderId))
    .signal(compensateOrderSignal.name, { option: 'refund', by: 'the night shift' });
  await eventually({
    what: 'the gateway has the refund',
    read: async () => (await simulator.cashfree()).refunds.length,
    isRight: (count) => count === 1,
  });
  await client.workflow.getHandle(compensationWorkflowId(orderId)).terminate('by a test');
  await startedAgain(orderId);
  await service.orderIn(orderId, 'refunded');
  const { refunds } = await simulator.cashfree();
  assert.equal(refunds.length, 1);
  await service.mailTo('customer', orderId, 'is on its way back');
});

test('after the loss of a lock its waiters are served in the order of their payments', async () => {
  await pause(names.lost);
  const orderIds: string[] = [];
  for (const _ of [1, 2, 3]) {
    orderIds.push(await service.order({ productId: productOf(names.lost), pay: false }));
  }
  // The last one paid first.
  const byPayment = [...orderIds].reverse();
  for (const [index, orderId] of [...byPayment.entries()].reverse()) {
    const paidAt = new Date(Date.now() - (10 - index) * 60_000).toISOString();
    await simulator.pay({ orderId, paidAt });
    await service.orderIn(orderId, 'queued');
  }
  const lockId = packageLockId({ supplier: 'smartvps', packageName: names.lost });
  await eventually({
    what: 'all three wait at the lock',
    read: () => service.lock(names.lost),
    isRight: (view) => view?.waiters.length === 3,
  });
  await client.workflow.getHandle(lockId).terminate('by a test');
  for (const orderId of orderIds) await service.orderIn(orderId, 'active');
  const rows = await db.purchases.find({ orderId: { $in: orderIds } }).toArray();
  const served = rows
    .sort((a, b) => (a.sentAt ?? '').localeCompare(b.sentAt ?? ''))
    .map(({ orderId }) => orderId);
  assert.deepEqual(served, byPayment);
  await service.mailTo('admin', `The queue of ${lockId} was lost`, 'terminated', 'Waiting: 3');
  for (const orderId of orderIds) await assertDocumentIsTrue(orderId);
});

test('a pause from the Web UI is told once and stands in the audit log', async () => {
  await pause(names.paused);
  const lockId = packageLockId({ supplier: 'smartvps', packageName: names.paused });
  await service.mailTo('admin', `Paused: ${lockId}`, 'By: the night shift', 'Why: a trial');
  const acts = await eventually({
    what: 'the act is recorded',
    read: () => service.rawDb.collection('auditLog').find({ 'subject.id': lockId }).toArray(),
    isRight: (rows) => rows.length > 0,
  });
  assert.deepEqual(
    acts.map(({ by, act, reason, accepted }) => ({ by, act, reason, accepted })),
    [{ by: 'the night shift', act: 'pauseLock', reason: 'a trial', accepted: true }],
  );
  await resume(names.paused);
});

test('an open case is brought back to the admin', async () => {
  const openedAt = new Date(Date.now() - 7 * 3_600_000).toISOString();
  await db.cases.insertOne({
    _id: 'ord-x#1',
    orderId: 'ord-x',
    supplier: 'smartvps',
    packageKey: names.paused,
    kind: 'unknown',
    sentence: 'The answer of the supplier was lost.',
    openedAt,
    resolution: null,
  });
  await service.mailTo(
    'admin',
    'Still open after 7 h: case of purchase ord-x#1',
    'The answer of the supplier',
  );
  await db.cases.deleteOne({ _id: 'ord-x#1' });
});

test('every look ended by itself, found no order past its bound and met no trouble', async () => {
  const query = `WorkflowType = "${watchOrdersType}" AND ExecutionStatus != "Running"`;
  let looks = 0;
  for await (const { workflowId, runId, status } of client.workflow.list({ query })) {
    assert.equal(status.name, 'COMPLETED', workflowId);
    const result: WatchOrdersResult = await client.workflow.getHandle(workflowId, runId).result();
    assert.deepEqual(
      [result.owners?.troubles, result.owners?.pastBound, result.locks?.troubles, result.cases?.troubles],
      [0, 0, 0, 0],
      workflowId,
    );
    looks += 1;
  }
  assert.ok(looks > 3, `${looks} looks`);
  await assertLedgersAgree(service);
});
