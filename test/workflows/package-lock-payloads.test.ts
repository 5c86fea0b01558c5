import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { temporal } from '@temporalio/proto';
import { eventTypes, type LockWorld, lockWorld } from './lock-world.ts';

const failedTask = 'workflowTaskFailed';

const text = (data: string) => new TextEncoder().encode(data);
const payloads: Record<string, temporal.api.common.v1.IPayload | undefined> = {
  'no input': undefined,
  'a text': { metadata: { encoding: text('json/plain') }, data: text('"hello"') },
  'a number': { metadata: { encoding: text('json/plain') }, data: text('7') },
  'a list': { metadata: { encoding: text('json/plain') }, data: text('[1, {"requestId": 2}]') },
  'fields of wrong types': {
    metadata: { encoding: text('json/plain') },
    data: text('{"requestId": {"$gt": ""}, "workflowId": 3, "reason": [], "by": 5, "outcome": 9}'),
  },
  'an id over the limit of the server': {
    metadata: { encoding: text('json/plain') },
    data: text(JSON.stringify({ requestId: 'r', workflowId: 'w'.repeat(2_000) })),
  },
  'broken JSON': { metadata: { encoding: text('json/plain') }, data: text('{"requestId":') },
  protobuf: {
    metadata: { encoding: text('json/protobuf'), messageType: text('some.Message') },
    data: text('{"requestId": "x"}'),
  },
  bytes: { metadata: { encoding: text('binary/plain') }, data: new Uint8Array([0, 255, 128, 7]) },
  'an unknown encoding': { metadata: { encoding: text('binary/encrypted') }, data: text('??') },
  'no metadata': { data: text('{}') },
};
const lockSignals = ['requestLock', 'release', 'pauseLock', 'resumeLock', 'forceRelease'];
const waiterSignals = ['lockGranted', 'lockPaused', 'lockResumed'];

async function signalRaw(
  world: LockWorld,
  given: { workflowId: string; signalName: string; payload: string },
) {
  const payload = payloads[given.payload];
  await world.client.connection.workflowService.signalWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: given.workflowId },
    signalName: given.signalName,
    ...(payload === undefined ? {} : { input: { payloads: [payload] } }),
  });
}

for (const signalName of lockSignals) {
  test(`${signalName} with any payload leaves the lock healthy`, async (t) => {
    const world = await lockWorld(t);
    for (const n of [0, 1]) await world.ask(n);
    const { workflowId } = world.lock();
    for (const payload of Object.keys(payloads)) await signalRaw(world, { workflowId, signalName, payload });
    await world.lock().signal('resumeLock');
    await world.requester(0).signal('finish');
    const view = await world.untilHolds(1);
    assert.deepEqual(view.waiters, []);
    assert.ok(!(await eventTypes(world, { workflowId })).includes(failedTask));
  });
}

test('the query answers whatever comes with it', async (t) => {
  const world = await lockWorld(t);
  await world.ask(0);
  for (const [name, payload] of Object.entries(payloads)) {
    const { queryResult } = await world.client.connection.workflowService.queryWorkflow({
      namespace: 'default',
      execution: { workflowId: world.lock().workflowId },
      query: {
        queryType: 'lockState',
        ...(payload === undefined ? {} : { queryArgs: { payloads: [payload] } }),
      },
    });
    const data = queryResult?.payloads?.[0]?.data;
    assert.ok(data, name);
    assert.equal(JSON.parse(new TextDecoder().decode(data)).holder.requestId, world.requestIdOf(0));
  }
});

test('unreadable messages are noted: without a reason for a pause, refused for the others', async (t) => {
  const world = await lockWorld(t);
  await world.ask(0);
  const { workflowId } = world.lock();
  await signalRaw(world, { workflowId, signalName: 'pauseLock', payload: 'protobuf' });
  const { pause } = await world.untilState('the pause', (view) => view.pause !== null);
  assert.equal(pause?.reason, 'No reason: the message was unreadable, it is not JSON.');
  for (const signal of ['requestLock', 'release', 'forceRelease']) {
    await signalRaw(world, { workflowId, signalName: signal, payload: 'bytes' });
    const { lastRefusal } = await world.untilState(
      'it is noted',
      (view) => view.lastRefusal?.signal === signal,
    );
    assert.match(lastRefusal?.sentence ?? '', /Failed to read .* it needs .*unreadable, it is bytes/);
  }
});

for (const signalName of waiterSignals) {
  test(`${signalName} with any payload leaves a waiting workflow healthy`, async (t) => {
    const world = await lockWorld(t);
    for (const n of [0, 1]) await world.ask(n);
    const workflowId = world.workflowIdOf(1);
    for (const payload of Object.keys(payloads)) await signalRaw(world, { workflowId, signalName, payload });
    assert.equal((await world.see(1)).waits, true);
    await world.requester(0).signal('finish');
    await world.untilHolds(1);
    assert.ok(!(await eventTypes(world, { workflowId })).includes(failedTask));
  });
}
