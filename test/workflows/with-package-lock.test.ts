import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import { pauseLockSignal, resumeLockSignal } from '../../workflows/contract/package-lock.ts';
import type { LockResult } from '../../workflows/with-package-lock.ts';
import type { Turn } from './lock-requester.ts';
import { eventTypes, eventually, type LockWorld, lockWorld } from './lock-world.ts';

async function passesOf(world: LockWorld, n: number): Promise<LockResult<Turn>[]> {
  return (await world.requester(n).result()) as LockResult<Turn>[];
}

const countOf = (types: string[], type: string) => types.filter((one) => one === type).length;

test('a pass without competition returns the value of its body and leaves the lock free', async (t) => {
  const world = await lockWorld(t);
  await world.start(0, { holdMs: 0 });
  const [pass] = await passesOf(world, 0);
  assert.ok(pass?.acquired);
  assert.ok(pass.value.fencingNumber > 0);
  const view = await world.untilFree();
  assert.equal(view.fencingNumber, pass.value.fencingNumber);
});

test('a pass costs two markers, one timer, one signal and one task more', async (t) => {
  const world = await lockWorld(t);
  await world.start(0, { holdMs: 0 });
  await world.requester(0).result();
  const types = await eventTypes(world, { workflowId: world.workflowIdOf(0) });
  const costs = [
    'markerRecorded',
    'timerStarted',
    'timerCanceled',
    'workflowExecutionSignaled',
    'workflowTaskCompleted',
  ];
  assert.deepEqual(
    costs.map((type) => countOf(types, type)),
    [2, 1, 1, 1, 2],
    types.join(' '),
  );
});

test('who waits and who holds is known, and onWaiting was called once for each', async (t) => {
  const world = await lockWorld(t);
  for (const n of [0, 1]) await world.ask(n);
  const { holder } = await world.untilHolds(0);
  await eventually('the grant has arrived', async () => (await world.see(0)).holds !== null);
  const [first, second] = [await world.see(0), await world.see(1)];
  assert.deepEqual([first.waits, first.holds, first.waitings], [false, holder?.fencingNumber, 1]);
  assert.deepEqual([second.waits, second.holds, second.waitings], [true, null, 1]);
});

test('after waitLimitMs the request is withdrawn and the body does not run', async (t) => {
  const world = await lockWorld(t);
  await world.ask(0);
  await world.ask(1, { waitLimitMs: 300, holdMs: 0 });
  assert.deepEqual(await passesOf(world, 1), [{ acquired: false, reason: 'waitLimit' }]);
  await world.untilState('the request is withdrawn', ({ waiters }) => waiters.length === 0);
});

test('paused time does not count against waitLimitMs', async (t) => {
  const world = await lockWorld(t);
  await world.ask(0);
  await world.lock().signal(pauseLockSignal.name, { reason: 'maintenance' });
  await world.ask(1, { waitLimitMs: 2_000, holdMs: 0 });
  await eventually('it is told', async () => (await world.see(1)).pauses.length === 1);
  const pausedAtMs = Date.now();
  await eventually('longer than the limit', async () => Date.now() - pausedAtMs > 2_500);
  assert.equal((await world.see(1)).waits, true);
  await world.requester(0).signal('finish');
  await world.lock().signal(resumeLockSignal.name);
  const [pass] = await passesOf(world, 1);
  assert.equal(pass?.acquired, true);
});

test('a grant that comes after its request was given up is released', async (t) => {
  const world = await lockWorld(t);
  await world.start(0, { holdMs: 0, lingers: true });
  await eventually('the pass is over', async () => {
    const types = await eventTypes(world, { workflowId: world.workflowIdOf(0) });
    return countOf(types, 'markerRecorded') === 2;
  });
  const late = { requestId: world.requestIdOf(0), workflowId: world.workflowIdOf(0), askedAtMs: 1 };
  await world.signalWithStart('requestLock', late);
  await eventually('the late grant has come and gone', async () => {
    const types = await eventTypes(world, { workflowId: world.workflowIdOf(0) });
    return countOf(types, 'workflowExecutionSignaled') === 2 && countOf(types, 'markerRecorded') === 3;
  });
  await world.untilFree();
});

test('a body that throws gives the lock back and its error goes on', async (t) => {
  const world = await lockWorld(t);
  await world.ask(0);
  await world.ask(1, { failsInside: true });
  await world.ask(2);
  await world.requester(0).signal('finish');
  await world.untilHolds(2);
  await assert.rejects(world.requester(1).result(), (error) => {
    assert.ok(error instanceof WorkflowFailedError);
    assert.equal(error.cause?.message, 'inside the lock');
    return true;
  });
});

test('a cancelled workflow withdraws while it waits, and gives back what it holds', async (t) => {
  const world = await lockWorld(t);
  for (const n of [0, 1, 2]) await world.ask(n);
  await world.requester(1).cancel();
  await world.untilState('it is withdrawn', ({ waiters }) => waiters.length === 1);
  await world.requester(0).cancel();
  await world.untilHolds(2);
});

test('the same request may pass again, and each pass has a number of its own', async (t) => {
  const world = await lockWorld(t);
  await world.start(0, { holdMs: 0, passes: 3 });
  const passes = await passesOf(world, 0);
  const numbers = passes.map((pass) => (pass.acquired ? pass.value.fencingNumber : 0));
  assert.equal(new Set(numbers).size, 3);
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  );
  await world.untilFree();
});

test('a lock that lost its queue serves those that ask again', async (t) => {
  const world = await lockWorld(t);
  for (const n of [0, 1]) await world.ask(n);
  await world.lock().terminate();
  await world.requester(1).signal('askAgain');
  await world.untilHolds(1);
  await world.requester(0).signal('finish');
  await world.requester(0).result();
  assert.equal((await world.state()).holder?.requestId, world.requestIdOf(1));
});

test('who asks again after a lock was lost waits no longer in the pause of that lock', async (t) => {
  const world = await lockWorld(t);
  await world.ask(0);
  await world.lock().signal(pauseLockSignal.name, { reason: 'maintenance' });
  await world.ask(1, { waitLimitMs: 1_000 });
  await eventually('it is told', async () => (await world.see(1)).pauses.length === 1);
  await world.lock().terminate();
  await world.ask(2);
  await world.requester(1).signal('askAgain');
  assert.deepEqual(await passesOf(world, 1), [{ acquired: false, reason: 'waitLimit' }]);
});
