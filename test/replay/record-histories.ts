// Records the histories of the replay gate anew, from the real service on the real dev server:
//   npm run record-histories                                   all of them
//   npm run record-histories -- case-resolved order-assigned   these alone, the others stay as they are
// Only for histories that no running system has: before the first release, or for a recording that is added.
import { readdir, rm, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { NativeConnection, Worker } from '@temporalio/worker';
import { workflowBundle } from '../../src/temporal/workflow-bundle.ts';
import { askGatewaysType } from '../../workflows/contract/ask-gateways.ts';
import { reportLowStockType, syncStockWorkflowId } from '../../workflows/contract/monitor-stock.ts';
import {
  forceReleaseSignal,
  type LockActivities,
  lockStartOptions,
  lockStateQuery,
  lockWorkflowType,
  packageLockId,
  pauseLockSignal,
  releaseSignal,
  requestLockSignal,
  resumeLockSignal,
} from '../../workflows/contract/package-lock.ts';
import {
  assignServerUpdate,
  orderTaskQueue,
  orderWorkflowId,
  retryOrderSignal,
} from '../../workflows/contract/provision-order.ts';
import {
  caseWorkflowId,
  type ResolveCaseResult,
  type StrandServerResult,
  strandWorkflowId,
} from '../../workflows/contract/resolve-case.ts';
import {
  retryRefundSignal,
  returnPaymentWorkflowId,
  returnStatusQuery,
} from '../../workflows/contract/return-payment.ts';
import { watchOrdersType } from '../../workflows/contract/watch-orders.ts';
import { eventually } from '../support/eventually.ts';
import { readRun } from '../support/histories.ts';
import { catalogueOf, productOf, startTestService, type TestService } from '../support/service.ts';
import { useStack } from '../support/stack.ts';
import { recordings } from './recordings.ts';

const folder = new URL('./histories/', import.meta.url);
const packages = [
  '103.181.91',
  '103.184.12',
  '103.184.13',
  '103.184.14',
  '103.184.15',
  '103.184.16',
  '103.184.17',
  '103.184.18',
  '103.184.19',
  '103.184.20',
] as const;
const [usual, empty, wrong, busy, lost, stuck, ended, idle, limited, barred] = packages;

/** What tells of the machine that recorded, and plays no part in a replay. */
function withoutTraces(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const isSticky = 'kind' in value && value.kind === 'TASK_QUEUE_KIND_STICKY';
  const members = Object.entries(value).map(([name, member]) => {
    if (name === 'identity' || (isSticky && name === 'name')) return [name, 'recorded'];
    return [name, name === 'stackTrace' ? '' : member];
  });
  return Object.fromEntries(members);
}

interface Recorder {
  service: TestService;
  keep(name: string, run: { workflowId: string; runId?: string }): Promise<void>;
}

/** Keeps the histories of `chosen` names; others are passed over. */
function createRecorder(service: TestService, chosen: ReadonlySet<string>): Recorder & { kept: Set<string> } {
  const kept = new Set<string>();
  return {
    service,
    kept,
    async keep(name, { workflowId, runId }) {
      if (!chosen.has(name)) return;
      const run = await readRun({ client: service.client, workflowId, ...(runId ? { runId } : {}) });
      const json = JSON.stringify(JSON.parse(historyToJSON(run.history)), withoutTraces);
      await writeFile(new URL(`${name}.json`, folder), `${json}\n`);
      kept.add(name);
    },
  };
}

const lockOf = (packageName: string) => packageLockId({ supplier: 'smartvps', packageName });

async function endedOrder({ service }: Recorder, orderId: string): Promise<{ workflowId: string }> {
  await service.orderIn(orderId, 'active');
  const workflowId = orderWorkflowId(orderId);
  await service.client.workflow.getHandle(workflowId).result();
  return { workflowId };
}

async function retry({ service }: Recorder, orderId: string): Promise<void> {
  const { status, body } = await service.storefront.retry(orderId);
  if (status !== 202) throw new Error(`The retry of ${orderId} was refused: ${JSON.stringify(body)}`);
}

async function untilAsked({ service }: Recorder, packageName: string): Promise<void> {
  await eventually({
    what: `the supplier is asked for ${packageName}`,
    read: () => service.simulator.ledger(),
    isRight: ({ purchases }) => purchases.some(({ request }) => request.ip === packageName),
  });
}

async function recordDelivered(recorder: Recorder): Promise<void> {
  const { service } = recorder;
  const orderId = await service.order();
  await recorder.keep('order-delivered', await endedOrder(recorder, orderId));
  const { paymentId } = await service.simulator.pay({ orderId });
  const workflowId = `payment-cashfree-${paymentId}`;
  await service.client.workflow.getHandle(workflowId).result();
  await recorder.keep('payment-after-delivery', { workflowId });
}

async function recordPaused(recorder: Recorder): Promise<void> {
  const { service } = recorder;
  const lock = service.client.workflow.getHandle(lockOf(usual));
  await lock.signal(pauseLockSignal.name, { reason: 'maintenance', by: 'the recorder' });
  const orderId = await service.order();
  await service.orderIn(orderId, 'queued');
  await service.client.workflow.getHandle(orderWorkflowId(orderId)).signal(retryOrderSignal.name, 'please');
  await eventually({
    what: 'the pause and the refused retry are noted',
    read: () => service.db.orders.findOne({ _id: orderId }),
    isRight: (order) =>
      ['paused', 'Refused'].every((word) => order?.timeline.some(({ text }) => text.includes(word))),
  });
  await lock.signal(resumeLockSignal.name);
  await recorder.keep('order-waited-while-paused', await endedOrder(recorder, orderId));
  await recorder.keep('lock-paused-and-resumed', { workflowId: lockOf(usual) });
}

async function recordWaitedForStock(recorder: Recorder): Promise<void> {
  const { service } = recorder;
  // It does not look by itself: the sync wakes it.
  await service.setPolicy({ stockEvery: '30m' });
  const orderId = await orderThatWaits(recorder);
  await service.setPolicy({ stockEvery: '1s' });
  await service.sync();
  await service.simulator.updatePackage(empty, { addresses: [`${empty}.10-20`] });
  await service.sync();
  await recorder.keep('stock-synced', { workflowId: syncStockWorkflowId });
  await recorder.keep('order-waited-for-stock', await endedOrder(recorder, orderId));
  const workflowId = 'low-stock-reported';
  await service.client.workflow.execute(reportLowStockType, { workflowId, taskQueue: orderTaskQueue });
  await recorder.keep('low-stock-reported', { workflowId });
}

/** An order that was checked out while there was stock, and paid when nothing was left. */
async function orderThatWaits({ service }: Recorder): Promise<string> {
  await service.simulator.updatePackage(empty, { addresses: [`${empty}.30-50`] });
  await service.sync();
  const orderId = await service.order({ productId: productOf(empty), pay: false });
  await service.simulator.updatePackage(empty, { addresses: [] });
  await service.simulator.pay({ orderId });
  await service.orderIn(orderId, 'waitingForStock');
  return orderId;
}

async function recordWrongPackage(recorder: Recorder): Promise<void> {
  const { service } = recorder;
  await service.simulator.updatePackage(wrong, { addresses: [], ipv4Stale: 9, fallback: usual });
  const orderId = await service.order({ productId: productOf(wrong) });
  await service.orderIn(orderId, 'failed');
  await service.simulator.updatePackage(wrong, { addresses: [`${wrong}.10-20`], ipv4Stale: null });
  await retry(recorder, orderId);
  await recorder.keep('order-wrong-package-retried', await endedOrder(recorder, orderId));
}

async function recordLockTimeout(recorder: Recorder): Promise<void> {
  const { service } = recorder;
  const productId = productOf(busy);
  const slow = { kind: 'delay', ms: 3_000 } as const;
  await service.simulator.addFaults({ call: 'buyvps', when: { package: busy, times: 1 }, do: slow });
  const first = await service.order({ productId });
  await untilAsked(recorder, busy);
  await service.setPolicy({ lockWaitLimit: '1s' });
  const orderId = await service.order({ productId });
  await service.orderIn(orderId, 'failed');
  await service.setPolicy({ lockWaitLimit: '6h' });
  await endedOrder(recorder, first);
  await retry(recorder, orderId);
  await recorder.keep('order-lock-timeout-retried', await endedOrder(recorder, orderId));
  await recorder.keep('lock-contended', { workflowId: lockOf(busy) });
}

async function recordPurchaseUnknown(recorder: Recorder): Promise<void> {
  const { service } = recorder;
  const fault = { kind: 'answerLost' } as const;
  await service.simulator.addFaults({ call: 'buyvps', when: { package: lost, times: 1 }, do: fault });
  const orderId = await service.order({ productId: productOf(lost) });
  await service.orderIn(orderId, 'failed');
  await service.mailTo('admin', `Open case: purchase ${orderId}#1`);
  await recorder.keep('order-purchase-unknown', { workflowId: orderWorkflowId(orderId) });
}

async function recordStartedAgain(recorder: Recorder): Promise<void> {
  const { service } = recorder;
  const slow = { kind: 'delay', ms: 1_500 } as const;
  await service.simulator.addFaults({ call: 'buyvps', when: { package: stuck, times: 1 }, do: slow });
  const orderId = await service.order({ productId: productOf(stuck) });
  await untilAsked(recorder, stuck);
  const handle = service.client.workflow.getHandle(orderWorkflowId(orderId));
  const { runId } = await handle.describe();
  await handle.terminate('by hand');
  await recorder.keep('order-terminated', { workflowId: handle.workflowId, runId });
  await eventually({
    what: 'the retry is accepted past the bound',
    read: () => service.storefront.retry(orderId),
    isRight: ({ status }) => status === 202,
  });
  await recorder.keep('order-started-again', await endedOrder(recorder, orderId));
}

async function recordMismatch(recorder: Recorder): Promise<void> {
  const { service } = recorder;
  const orderId = await service.order({ pay: false });
  await service.simulator.pay({ orderId, amountRupees: 1 });
  await service.orderIn(orderId, 'failed');
  await service.simulator.pay({ orderId });
  await recorder.keep('order-payment-mismatch', await endedOrder(recorder, orderId));
}

/** A lock with so low a limit of signals that it continues as new with a queue; the policy has no key for that. */
async function recordContinuedLock(recorder: Recorder): Promise<void> {
  const { client } = recorder.service;
  const key = { supplier: 'smartvps', packageName: 'recorded' };
  const taskQueue = 'lock-recording';
  const connection = await NativeConnection.connect({ address: (await useStack()).temporalAddress });
  const activities: Pick<LockActivities, 'readLockPolicy'> = {
    readLockPolicy: async () => ({
      holderCheckEveryMs: 60_000,
      breakerAfter: 3,
      breakerPausesMs: [60_000],
      idleMs: 600_000,
      continueAsNewAfterSignals: 6,
    }),
  };
  const worker = await Worker.create({
    connection,
    namespace: client.options.namespace,
    taskQueue,
    workflowBundle: await workflowBundle(),
    activities: { ...activities },
  });
  await worker.runUntil(async () => {
    const start = { ...lockStartOptions(key), taskQueue };
    const handle = client.workflow.getHandle(start.workflowId);
    // Any workflow that runs takes a grant; this one never answers, so the lock stays held.
    const workflowId = lockOf(usual);
    for (let n = 1; n <= 6; n += 1) {
      const signalArgs = [{ requestId: `recorded-${n}#1`, workflowId }];
      await client.workflow.signalWithStart(lockWorkflowType, {
        ...start,
        signal: requestLockSignal.name,
        signalArgs,
      });
    }
    const firstRun = (await readRun({ client, workflowId: start.workflowId })).history.events?.[0];
    const runId = firstRun?.workflowExecutionStartedEventAttributes?.firstExecutionRunId ?? '';
    await eventually({
      what: 'the lock runs on as a new run',
      read: () => handle.describe(),
      isRight: (description) => description.runId !== runId,
    });
    await recorder.keep('lock-continued', { workflowId: start.workflowId, runId });
    await handle.signal(forceReleaseSignal.name, 'recorded-1#1');
    await handle.signal(releaseSignal.name, { requestId: 'recorded-2#1', outcome: 'supplierAnswered' });
    await eventually({
      what: 'the third of the carried queue holds the lock',
      read: () => handle.query(lockStateQuery),
      isRight: ({ holder }) => holder?.requestId === 'recorded-3#1' && holder.delivered,
    });
    await recorder.keep('lock-carried-over', { workflowId: start.workflowId });
  });
  await connection.close();
}

/** A case that outlives its order, and what it bought: stopped, wiped, stranded, and assigned to another order. */
async function recordCase(recorder: Recorder): Promise<void> {
  const { service } = recorder;
  const { client, db, simulator } = service;
  const productId = productOf(ended);
  const when = { package: ended, times: 1 };
  await simulator.addFaults({ call: 'buyvps', when, do: { kind: 'answerLost' } });
  const lostId = await service.order({ productId });
  await service.orderIn(lostId, 'failed');
  await client.workflow.getHandle(orderWorkflowId(lostId)).terminate('by hand');
  const refunded = { status: 'refunded', money: 'refunded', open: false } as const;
  await db.orders.updateOne({ _id: lostId }, { $set: refunded });
  const { purchases } = await simulator.ledger();
  const ip = purchases.find(({ request }) => request.ip === ended)?.soldAddress ?? '';
  const purchaseId = `${lostId}#1`;
  const workflowId = caseWorkflowId(purchaseId);
  const said = { ip, acceptMismatch: false, by: 'the recorder', reason: null };
  const resolved = (await client.workflow.execute('resolveCase', {
    workflowId,
    taskQueue: orderTaskQueue,
    args: [{ purchaseId, resolution: { outcome: 'bought', ...said } }],
  })) as ResolveCaseResult;
  if (resolved.ended !== 'resolved') throw new Error(resolved.explanation);
  await recorder.keep('case-resolved', { workflowId });

  await simulator.addFaults({
    call: 'buyvps',
    when,
    do: { kind: 'errorText', reason: 'Insufficient balance' },
  });
  const orderId = await service.order({ productId });
  await service.orderIn(orderId, 'failed');
  const handle = client.workflow.getHandle(orderWorkflowId(orderId));
  await handle.executeUpdate(assignServerUpdate, { args: [{ ip, by: 'the recorder' }] });
  await recorder.keep('order-assigned', await endedOrder(recorder, orderId));
}

/** A held server that its order does not need any more is stranded, and claimed by another order. */
async function recordStranded(recorder: Recorder): Promise<void> {
  const { service } = recorder;
  const ip = `${idle}.5`;
  await service.simulator.addFaults({
    call: 'buyvps',
    when: { package: usual, times: 1 },
    do: { kind: 'sellAddress', address: ip },
  });
  const wrongId = await service.order();
  await service.orderIn(wrongId, 'failed');
  await retry(recorder, wrongId);
  await endedOrder(recorder, wrongId);
  const workflowId = strandWorkflowId({ supplier: 'smartvps', ip });
  const stranded = (await service.client.workflow.execute('strandServer', {
    workflowId,
    taskQueue: orderTaskQueue,
    args: [{ purchaseId: `${wrongId}#1`, ip, by: 'the recorder', reason: null }],
  })) as StrandServerResult;
  if (stranded.ended !== 'stranded') throw new Error(stranded.explanation);
  await recorder.keep('server-stranded', { workflowId });

  await service.setPolicy({ claimStranded: true });
  const orderId = await service.order({ productId: productOf(idle) });
  const { server } = await service.orderIn(orderId, 'active');
  await service.setPolicy({ claimStranded: false });
  if (server?.ip !== ip) throw new Error(`Order ${orderId} got ${server?.ip}, not the stranded ${ip}.`);
  await recorder.keep('order-claimed', await endedOrder(recorder, orderId));
}

/** An order that is tried again by itself, and one that nobody decides: its remedy is blocked once, then refunds. */
async function recordUndecided(recorder: Recorder): Promise<void> {
  const { service } = recorder;
  const { simulator } = service;
  await service.setPolicy({ purchaseTries: 1, automaticRetries: ['300ms'] });
  const tooMany = { kind: 'status', status: 429 } as const;
  await simulator.addFaults({ call: 'buyvps', when: { package: limited, times: 1 }, do: tooMany });
  const retried = await service.order({ productId: productOf(limited) });
  await recorder.keep('order-retried-by-itself', await endedOrder(recorder, retried));
  await service.setPolicy({ reminders: ['300ms'], decisionDeadline: '900ms', askGatewayEvery: '300ms' });
  const unknownUser = { kind: 'status', status: 401 } as const;
  await simulator.addFaults({ call: 'buyvps', when: { package: barred, times: 1 }, do: unknownUser });
  const noRefund = { kind: 'refundOutcome', status: 'CANCELLED' } as const;
  await simulator.addFaults({ call: 'cashfree.createRefund', when: { times: 1 }, do: noRefund });
  const orderId = await service.order({ productId: productOf(barred) });
  const remedy = service.client.workflow.getHandle(`compensation-${orderId}`);
  await eventually({
    what: 'the remedy is blocked',
    read: () => service.db.orders.findOne({ _id: orderId }),
    isRight: (order) => order?.failure?.code === 'compensationBlocked',
  });
  await remedy.signal('retryOrder', { by: 'the recorder' });
  await service.orderIn(orderId, 'refunded');
  await remedy.result();
  await recorder.keep('order-undecided', { workflowId: orderWorkflowId(orderId) });
  await recorder.keep('remedy-blocked-and-retried', { workflowId: remedy.workflowId });
  await service.setPolicy({
    reminders: ['1h'],
    decisionDeadline: '48h',
    automaticRetries: [],
    purchaseTries: 5,
  });
}

async function recordCancelled(recorder: Recorder): Promise<void> {
  const { service } = recorder;
  const orderId = await orderThatWaits(recorder);
  const handle = service.client.workflow.getHandle(orderWorkflowId(orderId));
  await handle.signal('cancelOrder');
  await service.orderIn(orderId, 'cancelled');
  await handle.result();
  await recorder.keep('order-cancelled', { workflowId: handle.workflowId });
}

/** The remedies that leave the customer with a server, and both ends of a free month. */
async function recordRemedies(recorder: Recorder): Promise<void> {
  const { service } = recorder;
  const { client, simulator } = service;
  await service.setPolicy({ askGatewayEvery: '300ms', freeMonth: '30s', freeMonthReminders: ['29s'] });
  const remedied = async (input: object, ...ends: string[]) => {
    const orderId = await service.order();
    await service.orderIn(orderId, 'active');
    const workflowId = `compensation-${orderId}`;
    const args = [{ orderId, by: 'the recorder', ...input }];
    const handle = await client.workflow.start('compensateOrder', {
      workflowId,
      taskQueue: orderTaskQueue,
      args,
    });
    const until = async () => {
      await handle.result();
      await service.orderIn(orderId, ...ends);
    };
    return { orderId, workflowId, until };
  };
  const adjusted = await remedied({ option: 'priceAdjustment', amountPaise: 10_000 }, 'active');
  await adjusted.until();
  await recorder.keep('remedy-price-adjusted', adjusted);
  const reprovisioned = await remedied({ option: 'reprovision' }, 'active');
  await reprovisioned.until();
  await recorder.keep('remedy-reprovisioned', reprovisioned);
  const month = { option: 'refundAndFreeMonth' };
  const renewed = await remedied(month, 'active');
  await service.mailTo('customer', renewed.orderId, 'ends soon');
  const { text = '' } = await service.mailTo('customer', renewed.orderId, 'free until');
  const link = /http\S+\/renew\?\S+/.exec(text)?.[0] ?? '';
  const placed = await fetch(link, { method: 'POST', headers: { accept: 'application/json' } });
  const { orderId: renewalId } = (await placed.json()) as { orderId: string };
  await simulator.pay({ orderId: renewalId });
  await recorder.keep('order-renewal', await endedOrder(recorder, renewalId));
  await renewed.until();
  await recorder.keep('remedy-month-renewed', renewed);
  await service.setPolicy({ freeMonth: '3s', freeMonthReminders: ['2s'] });
  const over = await remedied(month, 'refunded');
  await over.until();
  await recorder.keep('remedy-month-over', over);
}

/** A run of the watch that finds an order whose workflow is gone. */
async function recordWatch(recorder: Recorder): Promise<void> {
  const { service } = recorder;
  const orderId = await orderThatWaits(recorder);
  await service.client.workflow.getHandle(orderWorkflowId(orderId)).terminate('by hand');
  const workflowId = 'watch-orders-recorded';
  await service.client.workflow.execute(watchOrdersType, { workflowId, taskQueue: orderTaskQueue });
  await recorder.keep('orders-watched', { workflowId });
  await service.client.workflow.getHandle(orderWorkflowId(orderId)).signal('cancelOrder');
  await service.orderIn(orderId, 'cancelled');
}

/** A payment that the gateway gives back at the third try: one by itself, two by a person. */
async function recordReturned(recorder: Recorder): Promise<void> {
  const { service } = recorder;
  const orderId = await service.order();
  await service.orderIn(orderId, 'active');
  await service.simulator.addFaults({
    call: 'cashfree.createRefund',
    when: { times: 2 },
    do: { kind: 'status', status: 400 },
  });
  const { paymentId } = await service.simulator.pay({ orderId });
  const handle = service.client.workflow.getHandle(returnPaymentWorkflowId(`cashfree:${paymentId}`));
  for (const tries of [1, 2]) {
    await eventually({
      what: `the return is blocked, try ${tries}`,
      read: () => handle.query(returnStatusQuery).catch(() => null),
      isRight: (view) => view?.state === 'blocked' && view.tries === tries,
    });
    await handle.signal(retryRefundSignal.name);
  }
  await handle.result();
  await recorder.keep('payment-returned', { workflowId: handle.workflowId });
}

async function recordAsked(recorder: Recorder): Promise<void> {
  const { service } = recorder;
  const orderId = await service.order({ pay: false });
  await service.simulator.pay({ orderId, deliver: 0 });
  const workflowId = 'ask-gateways-recorded';
  await service.client.workflow.execute(askGatewaysType, { workflowId, taskQueue: orderTaskQueue });
  await recorder.keep('gateways-asked', { workflowId });
  await service.orderIn(orderId, 'active');
}

/** What is recorded together, with the names it gives. */
const scenes: readonly { names: readonly string[]; record: (recorder: Recorder) => Promise<void> }[] = [
  { names: ['order-delivered', 'payment-after-delivery'], record: recordDelivered },
  { names: ['order-waited-while-paused', 'lock-paused-and-resumed'], record: recordPaused },
  {
    names: ['order-waited-for-stock', 'stock-synced', 'low-stock-reported'],
    record: recordWaitedForStock,
  },
  { names: ['order-wrong-package-retried'], record: recordWrongPackage },
  { names: ['order-lock-timeout-retried', 'lock-contended'], record: recordLockTimeout },
  { names: ['order-purchase-unknown'], record: recordPurchaseUnknown },
  { names: ['order-terminated', 'order-started-again'], record: recordStartedAgain },
  { names: ['order-payment-mismatch'], record: recordMismatch },
  { names: ['case-resolved', 'order-assigned'], record: recordCase },
  { names: ['server-stranded', 'order-claimed'], record: recordStranded },
  {
    names: ['order-retried-by-itself', 'order-undecided', 'remedy-blocked-and-retried'],
    record: recordUndecided,
  },
  { names: ['order-cancelled'], record: recordCancelled },
  {
    names: [
      'remedy-price-adjusted',
      'remedy-reprovisioned',
      'remedy-month-renewed',
      'remedy-month-over',
      'order-renewal',
    ],
    record: recordRemedies,
  },
  { names: ['orders-watched'], record: recordWatch },
  { names: ['payment-returned'], record: recordReturned },
  { names: ['gateways-asked'], record: recordAsked },
  { names: ['lock-continued', 'lock-carried-over'], record: recordContinuedLock },
];

/** The names on the command line, or all; a name that no recording has is an error. */
function chooseNames(): ReadonlySet<string> {
  const all = recordings.map(({ name }) => name);
  const named = process.argv.slice(2);
  const unknown = named.filter((name) => !all.includes(name));
  if (unknown.length > 0) {
    throw new Error(`There is no recording ${unknown.join(', ')}. There are: ${all.join(', ')}.`);
  }
  return new Set(named.length > 0 ? named : all);
}

test('the histories of the replay gate are recorded', async () => {
  const chosen = chooseNames();
  const service = await startTestService({
    catalogue: catalogueOf(...packages),
    scenario: {
      packages: packages.map((name, index) => ({ id: 50 + index, name, addresses: [`${name}.10-60`] })),
    },
    policy: { longestPurchase: '4s', provisioningLimit: '4s', holderCheckEvery: '1s' },
  });
  const recorder = createRecorder(service, chosen);
  const known = new Set(recordings.map(({ name }) => name));
  for (const file of await readdir(folder)) {
    const name = file.replace('.json', '');
    if (chosen.has(name) || !known.has(name)) await rm(new URL(file, folder));
  }
  for (const [index, { names, record }] of scenes.entries()) {
    // The first one always: it starts the lock of the usual package, which others pause or grant to.
    if (index === 0 || names.some((name) => chosen.has(name))) await record(recorder);
  }
  const missing = [...chosen].filter((name) => !recorder.kept.has(name));
  if (missing.length > 0) throw new Error(`Not recorded: ${missing.join(', ')}`);
});
