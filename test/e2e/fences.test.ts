import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { FaultAction } from '../../src/simulator/faults.ts';
import type { PurchaseCall } from '../../src/simulator/ledger.ts';
import { forceReleaseSignal, packageLockId } from '../../workflows/contract/package-lock.ts';
import {
  orderTaskQueue,
  orderWorkflowId,
  type ProvisionOrderResult,
} from '../../workflows/contract/provision-order.ts';
import { eventually, isUncached } from '../support/eventually.ts';
import { readRun } from '../support/histories.ts';
import { assertFaultsFired, assertLedgersAgree } from '../support/oracle.ts';
import { catalogueOf, productOf, startTestService } from '../support/service.ts';

const names = ['forced', 'terminated', 'resetBuying', 'resetFailed', 'resetCase', 'resetDelivered'] as const;
const more = ['byHand', 'refunded', 'paused', 'pausedBetween', 'sinking', 'stoppedCase'] as const;
const packages = Object.fromEntries(
  [...names, ...more].map((name, index) => [name, `103.193.${index + 1}`]),
) as Record<(typeof names)[number] | (typeof more)[number], string>;

const service = await startTestService({
  catalogue: catalogueOf(...Object.values(packages)),
  scenario: {
    packages: Object.values(packages).map((name, index) => ({
      id: 50 + index,
      name,
      addresses: [`${name}.10-60`],
    })),
  },
  policy: {
    longestPurchase: isUncached ? '30s' : '6s',
    provisioningLimit: isUncached ? '30s' : '6s',
    settleAfter: '300ms',
    notBoughtAfter: '500ms',
    holderCheckEvery: '300ms',
  },
});
const { simulator, db, client } = service;
const { namespace } = client.options;
// Every step may run on either of two workers.
await service.startWorker();

async function callsOf(packageName: string): Promise<PurchaseCall[]> {
  const { purchases } = await simulator.ledger();
  return purchases.filter(({ request }) => request.ip === packageName);
}

const once = (packageName: string, fault: FaultAction) =>
  simulator.addFaults({ call: 'buyvps', when: { package: packageName, times: 1 }, do: fault });

function untilAsked(packageName: string): Promise<PurchaseCall[]> {
  return eventually({
    what: `the supplier is asked for ${packageName}`,
    read: () => callsOf(packageName),
    isRight: (calls) => calls.length > 0,
  });
}

/** An order whose purchase stays at the supplier for a while; resolves once the supplier was asked. */
async function orderAtSupplier(packageName: string, ms = isUncached ? 10_000 : 1_500): Promise<string> {
  await once(packageName, { kind: 'delay', ms });
  const orderId = await service.order({ productId: productOf(packageName) });
  await untilAsked(packageName);
  return orderId;
}

async function timelineOf(orderId: string): Promise<string[]> {
  return ((await db.orders.findOne({ _id: orderId }))?.timeline ?? []).map(({ text }) => text);
}

/** The refused second purchase says why, once. */
async function assertSaidNotAgain(orderId: string, state: string, number = 1): Promise<void> {
  const said = new RegExp(
    `^Purchase ${orderId}#${number} was sent to the supplier at .+ already \\(${state}\\): it is not sent again\\.$`,
  );
  const lines = await eventually({
    what: `the timeline of ${orderId} says that #${number} is ${state} and not sent again`,
    read: async () => (await timelineOf(orderId)).filter((text) => said.test(text)),
    isRight: (found) => found.length > 0,
  });
  assert.equal(lines.length, 1);
}

async function rowsOf(orderId: string): Promise<string[]> {
  const rows = await db.purchases.find({ orderId }).toArray();
  return rows.map(({ number, state }) => `#${number} ${state}`).sort();
}

async function assertSoldOnce(packageName: string): Promise<void> {
  const calls = await callsOf(packageName);
  assert.equal(calls.length, 1, `calls for ${packageName}`);
  assert.notEqual(calls[0]?.soldAddress, null);
}

/** Resets the order's workflow to before the event that `isPoint` finds first, as an operator does in the Web UI. */
async function resetOrder(orderId: string, before: 'buyVps' | 'everything'): Promise<string> {
  const workflowId = orderWorkflowId(orderId);
  const { history } = await readRun({ client, workflowId });
  const events = history.events ?? [];
  const buying = events.find(
    ({ activityTaskScheduledEventAttributes: activity }) => activity?.activityType?.name === 'buyVps',
  );
  const first = events.find((event) => event.workflowTaskCompletedEventAttributes);
  const taskId =
    before === 'everything'
      ? first?.eventId
      : buying?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId;
  assert.ok(taskId, `a task before ${before}`);
  const { runId } = await client.workflowService.resetWorkflowExecution({
    namespace,
    workflowExecution: { workflowId },
    reason: 'a test of the operator',
    workflowTaskFinishEventId: taskId,
    requestId: randomUUID(),
  });
  return runId;
}

