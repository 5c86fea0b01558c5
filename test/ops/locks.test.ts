import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdminAct } from '../../src/domain/admin-act.ts';
import type { Finding } from '../../src/domain/finding.ts';
import type { LockLine } from '../../src/ops/lock-commands.ts';
import { operatorName } from '../../src/ops/operator-name.ts';
import { runCommand as run, verb } from './run-command.ts';

const since = '2026-11-21T10:00:00.000Z';
const request = { workflowId: 'order-a', since, ageSeconds: 90 };
const busy: LockLine = {
  lockId: 'package-lock-smartvps-103.181.91',
  supplier: 'smartvps',
  packageName: '103.181.91',
  state: 'running',
  view: {
    holder: { ...request, requestId: 'a#1', fencingNumber: 1, delivered: true },
    waiters: [{ ...request, requestId: 'b#1', place: 1 }],
    pause: { reason: 'Maintenance.', by: 'ops', since, until: null },
    lastRefusal: null,
    lastAct: { act: 'pauseLock', reason: 'Maintenance.', by: 'ops', at: since },
  },
};
const idle: LockLine = { ...busy, lockId: 'x', packageName: '103.182.44', state: 'idle', view: null };

test('locks are listed with holder, waiters and pause', async () => {
  const locks = [busy, idle, { ...idle, packageName: '103.183.1', state: 'silent' as const }];
  const { out } = await run(['locks', 'list'], { listLocks: verb(locks).call });
  assert.deepEqual(out.split('\n'), [
    '103.181.91       held by a#1 for 90 s, 1 waiting  PAUSED by ops: Maintenance. Until it is resumed.',
    '103.182.44       idle',
    '103.183.1        no worker answers for its lock',
    '3 packages.',
  ]);
  const json = await run(['locks', 'list', '--json'], { listLocks: verb(locks).call });
  assert.deepEqual(JSON.parse(json.out), locks);
});

test('a lock is shown with its queue and what was done to it last; an unknown package is said', async () => {
  const { out } = await run(['locks', 'show', '103.181.91'], { showLock: verb(busy).call });
  assert.deepEqual(out.split('\n').slice(2), [
    '  1. b#1 for 90 s',
    '  Last act: pauseLock by ops on 21 Nov 2026, 10:00 UTC: Maintenance.',
  ]);
  const unknown = await run(['locks', 'show', 'x'], { showLock: verb(null).call });
  assert.deepEqual(
    [unknown.code, unknown.err],
    [1, 'Failed to show x: there is no such package. See `locks list`.'],
  );
});

test('pause, resume and release are handed on with who and why', async () => {
  const steerLock = verb({ kind: 'accepted' as const, next: 'Paused.' });
  const verbs = { steerLock: steerLock.call };
  const { code, out } = await run(['locks', 'pause', '103.181.91', '--reason', 'why', '--by', 'ops'], verbs);
  assert.deepEqual([code, out], [0, 'Paused.']);
  await run(['locks', 'resume', '103.181.91'], verbs);
  await run(['locks', 'release', '103.181.91', 'a#1'], verbs);
  const said = { packageName: '103.181.91', by: operatorName(), reason: null };
  assert.deepEqual(steerLock.seen, [
    { packageName: '103.181.91', act: 'pauseLock', by: 'ops', reason: 'why' },
    { ...said, act: 'resumeLock' },
    { ...said, act: 'forceRelease', requestId: 'a#1' },
  ]);
  const sentence = 'The lock is not paused.';
  const refused = await run(['locks', 'resume', '103.181.91'], {
    steerLock: verb({ kind: 'refused' as const, sentence }).call,
  });
  assert.deepEqual([refused.code, refused.err], [1, 'Failed to resume 103.181.91: The lock is not paused.']);
});

const findings: Finding[] = [
  { name: 'Temporal', level: 'ok', detail: 'answers', remedy: null },
  { name: 'MongoDB', level: 'warn', detail: 'a lone server', remedy: 'Run a replica set.' },
];

test('the doctor prints a line each with what to do, and exits with 1 where something fails', async () => {
  const well = await run(['doctor'], { examine: verb(findings).call });
  assert.equal(well.code, 0, 'a warning is no failure');
  assert.deepEqual(well.out.split('\n'), [
    'OK    Temporal: answers',
    'WARN  MongoDB: a lone server',
    '      Run a replica set.',
    '2 checks: 0 failed, 1 to look at.',
  ]);
  const failed: Finding = { name: 'Mail server', level: 'fail', detail: 'away', remedy: 'Check SMTP_URL.' };
  const ill = await run(['doctor', '--json'], { examine: verb([...findings, failed]).call });
  assert.equal(ill.code, 1);
  assert.deepEqual(JSON.parse(ill.out), [...findings, failed]);
});

test('acts are listed with who, what, why and the answer, on one subject where it is named', async () => {
  const act: AdminAct = {
    actId: '1',
    at: since,
    by: 'ops',
    act: 'cancelOrder',
    subject: { kind: 'order', id: 'ord-1' },
    reason: 'asked for',
    accepted: false,
    answer: 'Something was sent.',
  };
  const listActs = verb([act]);
  const { out } = await run(['audit', 'list', '--order', 'ord-1'], { listActs: listActs.call });
  assert.deepEqual(out.split('\n'), [
    '21 Nov 2026, 10:00 UTC  cancelOrder ord-1 by ops (asked for)',
    '  refused: Something was sent.',
    '1 act.',
  ]);
  const json = await run(['audit', 'list', '--limit', '3', '--json'], { listActs: listActs.call });
  assert.deepEqual(JSON.parse(json.out), [act]);
  assert.deepEqual(listActs.seen, [{ subjectId: 'ord-1', limit: 50 }, { limit: 3 }]);
});
