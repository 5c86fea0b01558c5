import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from '@temporalio/worker';
import {
  type ForceRelease,
  forceReleaseSignal,
  type PauseLock,
  pauseLockSignal,
  type ResumeLock,
  resumeLockSignal,
} from '../../workflows/contract/package-lock.ts';
import type { LockResult } from '../../workflows/with-package-lock.ts';
import type { Turn } from './lock-requester.ts';
import { eventTypes, eventually, type LockWorld, lockWorld } from './lock-world.ts';

async function resultOf(world: LockWorld, n: number): Promise<LockResult<Turn>> {
  const [ended] = (await world.requester(n).result()) as LockResult<Turn>[];
  assert.ok(ended);
  return ended;
}

async function turnOf(world: LockWorld, n: number): Promise<Turn> {
  const ended = await resultOf(world, n);
  assert.ok(ended.acquired, `requester ${n} got the lock`);
  return ended.value;
}

test('ten requesters are served one after the other in the order of their requests', async (t) => {
  const world = await lockWorld(t);
  await world.ask(0);
  for (let n = 1; n < 10; n += 1) await world.ask(n, { holdMs: 20 });
  assert.deepEqual(
    (await world.state()).waiters.map(({ requestId }) => requestId),
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map(world.requestIdOf),
  );
  await world.requester(0).signal('finish');
  const turns = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => turnOf(world, n)));
  for (const [n, turn] of turns.entries()) {
    const before = turns[n - 1];
    if (before === undefined) continue;
    assert.ok(turn.fromMs >= before.toMs, `turn ${n} starts after turn ${n - 1} has ended`);
    assert.ok(turn.fencingNumber > before.fencingNumber, 'fencing numbers rise');
  }
});

test('a waiter whose workflow is gone is passed over', async (t) => {
  const world = await lockWorld(t);
  for (const n of [0, 1, 2]) await world.ask(n);
  await world.requester(1).terminate();
  await world.requester(0).signal('finish');
  await world.untilHolds(2);
});

test('the lock of a terminated holder goes on to the next after a holder check', async (t) => {
  const world = await lockWorld(t, { policy: { holderCheckEveryMs: 300 } });
  await world.ask(0);
  await world.untilHolds(0);
  await world.requester(0).terminate();
  await world.ask(1);
  await world.untilHolds(1);
});

test('a live holder keeps the lock over many holder checks', async (t) => {
  const world = await lockWorld(t, { policy: { holderCheckEveryMs: 100 } });
  await world.ask(0);
  await world.ask(1);
  const before = await world.untilHolds(0);
  await eventually('three checks were made', async () => {
    const grants = (await eventTypes(world, { workflowId: world.workflowIdOf(0) })).filter(
      (type) => type === 'workflowExecutionSignaled',
    );
    return grants.length >= 4;
  });
  assert.equal((await world.state()).holder?.fencingNumber, before.holder?.fencingNumber);
  await world.requester(0).signal('finish');
  await world.untilHolds(1);
});

test('a live workflow that does not want its grant any more answers with release', async (t) => {
  const world = await lockWorld(t, { policy: { holderCheckEveryMs: 200 } });
  const ghost = `${world.name}-ghost#1`;
  await world.start(0, { holdMs: 0, lingers: true });
  await eventually('the pass is over', async () => {
    const types = await eventTypes(world, { workflowId: world.workflowIdOf(0) });
    return types.filter((type) => type === 'markerRecorded').length === 2;
  });
  await world.signalWithStart('requestLock', { requestId: ghost, workflowId: world.workflowIdOf(0) });
  await world.ask(1);
  await world.untilHolds(1);
});

test('a withdrawn request is not granted', async (t) => {
  const world = await lockWorld(t);
  for (const n of [0, 1, 2]) await world.ask(n);
  await world.requester(1).signal('abandon');
  assert.deepEqual(await resultOf(world, 1), { acquired: false, reason: 'abandoned' });
  await world.requester(0).signal('finish');
  const { waiters } = await world.untilHolds(2);
  assert.deepEqual(waiters, []);
});

test('a repeated request keeps its place and gets one grant', async (t) => {
  const world = await lockWorld(t);
  for (const n of [0, 1, 2]) await world.ask(n);
  await world.requester(1).signal('askAgain');
  await world.signalWithStart('requestLock', {
    requestId: world.requestIdOf(1),
    workflowId: world.workflowIdOf(1),
  });
  const { waiters } = await world.state();
  assert.deepEqual(
    waiters.map(({ requestId }) => requestId),
    [1, 2].map(world.requestIdOf),
  );
});