async function endOf(orderId: string): Promise<ProvisionOrderResult> {
  return client.workflow.getHandle(orderWorkflowId(orderId)).result() as Promise<ProvisionOrderResult>;
}

async function mailsAbout(orderId: string): Promise<{ subject: string; text: string }[]> {
  const mails = await simulator.mails({ to: 'customer@example.com' });
  return mails
    .map(({ subject, text }) => ({ subject: subject ?? '', text: text ?? '' }))
    .filter(({ subject, text }) => `${subject} ${text}`.includes(orderId));
}

test('a lock that is taken by force while a purchase runs: the next one waits at the fence for its end', async () => {
  const packageName = packages.forced;
  const first = await orderAtSupplier(packageName, isUncached ? 24_000 : 4_500);
  const second = await service.order({ productId: productOf(packageName) });
  await eventually({
    what: 'the second order waits for the lock',
    read: async () => (await service.lock(packageName))?.waiters.length,
    isRight: (waiters) => waiters === 1,
  });
  await client.workflow
    .getHandle(packageLockId({ supplier: 'smartvps', packageName }))
    .signal(forceReleaseSignal.name, { requestId: `${first}#1`, reason: 'test', by: 'test' });
  await service.orderIn(first, 'active');
  await service.orderIn(second, 'active');
  const [one, two, ...others] = await callsOf(packageName);
  assert.equal(others.length, 0);
  assert.ok(one?.endedAt && two && two.startedAt >= one.endedAt, 'no overlap at the supplier');
  const waits = `Waits for purchase ${first}#1, which may still be at the supplier.`;
  assert.ok((await timelineOf(second)).includes(waits), (await timelineOf(second)).join('\n'));
});

test('an order that is terminated during its purchase and then retried goes on with what was bought', async () => {
  const packageName = packages.terminated;
  const orderId = await orderAtSupplier(packageName);
  await client.workflow.getHandle(orderWorkflowId(orderId)).terminate('a test of the operator');
  const early = await service.storefront.retry(orderId);
  assert.equal(early.status, 409, JSON.stringify(early.body));
  const { body } = await eventually({
    what: 'the retry is accepted past the limit',
    read: () => service.storefront.retry(orderId),
    isRight: ({ status }) => status === 202,
  });
  assert.match(String(body.next), /started again and continues by what the ledger says/);
  await service.orderIn(orderId, 'active');
  await assertSoldOnce(packageName);
  assert.deepEqual(await rowsOf(orderId), ['#1 bought']);
  assert.ok((await timelineOf(orderId)).some((text) => text.startsWith('The order was started again')));
});

test('an order that is reset to before its purchase while that runs waits for the one that was sent', async () => {
  const packageName = packages.resetBuying;
  const orderId = await orderAtSupplier(packageName);
  await resetOrder(orderId, 'buyVps');
  await service.orderIn(orderId, 'active');
  assert.equal((await endOf(orderId)).ended, 'active');
  await assertSoldOnce(packageName);
  assert.deepEqual(await rowsOf(orderId), ['#1 bought']);
  await assertSaidNotAgain(orderId, 'sent');
});

test('a failed order that is reset to before its purchase fails again for the same reason, and a retry buys once', async () => {
  const packageName = packages.resetFailed;
  await once(packageName, { kind: 'errorText', reason: 'Insufficient balance' });
  const orderId = await service.order({ productId: productOf(packageName) });
  await service.orderIn(orderId, 'failed');
  const failures = async () => (await timelineOf(orderId)).filter((text) => text.startsWith('Failed ('));
  await resetOrder(orderId, 'buyVps');
  const seen = await eventually({
    what: 'it fails again',
    read: failures,
    isRight: (texts) => texts.length === 2,
  });
  assert.equal(seen[0], seen[1]);
  assert.equal((await callsOf(packageName)).length, 1);
  await assertSaidNotAgain(orderId, 'refused');
  assert.equal((await service.storefront.retry(orderId)).status, 202);
  await service.orderIn(orderId, 'active');
  assert.deepEqual(await rowsOf(orderId), ['#1 refused', '#2 bought']);
  assert.equal((await callsOf(packageName)).filter(({ soldAddress }) => soldAddress !== null).length, 1);
});

