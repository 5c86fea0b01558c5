import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LockPolicy, LockState, ReleaseOutcome } from '../../workflows/contract/package-lock.ts';
import {
  applyLockEvent,
  blankLockState,
  isIdleOver,
  type LockCommand,
  type LockEvent,
  nextWakeUpMs,
} from '../../workflows/package-lock-rules.ts';

const policy: LockPolicy = {
  holderCheckEveryMs: 60_000,
  breakerAfter: 3,
  breakerPausesMs: [1_000, 5_000],
  idleMs: 600_000,
};

const ask = (n: number): LockEvent => ({
  type: 'requested',
  requestId: `o${n}#1`,
  workflowId: `order-o${n}`,
  askedAtMs: n,
});
const release = (n: number, outcome: ReleaseOutcome = 'supplierAnswered'): LockEvent => ({
  type: 'released',
  requestId: `o${n}#1`,
  outcome,
  fencingNumber: null,
});
const pause: LockEvent = { type: 'paused', reason: 'maintenance', by: 'ops' };
const resume: LockEvent = { type: 'resumed', reason: 'done', by: 'ops' };
const tick: LockEvent = { type: 'tick' };

/** Plays events at their moments (ms); the commands are those of the last event. */
function play(...moments: [number, ...LockEvent[]][]): { state: LockState; commands: LockCommand[] } {
  let played = { state: blankLockState({ nowMs: 0 }), commands: [] as LockCommand[] };
  for (const [nowMs, ...events] of moments) {
    for (const event of events) played = applyLockEvent({ state: played.state, event, nowMs, policy });
  }
  return played;
}

const waitersOf = (state: LockState) => state.waiters.map(({ requestId }) => requestId);
const told = (commands: LockCommand[], type: 'tellPaused' | 'tellResumed') =>
  commands.flatMap((command) => (command.type === type ? command.to.map(({ requestId }) => requestId) : []));

test('the first request gets the lock at once, with the time as its number', () => {
  const { state, commands } = play([1_000, ask(1)]);
  assert.equal(state.holder?.requestId, 'o1#1');
  assert.deepEqual(commands, [
    { type: 'grant', requestId: 'o1#1', workflowId: 'order-o1', askedAtMs: 1, fencingNumber: 1_000 },
  ]);
});

test('a release grants to the next in the order of requests, with a higher number in the same millisecond', () => {
  const { state, commands } = play([1_000, ask(1), ask(2), ask(3), release(1)]);
  assert.deepEqual(waitersOf(state), ['o3#1']);
  assert.equal(commands.length, 1);
  assert.equal(state.holder?.requestId, 'o2#1');
  assert.equal(state.holder?.fencingNumber, 1_001);
});

test('a repeat by a waiter changes nothing', () => {
  const before = play([1_000, ask(1), ask(2), ask(3)]);
  const after = play([1_000, ask(1), ask(2), ask(3)], [2_000, ask(2)]);
  assert.deepEqual(after.state, before.state);
  assert.deepEqual(after.commands, []);
});

test('a repeat by the holder gets the same grant again', () => {
  const first = play([1_000, ask(1)]);
  const again = play([1_000, ask(1)], [2_000, ask(1)]);
  assert.deepEqual(again.commands, first.commands);
});

test('a request after release queues anew, behind those that wait', () => {
  const { state } = play([1_000, ask(1), ask(2), ask(3), release(1), ask(1)]);
  assert.deepEqual(waitersOf(state), ['o3#1', 'o1#1']);
});

test('release withdraws a waiter, and a release of somebody unknown changes nothing', () => {
  const { state, commands } = play([1_000, ask(1), ask(2), ask(3), release(2), release(9)]);
  assert.deepEqual(waitersOf(state), ['o3#1']);
  assert.equal(state.holder?.requestId, 'o1#1');
  assert.deepEqual(commands, []);
});

test('a release with the number of an older grant ends nothing', () => {
  const old: LockEvent = { type: 'released', requestId: 'o1#1', outcome: 'noVerdict', fencingNumber: 999 };
  assert.equal(play([1_000, ask(1), old]).state.holder?.requestId, 'o1#1');
  assert.deepEqual(waitersOf(play([1_000, ask(2), ask(1), old]).state), ['o1#1']);
});

