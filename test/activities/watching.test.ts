import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { remindOfCases } from '../../activities/remind-of-cases.ts';
import type { WatchDependencies } from '../../activities/watch-dependencies.ts';
import { watchLocks } from '../../activities/watch-locks.ts';
import { watchOwners } from '../../activities/watch-owners.ts';
import { collectionsOf } from '../../src/database.ts';
import type { AdminAct } from '../../src/domain/admin-act.ts';
import type { ShopNotice } from '../../src/domain/order-notice.ts';
import { defaultPolicy, resolvePolicy } from '../../src/domain/policy.ts';
import type { RunLook } from '../../src/domain/run-look.ts';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import type { LockView } from '../../workflows/contract/package-lock.ts';
import { anOrder } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const { db: database } = await freshDatabase();
const db = collectionsOf(database);
const lockId = 'package-lock-smartvps-103.181.91';
const now = '2026-11-21T12:00:00.000Z';
const minutesAgo = (minutes: number) => new Date(Date.parse(now) - minutes * 60_000).toISOString();

const running: RunLook = { kind: 'running', runId: 'run-1', taskAttempts: 1 };
const failing: RunLook = { kind: 'running', runId: 'run-1', taskAttempts: 3 };
const terminated: RunLook = { kind: 'gone', runId: 'run-1', ended: 'terminated', wasStopped: true };
const completed: RunLook = { kind: 'gone', runId: 'run-1', ended: 'completed', wasStopped: false };

const idle: LockView = {
  lockId,
  holder: null,
  fencingNumber: 1,
  waiters: [],
  pause: null,
  breaker: { unreachableInARow: 0, pausesInARow: 0 },
  lastRefusal: null,
  lastAct: null,
  earlierActs: [],
};

beforeEach(async () => {
  await Promise.all([db.orders.deleteMany({}), db.cases.deleteMany({})]);
});

/** Every workflow runs unless `looks` says otherwise; what is told, started and asked is written down. */
function aWatch(input: { looks?: Record<string, RunLook | Error>; view?: LockView; locks?: string[] } = {}) {
  const told: { factId: string; notice: ShopNotice }[] = [];
  const started: string[] = [];
  const asked: string[] = [];
  const acts: AdminAct[] = [];
  const lines: string[] = [];
  const write = (_fields: object, sentence: string) => void lines.push(sentence);
  const deps: WatchDependencies = {
    db,
    readPolicy: async () => resolvePolicy(defaultPolicy),
    runs: {
      async look({ workflowId }) {
        const look = input.looks?.[workflowId] ?? running;
        if (look instanceof Error) throw look;
        return look;
      },
      sayTaskFailure: async () => 'Nondeterminism',
      restartOwner: async ({ orderId }) => started.push(orderId),
      async askAgain({ workflowId }) {
        asked.push(workflowId);
        return true;
      },
      listLocks: async () => input.locks ?? [],
      readLock: async () => input.view ?? idle,
    },
    sendShopNotice: async (fact) => void told.push(fact),
    recordAct: async (act) => void acts.push(act),
    now: () => now,
    log: { info: write, warn: write, error: write },
  };
  return { deps, told, started, asked, acts, lines };
}

const put = (changes: Partial<OrderDocument> & { _id: string }) => db.orders.insertOne(anOrder(changes));
const waiting = { status: 'waitingForStock', statusSince: minutesAgo(1) } as const;

test('an owner that is gone is started again and counted, one that runs is left alone', async () => {
  await put({ _id: 'a', ...waiting });
  await put({ _id: 'b', ...waiting });
  const watch = aWatch({ looks: { 'order-a': terminated } });
  const found = await watchOwners(watch.deps, { after: null });
  assert.deepEqual(watch.started, ['a']);
  assert.deepEqual([found.looked, found.restarted, found.troubles, found.next], [2, 1, 0, null]);
  const order = await db.orders.findOne({ _id: 'a' });
  assert.deepEqual(order?.restarts, { times: 1, lastAt: now, why: 'terminated' });
  assert.deepEqual(watch.told, []);
});

test('a remedy that is gone is looked for under its own id', async () => {
  await put({ _id: 'a', status: 'compensating', statusSince: minutesAgo(1), owner: 'compensation-a' });
  const watch = aWatch({ looks: { 'compensation-a': terminated } });
  await watchOwners(watch.deps, { after: null });
  assert.deepEqual(watch.started, ['a']);
});

test('unpaid and ended orders are nobody to look for, paid ones without an owner are', async () => {
  await put({ _id: 'unpaid', status: 'pendingPayment', owner: null, money: 'unpaid' });
  await put({ _id: 'ended', status: 'active', open: false });
  await put({ _id: 'paid', status: 'pendingPayment', statusSince: minutesAgo(1), owner: null });
  const watch = aWatch({ looks: { 'order-paid': terminated, 'order-ended': terminated } });
  assert.equal((await watchOwners(watch.deps, { after: null })).looked, 1);
  assert.deepEqual(watch.started, ['paid']);
});