test('a refusal that an earlier run met is judged by the count before it: where that fell, nothing is tried by itself', async () => {
  const packageName = packages.sinking;
  await once(packageName, { kind: 'errorText', reason: 'No IP available' });
  const orderId = await service.order({ productId: productOf(packageName) });
  await service.orderIn(orderId, 'failed');
  const failureOf = async () => (await db.orders.findOne({ _id: orderId }))?.failure;
  assert.notEqual((await failureOf())?.mayRetry, false, 'the count was the same');
  await simulator.updatePackage(packageName, { addresses: [`${packageName}.10-30`] });
  await resetOrder(orderId, 'buyVps');
  await eventually({
    what: 'it fails again, without a retry of its own',
    read: failureOf,
    isRight: (failure) => failure?.mayRetry === false,
  });
  assert.equal((await callsOf(packageName)).length, 1);
});

test('an order with an open case that is terminated waits on: since when, until when and who was told stay', async () => {
  const packageName = packages.stoppedCase;
  await once(packageName, { kind: 'answerLost' });
  const orderId = await service.order({ productId: productOf(packageName) });
  await service.orderIn(orderId, 'failed');
  const told = async () => (await simulator.mails({ subject: `Order ${orderId} needs a decision` })).length;
  await eventually({ what: 'the admin is told', read: told, isRight: (mails) => mails === 1 });
  const before = await db.orders.findOne({ _id: orderId });
  const handle = client.workflow.getHandle(orderWorkflowId(orderId));
  await handle.terminate('a test of the operator');
  await client.workflow.start('provisionOrder', {
    workflowId: orderWorkflowId(orderId),
    taskQueue: orderTaskQueue,
    args: [{ orderId }],
  });
  await eventually({
    what: 'it is started again',
    read: () => timelineOf(orderId),
    isRight: (texts) => texts.some((text) => text.startsWith('The order was started again')),
  });
  const after = await db.orders.findOne({ _id: orderId });
  assert.deepEqual(
    [after?.statusSince, after?.failure, after?.decisionDeadline],
    [before?.statusSince, before?.failure, before?.decisionDeadline],
  );
  const soldAddress = (await callsOf(packageName))[0]?.soldAddress;
  const said = { outcome: 'bought', ip: soldAddress, acceptMismatch: true, by: 'a test' };
  await handle.executeUpdate('resolvePurchase', { args: [said] });
  const { server } = await service.orderIn(orderId, 'active');
  assert.equal(server?.ip, soldAddress);
  assert.equal(await told(), 1);
  await assertSoldOnce(packageName);
});

test('an order with an open case that is reset to before its purchase comes back to the same case', async () => {
  const packageName = packages.resetCase;
  await once(packageName, { kind: 'answerLost' });
  const orderId = await service.order({ productId: productOf(packageName) });
  const before = await service.orderIn(orderId, 'failed');
  await resetOrder(orderId, 'buyVps');
  await eventually({
    what: 'it fails again',
    read: () => timelineOf(orderId),
    isRight: (texts) => texts.filter((text) => text.startsWith('Failed (purchaseUnknown)')).length === 2,
  });
  const after = await service.orderIn(orderId, 'failed');
  assert.equal(after.failure?.message, before.failure?.message);
  await assertSoldOnce(packageName);
  assert.equal((await db.cases.find({ orderId }).toArray()).length, 1);
  await assertSaidNotAgain(orderId, 'case');
});

test('a delivered order that is reset ends as active again: no purchase, no other login, no second mail', async () => {
  const packageName = packages.resetDelivered;
  const orderId = await service.order({ productId: productOf(packageName) });
  const { server } = await service.orderIn(orderId, 'active');
  await endOf(orderId);
  const mails = await mailsAbout(orderId);
  assert.equal(
    mails.filter(({ text }) => text.includes(server?.ip ?? 'no address')).length,
    1,
    'one login mail',
  );
  const login = await db.credentials.find({}).toArray();
  for (const before of ['buyVps', 'everything'] as const) {
    await resetOrder(orderId, before);
    assert.equal((await endOf(orderId)).ended, 'active');
    const order = await db.orders.findOne({ _id: orderId });
    assert.deepEqual([order?.status, order?.open, order?.server?.ip], ['active', false, server?.ip]);
    assert.deepEqual(order?.goods, { state: 'delivered', purchaseId: `${orderId}#1` });
    assert.deepEqual(await mailsAbout(orderId), mails);
    assert.deepEqual(await db.credentials.find({}).toArray(), login);
    await assertSoldOnce(packageName);
    const tenancy = (await db.servers.findOne({ _id: `smartvps:${server?.ip}` }))?.tenancy;
    assert.deepEqual([tenancy?.state, tenancy?.purchaseId], ['delivered', `${orderId}#1`]);
    await assertSaidNotAgain(orderId, 'bought');
  }
});