test('a late copy of an older request does not take the place of the newer one', () => {
  const late: LockEvent = { type: 'requested', requestId: 'o2#1', workflowId: 'order-old', askedAtMs: 1 };
  const { commands } = play([1_000, ask(1), ask(2), late, release(1)]);
  assert.deepEqual(commands, [
    { type: 'grant', requestId: 'o2#1', workflowId: 'order-o2', askedAtMs: 2, fencingNumber: 1_001 },
  ]);
});

test('a grant to a workflow that is gone moves on to the next', () => {
  const gone: LockEvent = {
    type: 'grantFailed',
    requestId: 'o1#1',
    fencingNumber: 1_000,
    workflowGone: true,
  };
  const { state } = play([1_000, ask(1), ask(2), gone]);
  assert.equal(state.holder?.requestId, 'o2#1');
  assert.equal(play([1_000, ask(1), ask(2), release(1), gone]).state.holder?.requestId, 'o2#1');
});

test('a holder that once got its grant keeps the lock when a repeat cannot be delivered for another reason', () => {
  const delivered: LockEvent = { type: 'grantDelivered', requestId: 'o1#1', fencingNumber: 1_000 };
  const failed: LockEvent = {
    type: 'grantFailed',
    requestId: 'o1#1',
    fencingNumber: 1_000,
    workflowGone: false,
  };
  assert.equal(play([1_000, ask(1), ask(2), delivered, failed]).state.holder?.requestId, 'o1#1');
  assert.equal(play([1_000, ask(1), ask(2), failed]).state.holder?.requestId, 'o2#1');
});

test('the grant is sent again every holderCheckEvery while others wait, and time alone frees nothing', () => {
  const alone = play([1_000, ask(1)], [90_000_000, tick]);
  assert.deepEqual(alone.commands, []);
  const early = play([1_000, ask(1), ask(2)], [60_999, tick]);
  assert.deepEqual(early.commands, []);
  assert.equal(nextWakeUpMs({ state: early.state, policy }), 61_000);
  const due = play([1_000, ask(1), ask(2)], [61_000, tick]);
  assert.deepEqual(
    due.commands.map((command) => command.type === 'grant' && command.fencingNumber),
    [1_000],
  );
  assert.equal(nextWakeUpMs({ state: due.state, policy }), 121_000);
  assert.equal(play([1_000, ask(1), ask(2)], [90_000_000, tick]).state.holder?.requestId, 'o1#1');
});

test('a pause leaves the holder alone, tells every waiter once, and grants nothing', () => {
  const paused = play([1_000, ask(1), ask(2), ask(3), pause]);
  assert.equal(paused.state.holder?.requestId, 'o1#1');
  assert.deepEqual(told(paused.commands, 'tellPaused'), ['o2#1', 'o3#1']);
  const twice = play([1_000, ask(1), ask(2), pause, pause]);
  assert.deepEqual(twice.commands, []);
  assert.equal(play([1_000, ask(1), ask(2), pause, release(1)]).state.holder, null);
});

test('a request that comes during a pause is told of it', () => {
  const { commands } = play([1_000, pause, ask(1)]);
  assert.deepEqual(commands, [
    {
      type: 'tellPaused',
      to: [{ requestId: 'o1#1', workflowId: 'order-o1' }],
      reason: 'maintenance',
      untilMs: null,
    },
  ]);
});

test('resumeLock tells the waiters and grants to the first; without a pause it is refused', () => {
  const { state, commands } = play([1_000, pause, ask(1), ask(2), resume]);
  assert.deepEqual(told(commands, 'tellResumed'), ['o1#1', 'o2#1']);
  assert.equal(state.holder?.requestId, 'o1#1');
  const refused = play([1_000, resume]).state.lastRefusal;
  assert.equal(refused?.sentence, 'Failed to resume: the lock is not paused.');
});

test('forceRelease takes the lock from its holder, takes a waiter out, and is refused for anybody else', () => {
  const force = (n: number): LockEvent => ({
    type: 'forceReleased',
    requestId: `o${n}#1`,
    reason: 'stuck',
    by: 'ops',
  });
  const { state } = play([1_000, ask(1), ask(2), ask(3), force(1), force(3)]);
  assert.equal(state.holder?.requestId, 'o2#1');
  assert.deepEqual(waitersOf(state), []);
  assert.equal(state.lastAct?.act, 'forceRelease');
  const refused = play([1_000, ask(1), force(2)]).state;
  assert.match(refused.lastRefusal?.sentence ?? '', /no request of this id/);
  assert.equal(refused.holder?.requestId, 'o1#1');
});

