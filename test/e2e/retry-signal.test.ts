import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { temporal } from '@temporalio/proto';
import {
  lockStartOptions,
  lockWorkflowType,
  packageLockId,
  pauseLockSignal,
  resumeLockSignal,
} from '../../workflows/contract/package-lock.ts';
import {
  assignServerSignal,
  orderStatusQuery,
  orderWorkflowId,
  resolvePurchaseSignal,
  retryOrderSignal,
} from '../../workflows/contract/provision-order.ts';
import { eventually } from '../support/eventually.ts';
import { eventNames, failedTasks, readRun } from '../support/histories.ts';
import { catalogueOf, productOf, startTestService } from '../support/service.ts';

type Payload = temporal.api.common.v1.IPayload;

const bytes = (text: string) => Buffer.from(text, 'utf8');
const encoded = (encoding: string, data: Uint8Array): Payload => ({
  metadata: { encoding: bytes(encoding) },
  data,
});
const json = (value: unknown) => encoded('json/plain', bytes(JSON.stringify(value)));

/** What the signal form of the Temporal Web UI, the CLI or any client can send. */
const inputs: Record<string, Payload[]> = {
  'no input': [],
  null: [json(null)],
  'a text': [json('please')],
  'a number': [json(7)],
  'a list': [json([1, { reason: 'x' }])],
  'fields of wrong types': [json({ reason: { $gt: '' }, by: 7 })],
  'reason and by': [json({ reason: 'refilled', by: 'the night shift' })],
  'two inputs': [json('one'), json('two')],
  'broken JSON': [encoded('json/plain', bytes('{"reason":'))],
  'json/protobuf': [encoded('json/protobuf', bytes('{"reason":"x"}'))],
  'binary garbage': [encoded('binary/plain', Buffer.from([0, 255, 254, 1]))],
  'protobuf of no known type': [encoded('binary/protobuf', Buffer.from([255, 1, 2]))],
  'an unknown encoding': [encoded('x/unknown', bytes('?'))],
  'no encoding at all': [{ data: bytes('?') }],
};

const missing = '103.184.12';
const paused = '103.184.13';
const service = await startTestService({
  catalogue: catalogueOf(missing, paused),
  scenario: { packages: [{ id: 13, name: paused, addresses: ['103.184.13.10-60'] }] },
});

const sendRetry = (orderId: string, payloads: Payload[]) =>
  send({ orderId, payloads, signalName: retryOrderSignal.name });

async function send(input: { orderId: string; payloads: Payload[]; signalName: string }): Promise<void> {
  const { orderId, payloads, signalName } = input;
  await service.client.workflowService.signalWorkflowExecution({
    namespace: service.client.options.namespace,
    workflowExecution: { workflowId: orderWorkflowId(orderId) },
    signalName,
    ...(payloads.length > 0 ? { input: { payloads } } : {}),
  });
}

async function timelineOf(orderId: string): Promise<string[]> {
  const order = await service.db.orders.findOne({ _id: orderId });
  return (order?.timeline ?? []).map(({ text }) => text);
}

async function assertAlive(orderId: string): Promise<void> {
  const workflowId = orderWorkflowId(orderId);
  const run = await readRun({ client: service.client, workflowId });
  assert.deepEqual(failedTasks(run), []);
  const names = eventNames(run);
  assert.equal(names.filter((name) => name === 'workflowExecutionSignaled').length > 10, true);
  const view = await service.client.workflow.getHandle(workflowId).query(orderStatusQuery);
  assert.equal(view.orderId, orderId);
}

test('on a failed order every retry signal is a retry, whatever it carries', async () => {
  const orderId = await service.order({ productId: productOf(missing) });
  const failed = await service.orderIn(orderId, 'failed');
  assert.equal(failed.failure?.code, 'packageUnavailable');
  let failures = 1;
  for (const [what, payloads] of Object.entries(inputs)) {
    await sendRetry(orderId, payloads);
    failures += 1;
    await eventually({
      what: `the retry with ${what} is tried and fails again`,
      read: () => timelineOf(orderId),
      isRight: (texts) => texts.filter((text) => text.startsWith('Failed (')).length === failures,
    });
  }
  const retries = (await timelineOf(orderId)).filter((text) => text.startsWith('retryOrder by '));
  assert.equal(retries.length, Object.keys(inputs).length);
  assert.equal(retries.filter((text) => text.includes('unreadable')).length, 8, retries.join('\n'));
  assert.ok(retries.some((text) => text.startsWith('retryOrder by the night shift (refilled).')));
  await assertAlive(orderId);
});

for (const { name: signalName } of [assignServerSignal, resolvePurchaseSignal]) {
  test(`${signalName} without what it needs is refused and noted, whatever it carries`, async () => {
    const orderId = await service.order({ productId: productOf(missing) });
    await service.orderIn(orderId, 'failed');
    for (const payloads of Object.values(inputs)) await send({ orderId, payloads, signalName });
    await eventually({
      what: 'every message is refused in the timeline',
      read: async () => (await timelineOf(orderId)).filter((text) => text.startsWith('Refused: ')),
      isRight: (texts) => texts.length === Object.keys(inputs).length,
    });
    await assertAlive(orderId);
  });
}

test('on an order that waits its turn every retry signal is refused and noted, whatever it carries', async () => {
  const key = { supplier: 'smartvps', packageName: paused };
  await service.client.workflow.signalWithStart(lockWorkflowType, {
    ...lockStartOptions(key),
    signal: pauseLockSignal.name,
    signalArgs: [{ reason: 'maintenance' }],
  });
  const orderId = await service.order({ productId: productOf(paused) });
  await service.orderIn(orderId, 'queued');
  for (const payloads of Object.values(inputs)) await sendRetry(orderId, payloads);
  const refusals = await eventually({
    what: 'every retry is refused in the timeline',
    read: async () => (await timelineOf(orderId)).filter((text) => text.startsWith('Refused: ')),
    isRight: (texts) => texts.length === Object.keys(inputs).length,
  });
  for (const refusal of refusals) assert.match(refusal, /is waiting its turn .* Please wait\./);
  await assertAlive(orderId);
  await service.client.workflow.getHandle(packageLockId(key)).signal(resumeLockSignal.name);
  await service.orderIn(orderId, 'active');
});