test('a pause tells every waiter once, lets the holder end, and grants nothing until it is resumed', async (t) => {
  const world = await lockWorld(t);
  for (const n of [0, 1, 2]) await world.ask(n);
  const first: PauseLock = { reason: 'maintenance', by: 'night shift' };
  const second: PauseLock = { reason: 'still maintenance', by: 'night shift' };
  for (const message of [first, second]) await world.lock().signal(pauseLockSignal.name, message);
  await world.requester(0).signal('finish');
  const paused = await world.untilState('the holder has ended', ({ holder }) => holder === null);
  assert.equal(paused.pause?.reason, 'still maintenance');
  assert.equal(paused.pause?.by, 'night shift');
  assert.equal(paused.waiters.length, 2);
  await world.ask(3);
  for (const n of [1, 2, 3]) {
    await eventually(`${n} is told`, async () => (await world.see(n)).pauses.length === 1);
  }
  await world.lock().signal(resumeLockSignal.name);
  const { lastAct } = await world.untilHolds(1);
  assert.equal(lastAct?.act, 'resumeLock');
  assert.equal(lastAct?.by, 'Temporal Web UI');
  for (const n of [1, 2, 3]) {
    await eventually(`${n} is told of the end`, async () => (await world.see(n)).resumes === 1);
  }
});

test('pauseLock works by signal-with-start where no lock runs', async (t) => {
  const world = await lockWorld(t);
  await world.signalWithStart(pauseLockSignal.name, { reason: 'before the first order' });
  await world.ask(0);
  const { holder, pause } = await world.state();
  assert.equal(holder, null);
  assert.equal(pause?.reason, 'before the first order');
});

test('what was sent while no worker ran counts in a safe order: the pause holds, the release ends no later request', async (t) => {
  const world = await lockWorld(t, { withoutWorker: true });
  const request = { requestId: 'a#1', workflowId: world.workflowIdOf(7) };
  await world.signalWithStart('release', { requestId: 'a#1' });
  await world.signalWithStart('requestLock', request);
  await world.signalWithStart(pauseLockSignal.name, 'stop');
  await world.startWorker();
  const view = await world.untilState('the lock has begun', ({ waiters }) => waiters.length === 1);
  assert.equal(view.holder, null);
  assert.equal(view.pause?.reason, 'stop');
});

test('forceRelease by a bare requestId takes the lock from a live holder, whose own release then changes nothing', async (t) => {
  const world = await lockWorld(t);
  for (const n of [0, 1]) await world.ask(n);
  await world.lock().signal(forceReleaseSignal.name, world.requestIdOf(0));
  const { lastAct } = await world.untilHolds(1);
  assert.equal(lastAct?.act, 'forceRelease');
  await world.requester(0).signal('finish');
  await world.requester(0).result();
  assert.equal((await world.state()).holder?.requestId, world.requestIdOf(1));
});

test('forceRelease takes a waiter out of the queue, and is refused for an unknown request', async (t) => {
  const world = await lockWorld(t);
  for (const n of [0, 1]) await world.ask(n);
  const waiter: ForceRelease = { requestId: world.requestIdOf(1), reason: 'not needed', by: 'ops' };
  await world.lock().signal(forceReleaseSignal.name, waiter);
  const view = await world.untilState('it is out', ({ waiters }) => waiters.length === 0);
  assert.deepEqual([view.lastAct?.by, view.lastAct?.reason], ['ops', 'not needed']);
  await world.lock().signal(forceReleaseSignal.name, 'nobody#1');
  const { lastRefusal } = await world.untilState('it is refused', (after) => after.lastRefusal !== null);
  assert.match(lastRefusal?.sentence ?? '', /no request of this id holds the lock or waits for it/);
});