test("people's acts are kept for who looks later, each with a time of its own, and not without end", () => {
  const act = (type: 'paused' | 'resumed', reason: string): LockEvent => ({ type, reason, by: 'ops' });
  const { state } = play([1_000, act('paused', 'first'), act('resumed', 'second'), act('paused', 'third')]);
  const acts = [...(state.earlierActs ?? []), state.lastAct];
  assert.deepEqual(
    acts.map((one) => [one?.act, one?.reason, one?.atMs]),
    [
      ['pauseLock', 'first', 1_000],
      ['resumeLock', 'second', 1_001],
      ['pauseLock', 'third', 1_002],
    ],
  );
  const many = play([1_000, ...Array.from({ length: 50 }, () => act('paused', 'again'))]).state;
  assert.equal(many.earlierActs?.length, 20);
});

const threeFailures: LockEvent[] = [1, 2, 3].flatMap((n) => [ask(n), release(n, 'supplierUnreachable')]);

test('breakerAfter failures in a row pause the lock for the first length, then one trial is granted', () => {
  const tripped = play([1_000, ...threeFailures, ask(4), ask(5)]);
  assert.equal(tripped.state.pause?.kind, 'supplierUnreachable');
  assert.equal(tripped.state.holder, null);
  assert.equal(nextWakeUpMs({ state: tripped.state, policy }), 2_000);
  const trial = play([1_000, ...threeFailures, ask(4), ask(5)], [2_000, tick]);
  assert.equal(trial.state.holder?.requestId, 'o4#1');
  assert.deepEqual(waitersOf(trial.state), ['o5#1']);
});

test('a trial that fails pauses longer, up to the last length; one that is answered resets the breaker', () => {
  const again = release(4, 'supplierUnreachable');
  const longer = play([1_000, ...threeFailures, ask(4)], [2_000, tick, again]);
  assert.equal(longer.state.pause?.untilMs, 7_000);
  const last = play(
    [1_000, ...threeFailures, ask(4)],
    [2_000, tick, again, ask(5)],
    [7_000, tick, release(5, 'supplierUnreachable')],
  );
  assert.equal(last.state.pause?.untilMs, 12_000);
  const good = play([1_000, ...threeFailures, ask(4)], [2_000, tick, release(4)]);
  assert.deepEqual(good.state.breaker, { unreachableInARow: 0, pausesInARow: 0 });
});

test('failures that are not in a row, and turns without a verdict, do not trip the breaker', () => {
  const failure = (n: number) => [ask(n), release(n, 'supplierUnreachable')];
  const broken = play([
    1_000,
    ...failure(1),
    ...failure(2),
    ask(3),
    release(3),
    ...failure(4),
    ...failure(5),
  ]);
  assert.equal(broken.state.pause, null);
  const neutral = play([1_000, ...failure(1), ...failure(2), ask(3), release(3, 'noVerdict')]);
  assert.equal(neutral.state.pause, null);
  assert.equal(neutral.state.breaker.unreachableInARow, 2);
});

test('rejected credentials pause the lock until a person resumes it', () => {
  const { state } = play([1_000, ask(1), ask(2), release(1, 'supplierRejectedCredentials')]);
  assert.equal(state.pause?.kind, 'supplierRejectedCredentials');
  assert.equal(state.pause?.untilMs, null);
  assert.equal(nextWakeUpMs({ state, policy }), null);
});

test('a pause by a person is not shortened by the breaker', () => {
  const { state } = play([1_000, ...threeFailures.slice(0, -1), pause, release(3, 'supplierUnreachable')]);
  assert.equal(state.pause?.kind, 'person');
  assert.equal(state.pause?.untilMs, null);
});

