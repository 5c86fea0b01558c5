// Records the histories of the replay gate anew, from the real service on the real dev server:
//   node test/replay/record-histories.ts
// Only for histories that no running system has: before the first release, or for a recording that is added.
import { readdir, rm, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { NativeConnection, Worker } from '@temporalio/worker';
import { workflowBundle } from '../../src/temporal/workflow-bundle.ts';
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
import { orderWorkflowId, retryOrderSignal } from '../../workflows/contract/provision-order.ts';
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
] as const;
const [usual, empty, wrong, busy, lost, stuck] = packages;

/** What tells of the machine that recorded, and plays no part in a replay. */
function withoutTraces(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value).map(([name, member]) => {
    if (name === 'identity') return [name, 'recorded'];
    return [name, name === 'stackTrace' ? '' : member];
  });
  return Object.fromEntries(members);
}

interface Recorder {
  service: TestService;
  keep(name: string, run: { workflowId: string; runId?: string }): Promise<void>;
}

function createRecorder(service: TestService): Recorder & { kept: Set<string> } {
  const kept = new Set<string>();
  return {
    service,
    kept,
    async keep(name, { workflowId, runId }) {
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
  await service.simulator.updatePackage(empty, { addresses: [] });
  const orderId = await service.order({ productId: productOf(empty) });
  await service.orderIn(orderId, 'waitingForStock');
  await service.simulator.updatePackage(empty, { addresses: [`${empty}.10-20`] });
  await retry(recorder, orderId);
  await recorder.keep('order-waited-for-stock', await endedOrder(recorder, orderId));
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

test('the histories of the replay gate are recorded', async () => {
  const service = await startTestService({
    catalogue: catalogueOf(...packages),
    scenario: {
      packages: packages.map((name, index) => ({ id: 50 + index, name, addresses: [`${name}.10-60`] })),
    },
    policy: { longestPurchase: '4s', provisioningLimit: '4s', holderCheckEvery: '1s' },
  });
  const recorder = createRecorder(service);
  for (const file of await readdir(folder)) await rm(new URL(file, folder));
  await recordDelivered(recorder);
  await recordPaused(recorder);
  await recordWaitedForStock(recorder);
  await recordWrongPackage(recorder);
  await recordLockTimeout(recorder);
  await recordPurchaseUnknown(recorder);
  await recordStartedAgain(recorder);
  await recordMismatch(recorder);
  await recordContinuedLock(recorder);
  const missing = recordings.filter(({ name }) => !recorder.kept.has(name));
  if (missing.length > 0) throw new Error(`Not recorded: ${missing.map(({ name }) => name).join(', ')}`);
});