test('the second restart waits a minute and is told, also where the mail could not be sent at once', async () => {
  const restarts = { times: 1, lastAt: minutesAgo(0.9), why: 'terminated' };
  await put({ _id: 'a', ...waiting, restarts });
  const looks = { 'order-a': terminated };
  const early = aWatch({ looks });
  await watchOwners(early.deps, { after: null });
  assert.deepEqual(early.started, []);
  await db.orders.updateOne({ _id: 'a' }, { $set: { 'restarts.lastAt': minutesAgo(1) } });
  const late = aWatch({ looks });
  late.deps.sendShopNotice = async () => assert.fail('no mail server');
  assert.equal((await watchOwners(late.deps, { after: null })).troubles, 1);
  assert.deepEqual(late.started, ['a']);
  const next = aWatch();
  await watchOwners(next.deps, { after: null });
  assert.deepEqual(next.told, [
    {
      factId: 'orderRestarted:a:2',
      notice: { kind: 'orderRestarted', orderId: 'a', times: 2, why: 'terminated' },
    },
  ]);
});

test('an order that ended while it was looked at is not started again', async () => {
  await put({ _id: 'a', ...waiting });
  const watch = aWatch();
  watch.deps.runs.look = async () => {
    await db.orders.updateOne({ _id: 'a' }, { $set: { open: false } });
    return completed;
  };
  await watchOwners(watch.deps, { after: null });
  assert.deepEqual(watch.started, []);
});

test('trouble with one order is logged and stops no other', async () => {
  await put({ _id: 'a', ...waiting });
  await put({ _id: 'b', ...waiting });
  const watch = aWatch({ looks: { 'order-a': new Error('no answer'), 'order-b': terminated } });
  const found = await watchOwners(watch.deps, { after: null });
  assert.deepEqual([found.troubles, found.restarted], [1, 1]);
  assert.deepEqual(watch.started, ['b']);
  assert.match(watch.lines.join('\n'), /An order could not be watched/);
});

test('tasks that failed three times are told once per run, with what the failure said', async () => {
  await put({ _id: 'a', ...waiting });
  const watch = aWatch({ looks: { 'order-a': failing } });
  const found = await watchOwners(watch.deps, { after: null });
  assert.equal(found.tasksFailing, 1);
  assert.deepEqual(watch.told, [
    {
      factId: 'tasksFailing:order-a:run-1',
      notice: { kind: 'tasksFailing', workflowId: 'order-a', attempts: 3, failure: 'Nondeterminism' },
    },
  ]);
});

test('an order past its bound is told once per status', async () => {
  await put({ _id: 'a', status: 'waitingForStock', statusSince: minutesAgo(7 * 60) });
  const watch = aWatch();
  assert.equal((await watchOwners(watch.deps, { after: null })).pastBound, 1);
  const [fact] = watch.told;
  assert.equal(fact?.factId, `orderPastBound:a:waitingForStock:${minutesAgo(7 * 60)}`);
});

test('an order in a queue that a person has paused is not past its bound', async () => {
  await put({ _id: 'a', status: 'queued', statusSince: minutesAgo(7 * 60) });
  const pause = { kind: 'person', reason: 'r', by: 'b', since: minutesAgo(60), until: null } as const;
  assert.equal((await watchOwners(aWatch().deps, { after: null })).pastBound, 1);
  const paused = aWatch({ view: { ...idle, pause } });
  assert.equal((await watchOwners(paused.deps, { after: null })).pastBound, 0);
  const lastAct = { act: 'resumeLock', reason: 'r', by: 'b', at: minutesAgo(5) } as const;
  const resumed = aWatch({ view: { ...idle, lastAct } });
  assert.equal((await watchOwners(resumed.deps, { after: null })).pastBound, 0);
});

test('many orders are looked at page by page, each once', async () => {
  const ids = Array.from({ length: 230 }, (_, index) => `o${String(index).padStart(3, '0')}`);
  await db.orders.insertMany(ids.map((_id) => anOrder({ _id, ...waiting })));
  const watch = aWatch();
  const seen: string[] = [];
  watch.deps.runs.look = async ({ workflowId }) => {
    seen.push(workflowId);
    return running;
  };
  const first = await watchOwners(watch.deps, { after: null });
  assert.equal(first.next, 'o199');
  const second = await watchOwners(watch.deps, { after: first.next });
  assert.equal(second.next, null);
  assert.deepEqual(
    seen.sort(),
    ids.map((id) => `order-${id}`),
  );
});

const queued = (_id: string, paidMinutesAgo: number) =>
  put({ _id, status: 'queued', statusSince: minutesAgo(1), paidAt: minutesAgo(paidMinutesAgo) });