test('the breaker pauses after failures in a row, tries once, pauses longer, and closes after an answer', async (t) => {
  const policy = { breakerAfter: 2, breakerPausesMs: [400, 800] };
  const world = await lockWorld(t, { policy });
  await world.ask(0);
  for (const n of [1, 2]) await world.ask(n, { outcome: 'supplierUnreachable', holdMs: 0 });
  await world.ask(3, { outcome: 'supplierUnreachable', holdMs: 0 });
  await world.ask(4);
  await world.requester(0).signal('finish');
  const first = await world.untilState('the first pause', ({ breaker }) => breaker.pausesInARow === 1);
  const second = await world.untilState('the second pause', ({ breaker }) => breaker.pausesInARow === 2);
  const lengthOf = ({ pause }: typeof first) =>
    pause?.until ? Date.parse(pause.until) - Date.parse(pause.since) : undefined;
  assert.equal(first.pause?.kind, 'supplierUnreachable');
  assert.deepEqual([lengthOf(first), lengthOf(second)], [400, 800]);
  assert.ok((await turnOf(world, 3)).fromMs >= Date.parse(first.pause?.until ?? ''), 'the trial came after');
  await world.untilHolds(4);
  await world.requester(4).signal('finish');
  const { breaker } = await world.untilFree();
  assert.deepEqual(breaker, { unreachableInARow: 0, pausesInARow: 0 });
});

test('rejected credentials pause the lock until a person resumes it', async (t) => {
  const world = await lockWorld(t);
  await world.ask(0, { outcome: 'supplierRejectedCredentials' });
  await world.ask(1);
  await world.requester(0).signal('finish');
  const { pause } = await world.untilState('the pause', (view) => view.pause !== null);
  assert.equal(pause?.kind, 'supplierRejectedCredentials');
  assert.equal(pause?.until, null);
  const resume: ResumeLock = { by: 'ops' };
  await world.lock().signal(resumeLockSignal.name, resume);
  await world.untilHolds(1);
});

test('a new run keeps holder, queue, pause and numbers, and no signal is lost on the way', async (t) => {
  const world = await lockWorld(t, { policy: { continueAsNewAfterSignals: 3 } });
  await world.ask(0);
  const others = Array.from({ length: 12 }, (_, index) => index + 1);
  await Promise.all(others.map((n) => world.start(n, { holdMs: 0 })));
  await world.untilState('all wait', ({ waiters }) => waiters.length === others.length);
  const held = await world.state();
  await world.requester(0).signal('finish');
  const first = await turnOf(world, 0);
  const turns = await Promise.all(others.map((n) => turnOf(world, n)));
  assert.equal(held.holder?.fencingNumber, first.fencingNumber);
  const numbers = held.waiters.map(
    ({ requestId }) => turns[others.map(world.requestIdOf).indexOf(requestId)],
  );
  for (const [index, turn] of numbers.entries()) {
    const before = index === 0 ? first : numbers[index - 1];
    assert.ok((turn?.fencingNumber ?? 0) > (before?.fencingNumber ?? 0), 'served in the order of the queue');
  }
  await world.untilFree();
  const { raw } = await world.lock().describe();
  assert.notEqual(raw.workflowExecutionInfo?.firstRunId, raw.workflowExecutionInfo?.execution?.runId);
});

test('a thousand waiters fit into the next run', async (t) => {
  const world = await lockWorld(t, { policy: { continueAsNewAfterSignals: 4 } });
  await world.ask(0);
  const waiters = Array.from({ length: 1_000 }, (_, index) => ({
    requestId: `20261121-abcdefghijklmnopqrstuvwxyz${index}#1`,
    workflowId: `order-20261121-abcdefghijklmnopqrstuvwxyz${index}`,
    askedAtMs: 1_795_000_000_000,
    sinceMs: 1_795_000_000_000,
  }));
  await world.lock().terminate();
  await world.client.workflow.start('packageLock', {
    ...world.startLock,
    args: [{ ...world.key, carried: { ...world.carriedBy(0), waiters } }],
  });
  await world.lock().signal(pauseLockSignal.name);
  for (const reason of ['b', 'c', 'd']) await world.lock().signal(pauseLockSignal.name, { reason });
  await eventually('a new run has begun', async () => {
    const { raw } = await world.lock().describe();
    return raw.workflowExecutionInfo?.firstRunId !== raw.workflowExecutionInfo?.execution?.runId;
  });
  const view = await world.state();
  assert.equal(view.waiters.length, 1_000);
  assert.equal(view.pause?.reason, 'd');
});

test('an idle lock completes, and the next request starts it again with a higher number', async (t) => {
  const world = await lockWorld(t, { policy: { idleMs: 200 } });
  await world.ask(0, { holdMs: 0 });
  const first = await turnOf(world, 0);
  await eventually(
    'the lock completes',
    async () => (await world.lock().describe()).status.name === 'COMPLETED',
  );
  await world.ask(1, { holdMs: 0 });
  const second = await turnOf(world, 1);
  assert.ok(second.fencingNumber > first.fencingNumber);
});