test('the lock is over when it has been blank for idleMs, and not while its breaker counts', () => {
  const blank = play([1_000, ask(1), release(1)]).state;
  assert.equal(isIdleOver({ state: blank, nowMs: 600_999, policy }), false);
  assert.equal(isIdleOver({ state: blank, nowMs: 601_000, policy }), true);
  const counting = play([1_000, ask(1), release(1, 'supplierUnreachable')]).state;
  assert.equal(isIdleOver({ state: counting, nowMs: 9_000_000, policy }), false);
  assert.equal(isIdleOver({ state: play([1_000, pause]).state, nowMs: 9_000_000, policy }), false);
});

test('a thousand waiters are plain JSON below the payload warning of 256 KB', () => {
  const longId = 'x'.repeat(40);
  const events = Array.from({ length: 1_001 }, (_, n): LockEvent => {
    const requestId = `${longId}${n}#1`;
    return { type: 'requested', requestId, workflowId: `order-${longId}${n}`, askedAtMs: 1_763_700_000_000 };
  });
  const { state } = play([1_763_700_000_000, ...events]);
  const carried = JSON.stringify(state);
  assert.equal(state.waiters.length, 1_000);
  assert.deepEqual(JSON.parse(carried), state);
  assert.ok(carried.length < 256_000, `${carried.length} bytes`);
});

/** The rules once more, as simply as they can be said: a queue whose head has the lock. */
function expectQueue(queue: string[], event: LockEvent): string[] {
  if (event.type === 'requested') {
    return queue.includes(event.requestId) ? queue : [...queue, event.requestId];
  }
  if (event.type === 'released' || event.type === 'forceReleased') {
    return queue.filter((requestId) => requestId !== event.requestId);
  }
  return queue;
}

const someone = fc.integer({ min: 1, max: 6 });
const someEvent: fc.Arbitrary<LockEvent> = fc.oneof(
  { weight: 6, arbitrary: someone.map(ask) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(someone, fc.constantFrom<ReleaseOutcome>('supplierAnswered', 'supplierUnreachable', 'noVerdict'))
      .map(([n, outcome]) => release(n, outcome)),
  },
  { weight: 1, arbitrary: fc.constant(pause) },
  { weight: 2, arbitrary: fc.constant(resume) },
  { weight: 2, arbitrary: fc.constant(tick) },
  {
    weight: 1,
    arbitrary: someone.map(
      (n): LockEvent => ({ type: 'forceReleased', requestId: `o${n}#1`, reason: '', by: '' }),
    ),
  },
);
const someHistory = fc.array(fc.tuple(fc.integer({ min: 0, max: 4_000 }), someEvent), { maxLength: 60 });

test('in any history the lock serves in order, tells of a pause once, and its numbers rise', () => {
  fc.assert(
    fc.property(someHistory, (history) => {
      let state = blankLockState({ nowMs: 0 });
      let queue: string[] = [];
      let nowMs = 0;
      const pauseTold = new Set<string>();
      for (const [laterMs, event] of history) {
        nowMs += laterMs;
        const before = state;
        const frozen = JSON.stringify(before);
        const { state: next, commands } = applyLockEvent({ state, event, nowMs, policy });
        assert.equal(JSON.stringify(before), frozen, 'the state given is left as it is');
        state = next;
        queue = expectQueue(queue, event);
        const holder = state.holder === null ? [] : [state.holder.requestId];
        assert.deepEqual([...holder, ...waitersOf(state)], queue);
        if (state.holder === null && state.pause === null) assert.deepEqual(queue, []);
        const isNewTurn =
          state.holder !== null && state.holder.fencingNumber !== before.holder?.fencingNumber;
        if (isNewTurn) assert.ok(state.lastFencingNumber > before.lastFencingNumber);
        if (isNewTurn) assert.ok(state.lastFencingNumber >= nowMs);
        for (const requestId of told(commands, 'tellPaused')) {
          const isRepeat = event.type === 'requested' && event.requestId === requestId;
          assert.ok(isRepeat || !pauseTold.has(requestId), 'told twice of one pause');
          pauseTold.add(requestId);
        }
        if (state.pause === null) pauseTold.clear();
        if (before.pause !== null && state.pause === null) {
          assert.deepEqual(told(commands, 'tellResumed'), waitersOf(before));
        }
        const withdrawn = before.waiters.filter(({ requestId }) => !queue.includes(requestId));
        for (const { requestId } of withdrawn) pauseTold.delete(requestId);
      }
    }),
    { numRuns: 3_000 },
  );
});
