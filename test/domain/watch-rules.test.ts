import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isPastBound } from '../../src/domain/past-bound.ts';
import { defaultPolicy, resolvePolicy } from '../../src/domain/policy.ts';
import { remindersDue } from '../../src/domain/reminders-due.ts';
import { mayRestart } from '../../src/domain/restart-pace.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const policy = resolvePolicy(defaultPolicy);
const since = '2026-11-21T10:00:00.000Z';
const sinceMs = Date.parse(since);

test('the first restart comes at once, later ones 1, 5 and then always 30 minutes apart', () => {
  assert.ok(mayRestart({ restarts: null, nowMs: sinceMs }));
  const pauses = [
    { times: 1, pauseMs: minuteMs },
    { times: 2, pauseMs: 5 * minuteMs },
    { times: 3, pauseMs: 30 * minuteMs },
    { times: 40, pauseMs: 30 * minuteMs },
  ];
  for (const { times, pauseMs } of pauses) {
    const restarts = { times, lastAt: since, why: 'terminated' };
    assert.equal(mayRestart({ restarts, nowMs: sinceMs + pauseMs - 1 }), false, `${times}`);
    assert.equal(mayRestart({ restarts, nowMs: sinceMs + pauseMs }), true, `${times}`);
  }
});

test('reminders fall due at the moments of the policy, then every last interval', () => {
  const remindersMs = [hourMs, 6 * hourMs, 24 * hourMs];
  const due = (hours: number) => remindersDue({ ageMs: hours * hourMs, remindersMs });
  assert.deepEqual([0, 0.99, 1, 5.9, 6, 23.9, 24, 47.9, 48, 72].map(due), [0, 0, 1, 1, 2, 2, 3, 3, 4, 5]);
  assert.equal(remindersDue({ ageMs: hourMs, remindersMs: [] }), 0);
});

test('reminders never become fewer, and within the longest interval another one falls due', () => {
  const moments = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { maxLength: 5 });
  fc.assert(
    fc.property(moments, fc.nat(10_000_000), fc.nat(1_000_000), (remindersMs, ageMs, laterMs) => {
      const before = remindersDue({ ageMs, remindersMs });
      assert.ok(remindersDue({ ageMs: ageMs + laterMs, remindersMs }) >= before);
      const longest = Math.max(...remindersMs, 0);
      if (longest > 0) assert.ok(remindersDue({ ageMs: ageMs + longest, remindersMs }) > before);
    }),
  );
});

test('an order is past its bound once its limits are over, in the queue with the pauses of the breaker on top', () => {
  const order = { statusSince: since, failure: null, goods: { state: 'none' } } as const;
  const isLateAfter = (status: 'waitingForStock' | 'queued' | 'active', ms: number) =>
    isPastBound({ ...order, status }, { policy, nowMs: sinceMs + ms });
  assert.equal(isLateAfter('waitingForStock', 6 * hourMs), false);
  assert.equal(isLateAfter('waitingForStock', 6 * hourMs + 2 * minuteMs), true);
  assert.equal(isLateAfter('queued', 6 * hourMs + 21 * minuteMs), false);
  assert.equal(isLateAfter('queued', 6 * hourMs + 23 * minuteMs), true);
  assert.equal(isLateAfter('active', 1_000 * hourMs), false);
});

test('a failed order is bound by its deadline, one with a delivered server or an error of ours by nothing', () => {
  const failed = (code: 'wrongPackage' | 'internalError', state: 'none' | 'delivered') =>
    isPastBound(
      { status: 'failed', statusSince: since, failure: { code }, goods: { state } },
      { policy, nowMs: sinceMs + 49 * hourMs },
    );
  assert.equal(failed('wrongPackage', 'none'), true);
  assert.equal(failed('wrongPackage', 'delivered'), false);
  assert.equal(failed('internalError', 'none'), false);
});