test('Request Cancellation does a lock no harm', async (t) => {
  const world = await lockWorld(t, { policy: { holderCheckEveryMs: 200 } });
  for (const n of [0, 1, 2]) await world.ask(n);
  await world.lock().cancel();
  await world.requester(0).terminate();
  await world.untilHolds(1);
  await world.requester(1).signal('finish');
  await world.untilHolds(2);
});

test('the histories of a lock and of its requesters replay', async (t) => {
  const world = await lockWorld(t, { policy: { holderCheckEveryMs: 300, continueAsNewAfterSignals: 4 } });
  for (const n of [0, 1, 2, 3]) await world.ask(n, n === 1 ? { outcome: 'supplierRejectedCredentials' } : {});
  await world.requester(0).terminate();
  await world.untilHolds(1);
  await world.requester(1).signal('finish');
  await world.untilState('the pause', ({ pause }) => pause !== null);
  await world.requester(3).signal('abandon');
  await world.lock().signal(resumeLockSignal.name);
  await world.untilHolds(2);
  const { raw } = await world.lock().describe();
  const runs = [raw.workflowExecutionInfo?.firstRunId, raw.workflowExecutionInfo?.execution?.runId];
  assert.equal(new Set(runs).size, 2, 'the first run of the lock and the one of now');
  const { workflowId } = world.lock();
  const handles = [
    ...runs.map((runId) => world.client.workflow.getHandle(workflowId, runId ?? undefined)),
    ...[0, 1, 2, 3].map(world.requester),
  ];
  for (const handle of handles) {
    const history = await handle.fetchHistory();
    await Worker.runReplayHistory({ workflowBundle: world.bundle }, history, handle.workflowId);
  }
});

// Workflow time around a local activity may differ between the first run and its replay: of tasks that only keep the
// wait alive a replay knows the last one, and a query may split a task. The lock's numbers must not come from there.
for (const policyDelayMs of [0, 300]) {
  test(`a lock that was asked for its state in its first task replays (policy after ${policyDelayMs} ms)`, async (t) => {
    const world = await lockWorld(t, { policyDelayMs, withoutWorker: true });
    await world.signalWithStart('requestLock', {
      requestId: world.requestIdOf(0),
      workflowId: world.workflowIdOf(0),
    });
    await world.start(0, { holdMs: 0 });
    const asked = world.state();
    await world.startWorker();
    await asked;
    await world.requester(0).result();
    await world.untilFree();
    const history = await world.lock().fetchHistory();
    await Worker.runReplayHistory({ workflowBundle: world.bundle }, history, world.lock().workflowId);
  });
}

test('a requester whose first task waited long for its request replays: the grant is still the one it asked for', async (t) => {
  const world = await lockWorld(t, { requestDelayMs: 3_000, taskTimeoutMs: 1_000 });
  await world.start(0, { holdMs: 0 });
  await world.requester(0).result();
  const { workflowId } = world.requester(0);
  const types = await eventTypes(world, { workflowId });
  const tasks = types
    .slice(0, types.indexOf('markerRecorded'))
    .filter((type) => type === 'workflowTaskCompleted');
  assert.ok(tasks.length > 1, `the request was waited for in more than one task: ${types.join(' ')}`);
  const history = await world.requester(0).fetchHistory();
  await Worker.runReplayHistory({ workflowBundle: world.bundle }, history, workflowId);
});

test('a hand-off costs the lock about eight events', async (t) => {
  const world = await lockWorld(t);
  await world.ask(0);
  const handOffs = 20;
  for (let n = 1; n <= handOffs; n += 1) await world.ask(n, { holdMs: 0 });
  const { workflowId } = world.lock();
  const before = (await eventTypes(world, { workflowId })).length;
  const fromMs = Date.now();
  await world.requester(0).signal('finish');
  const { toMs } = await turnOf(world, handOffs);
  await world.untilFree();
  const types = (await eventTypes(world, { workflowId })).slice(before);
  t.diagnostic(
    `${(types.length / (handOffs + 1)).toFixed(1)} events and ${(toMs - fromMs) / handOffs} ms a hand-off`,
  );
  assert.ok(types.length <= 10 * (handOffs + 1), types.join(' '));
});
