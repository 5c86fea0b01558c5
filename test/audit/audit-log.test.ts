import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActRecorder, createAuditLog } from '../../src/audit/audit-log.ts';
import { collectionsOf, prepareIndexes } from '../../src/database.ts';
import type { AdminAct } from '../../src/domain/admin-act.ts';
import { freshDatabase } from '../support/stack.ts';

const { db: database } = await freshDatabase();
const db = collectionsOf(database);
await prepareIndexes(db);
const audit = createAuditLog({ db });

function anAct(actId: string, changes: Partial<AdminAct> = {}): AdminAct {
  return {
    actId,
    at: '2026-11-21T10:00:00.000Z',
    by: 'an admin',
    act: 'retryOrder',
    subject: { kind: 'order', id: 'ord-1' },
    reason: 'stock is back',
    accepted: true,
    answer: 'It continues.',
    ...changes,
  };
}

test('an act is recorded once, whatever is repeated, and stays as it was recorded first', async () => {
  const act = anAct('once', { subject: { kind: 'order', id: 'ord-once' } });
  await audit.record(act);
  await Promise.all([audit.record(act), audit.record({ ...act, answer: 'Something else.' })]);
  assert.deepEqual(await audit.list({ subjectId: 'ord-once', limit: 10 }), [act]);
});

test('acts are listed newest first, those on one subject alone where it is named, and no more than asked for', async () => {
  const hours = ['08', '10', '09'];
  for (const hour of hours) {
    const at = `2026-11-22T${hour}:00:00.000Z`;
    await audit.record(anAct(`lock-${hour}`, { at, subject: { kind: 'lock', id: 'package-lock-x' } }));
  }
  await audit.record(anAct('newest', { at: '2026-11-23T00:00:00.000Z' }));
  const ids = async (input: { subjectId?: string; limit: number }) =>
    (await audit.list(input)).map(({ actId }) => actId);
  assert.deepEqual(await ids({ subjectId: 'package-lock-x', limit: 10 }), ['lock-10', 'lock-09', 'lock-08']);
  assert.deepEqual(await ids({ limit: 2 }), ['newest', 'lock-10']);
  assert.deepEqual(await ids({ subjectId: 'nobody', limit: 10 }), []);
});

test('the indexes of the lists are there, and making them again changes nothing', async () => {
  const keys = async () => (await db.auditLog.indexes()).map(({ key }) => JSON.stringify(key)).sort();
  const before = await keys();
  await prepareIndexes(db);
  assert.deepEqual(await keys(), before);
  assert.ok(before.includes('{"subject.id":1,"at":-1,"_id":-1}'));
});

test('an act that cannot be recorded is told, with who and what, and does not fail what was done', async () => {
  const lost: [AdminAct, unknown][] = [];
  const error = new Error('away');
  const record = createActRecorder({
    audit: { record: () => Promise.reject(error) },
    now: () => '2026-11-21T10:00:00.000Z',
    onLost: (act, why) => lost.push([act, why]),
  });
  const { actId: _, at, ...done } = anAct('x');
  await record(done);
  assert.equal(lost.length, 1);
  const [[act, why] = []] = lost;
  assert.deepEqual({ ...act, actId: '' }, { actId: '', at, ...done });
  assert.equal(why, error);
});