test('who waits in MongoDB and not at the lock asks again, by time of payment; who stands there does not', async () => {
  await queued('late', 1);
  await queued('early', 9);
  await queued('waits', 5);
  await queued('holds', 6);
  const entry = { since: now, ageSeconds: 0, workflowId: 'order-waits' };
  const view: LockView = {
    ...idle,
    waiters: [{ ...entry, place: 1, requestId: 'waits#1' }],
    holder: { ...entry, requestId: 'holds#1', workflowId: 'order-holds', fencingNumber: 1, delivered: true },
  };
  const watch = aWatch({ view });
  const found = await watchLocks(watch.deps);
  assert.deepEqual(watch.asked, ['order-early', 'order-late']);
  assert.deepEqual([found.looked, found.askedAgain, found.troubles], [1, 2, 0]);
  assert.deepEqual(watch.told, [
    {
      factId: `lockBroken:${lockId}:run-1`,
      notice: { kind: 'lockBroken', lockId, why: 'had lost orders that wait', waiters: 2 },
    },
  ]);
});

test('a lock that was terminated is told as lost, one that was idle and completed is not', async () => {
  await put({ _id: 'a', status: 'queued', statusSince: now });
  const lost = aWatch({ looks: { [lockId]: terminated } });
  await watchLocks(lost.deps);
  assert.deepEqual(lost.asked, ['order-a']);
  assert.equal(lost.told[0]?.notice.kind, 'lockBroken');
  const ended = aWatch({ looks: { [lockId]: completed } });
  await watchLocks(ended.deps);
  assert.deepEqual(ended.asked, ['order-a']);
  assert.deepEqual(ended.told, []);
});

test('an order that does not answer leaves the others their turn', async () => {
  await queued('a', 2);
  await queued('b', 1);
  const watch = aWatch({ looks: { [lockId]: terminated } });
  watch.deps.runs.askAgain = async ({ workflowId }) => {
    if (workflowId === 'order-a') throw new Error('no answer');
    watch.asked.push(workflowId);
    return true;
  };
  const found = await watchLocks(watch.deps);
  assert.deepEqual(watch.asked, ['order-b']);
  assert.deepEqual([found.askedAgain, found.troubles], [1, 1]);
});

test("a pause is told and a person's act is recorded, also where no order waits", async () => {
  const since = minutesAgo(3);
  const pause = { kind: 'person', reason: 'a trial', by: 'night shift', since, until: null } as const;
  const lastAct = { act: 'pauseLock', reason: 'a trial', by: 'night shift', at: since } as const;
  const watch = aWatch({ locks: [lockId], view: { ...idle, pause, lastAct } });
  const found = await watchLocks(watch.deps);
  assert.equal(found.paused, 1);
  assert.deepEqual(watch.told, [
    {
      factId: `lockPaused:${lockId}:${since}`,
      notice: { kind: 'lockPaused', lockId, reason: 'a trial', by: 'night shift', until: null },
    },
  ]);
  assert.deepEqual(watch.acts, [
    {
      actId: `lock:${lockId}:${since}`,
      at: since,
      by: 'night shift',
      act: 'pauseLock',
      subject: { kind: 'lock', id: lockId },
      reason: 'a trial',
      accepted: true,
      answer: 'Carried out by the lock.',
    },
  ]);
});

test('two acts of people between two looks are both recorded', async () => {
  const pause = { act: 'pauseLock', reason: 'the wrong one', by: 'ops', at: minutesAgo(2) } as const;
  const resume = { act: 'resumeLock', reason: 'the wrong one', by: 'ops', at: minutesAgo(1) } as const;
  const watch = aWatch({ locks: [lockId], view: { ...idle, lastAct: resume, earlierActs: [pause] } });
  await watchLocks(watch.deps);
  assert.deepEqual(
    watch.acts.map(({ act, at }) => [act, at]),
    [
      ['pauseLock', pause.at],
      ['resumeLock', resume.at],
    ],
  );
});

test('a lock whose tasks fail is told, and nothing is asked of it', async () => {
  await queued('a', 1);
  const watch = aWatch({ looks: { [lockId]: failing } });
  await watchLocks(watch.deps);
  assert.deepEqual(watch.asked, []);
  assert.deepEqual(
    watch.told.map(({ factId }) => factId),
    [`tasksFailing:${lockId}:run-1`],
  );
});

test('of an open case the latest reminder that is due is sent, of a young or settled one none', async () => {
  const about = { orderId: 'a', supplier: 'smartvps', packageKey: '103.181.91' } as const;
  const open = { ...about, kind: 'unknown', sentence: 'Unknown.', resolution: null } as const;
  const { orderId, sentence } = open;
  const resolution = {
    outcome: 'notBought',
    ip: null,
    acceptMismatch: false,
    by: 'b',
    reason: null,
    at: now,
  } as const;
  await db.cases.insertMany([
    { ...open, _id: 'a#1', openedAt: minutesAgo(7 * 60) },
    { ...open, _id: 'a#2', openedAt: minutesAgo(59) },
    { ...open, _id: 'a#3', openedAt: minutesAgo(7 * 60), resolution },
  ]);
  const watch = aWatch();
  assert.deepEqual(await remindOfCases(watch.deps), { open: 2, troubles: 0 });
  const openedAt = minutesAgo(7 * 60);
  assert.deepEqual(watch.told, [
    {
      factId: `caseReminder:a#1:${openedAt}:2`,
      notice: { kind: 'caseReminder', purchaseId: 'a#1', orderId, openedAt, sentence },
    },
  ]);
});