test('a second workflow for the same order, started by hand under another id, finds the owner and buys nothing', async () => {
  const packageName = packages.byHand;
  const orderId = await orderAtSupplier(packageName);
  const startByHand = () =>
    client.workflow.execute('provisionOrder', {
      workflowId: `by-hand-${randomUUID()}`,
      taskQueue: orderTaskQueue,
      args: [{ orderId }],
    }) as Promise<ProvisionOrderResult>;
  const during = await startByHand();
  assert.equal(during.ended, 'ownedByAnotherWorkflow');
  assert.equal(during.explanation, `Order ${orderId} belongs to the workflow ${orderWorkflowId(orderId)}.`);
  await service.orderIn(orderId, 'active');
  assert.equal((await startByHand()).ended, 'ownedByAnotherWorkflow');
  assert.equal((await service.storefront.order(orderId)).status, 'active');
  await assertSoldOnce(packageName);
});

test('a refunded order that is reset buys nothing: its remedy owns it, and without one it ends as refunded', async () => {
  const packageName = packages.refunded;
  await once(packageName, { kind: 'errorText', reason: 'Insufficient balance' });
  const orderId = await service.order({ productId: productOf(packageName) });
  await service.orderIn(orderId, 'failed');
  const remedy = { owner: `compensation-${orderId}`, status: 'refunded', open: false } as const;
  await db.orders.updateOne({ _id: orderId }, { $set: { money: 'refunded', ...remedy } });
  const refunded = await db.orders.findOne({ _id: orderId });
  await resetOrder(orderId, 'buyVps');
  assert.equal((await endOf(orderId)).ended, 'ownedByAnotherWorkflow');
  assert.deepEqual(await db.orders.findOne({ _id: orderId }), refunded);
  const alone = { owner: orderWorkflowId(orderId), status: 'failed', open: true } as const;
  await db.orders.updateOne({ _id: orderId }, { $set: alone });
  await resetOrder(orderId, 'everything');
  assert.equal((await endOf(orderId)).ended, 'refunded');
  const order = await db.orders.findOne({ _id: orderId });
  assert.deepEqual([order?.status, order?.money, order?.goods.state], ['refunded', 'refunded', 'none']);
  assert.ok((await timelineOf(orderId)).includes('The order has ended as refunded.'));
  assert.equal((await callsOf(packageName)).length, 1, 'the refused one alone');
  assert.deepEqual(await rowsOf(orderId), ['#1 refused']);
});

const buyingOf = (orderId: string) => ({
  namespace,
  execution: { workflowId: orderWorkflowId(orderId) },
  type: 'buyVps',
  identity: 'a test of the operator',
});
const pause = (orderId: string) => client.workflowService.pauseActivity(buyingOf(orderId));
const unpause = (orderId: string) => client.workflowService.unpauseActivity(buyingOf(orderId));

test('a purchase that is paused and unpaused while it is at the supplier is not sent again', async () => {
  const packageName = packages.paused;
  const orderId = await orderAtSupplier(packageName);
  await pause(orderId);
  await unpause(orderId);
  await service.orderIn(orderId, 'active');
  await assertSoldOnce(packageName);
});

test('a purchase that is paused between two tries, with more attempts allowed, is sent once when it goes on', async () => {
  const packageName = packages.pausedBetween;
  await once(packageName, { kind: 'status', status: 429 });
  const orderId = await service.order({ productId: productOf(packageName) });
  await untilAsked(packageName);
  await pause(orderId);
  const { execution } = buyingOf(orderId);
  const look = async () =>
    (await client.workflowService.describeWorkflowExecution({ namespace, execution })).pendingActivities ??
    [];
  await eventually({
    what: 'the purchase is paused',
    read: look,
    isRight: ([activity]) => activity?.paused === true && activity.lastFailure !== null,
  });
  await client.workflowService.updateActivityOptions({
    ...buyingOf(orderId),
    activityOptions: { retryPolicy: { maximumAttempts: 50 } },
    updateMask: { paths: ['retryPolicy.maximumAttempts'] },
  });
  assert.equal((await callsOf(packageName)).length, 1);
  await unpause(orderId);
  await service.orderIn(orderId, 'active');
  const sold = (await callsOf(packageName)).filter(({ soldAddress }) => soldAddress !== null);
  assert.equal(sold.length, 1);
  assert.deepEqual(await rowsOf(orderId), ['#1 bought']);
});

test('every fault fired, and both ledgers agree', async () => {
  await assertFaultsFired(service);
  await assertLedgersAgree(service);
});
