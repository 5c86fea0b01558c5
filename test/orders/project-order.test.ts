import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuditLog } from '../../src/audit/audit-log.ts';
import { collectionsOf } from '../../src/database.ts';
import type { Projection } from '../../src/domain/projection.ts';
import { projectOrder } from '../../src/orders/project-order.ts';
import { anOrder } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const { db: database } = await freshDatabase();
const db = collectionsOf(database);
const deps = { db, recordActs: createAuditLog({ db }).recordAll };
const at = '2026-11-21T10:05:00.000Z';

function aProjection(changes: Partial<Projection> & { orderId: string }): Projection {
  return {
    workflowId: `order-${changes.orderId}`,
    version: 10,
    at,
    status: 'provisioning',
    statusSince: at,
    open: true,
    failure: null,
    next: { text: 'Buys.', at: null },
    server: null,
    decisionDeadline: null,
    acts: [],
    timeline: [
      { at, text: 'first' },
      { at, text: 'second' },
    ],
    ...changes,
  };
}

async function texts(_id: string) {
  return (await db.orders.findOne({ _id }))?.timeline.map(({ text }) => text);
}

test('a write of the owner carries status, next step and timeline', async () => {
  await db.orders.insertOne(anOrder({ _id: 'a', timeline: [{ at, text: 'before' }] }));
  assert.deepEqual(await projectOrder(deps, aProjection({ orderId: 'a' })), { kind: 'written' });
  const { status, statusSince, version, next, failure } = (await db.orders.findOne({ _id: 'a' })) ?? {};
  assert.deepEqual(
    { status, statusSince, version, next, failure },
    {
      status: 'provisioning',
      statusSince: at,
      version: 10,
      next: { text: 'Buys.', at: null },
      failure: null,
    },
  );
  assert.deepEqual(await texts('a'), ['before', 'first', 'second']);
});

test('a repeated write says written and adds nothing to the timeline', async () => {
  await db.orders.insertOne(anOrder({ _id: 'b' }));
  for (let repeat = 0; repeat < 3; repeat += 1) {
    assert.deepEqual(await projectOrder(deps, aProjection({ orderId: 'b' })), { kind: 'written' });
  }
  assert.deepEqual(await texts('b'), ['first', 'second']);
});

test('an older write changes nothing and is told the version to rise above', async () => {
  await db.orders.insertOne(anOrder({ _id: 'c', version: 20 }));
  const result = await projectOrder(deps, aProjection({ orderId: 'c', version: 19 }));
  assert.deepEqual(result, { kind: 'stale', version: 20 });
  const order = await db.orders.findOne({ _id: 'c' });
  assert.deepEqual([order?.status, order?.version, order?.timeline], ['queued', 20, []]);
});

test('somebody else writes nothing, however high the version', async () => {
  await db.orders.insertOne(anOrder({ _id: 'd', owner: 'compensation-d' }));
  assert.deepEqual(await projectOrder(deps, aProjection({ orderId: 'd', version: 99 })), {
    kind: 'otherOwner',
  });
  assert.equal((await db.orders.findOne({ _id: 'd' }))?.status, 'queued');
  assert.deepEqual(await projectOrder(deps, aProjection({ orderId: 'nobody' })), { kind: 'otherOwner' });
});

test('an address stays once it is written, and a write without news keeps the timeline', async () => {
  await db.orders.insertOne(anOrder({ _id: 'e' }));
  await projectOrder(deps, aProjection({ orderId: 'e', server: { ip: '103.181.91.7' } }));
  const failure = { code: 'credentialsLate' as const, message: 'late', since: at };
  await projectOrder(
    deps,
    aProjection({ orderId: 'e', version: 11, timeline: [], status: 'failed', failure }),
  );
  const order = await db.orders.findOne({ _id: 'e' });
  assert.deepEqual([order?.server, order?.failure], [{ ip: '103.181.91.7' }, failure]);
  assert.deepEqual(await texts('e'), ['first', 'second']);
});

test('of parallel repeats of one write the timeline gets one', async () => {
  await db.orders.insertOne(anOrder({ _id: 'f' }));
  const results = await Promise.all(
    Array.from({ length: 8 }, () => projectOrder(deps, aProjection({ orderId: 'f' }))),
  );
  assert.ok(results.every(({ kind }) => kind === 'written'));
  assert.deepEqual(await texts('f'), ['first', 'second']);
});

test('the acts of a message land in the audit log once, whatever is repeated', async () => {
  await db.orders.insertOne(anOrder({ _id: 'h', owner: 'order-h', version: 1 }));
  const act = {
    actId: 'order-h:run:1',
    at,
    by: 'ops',
    act: 'retryOrder',
    subject: { kind: 'order' as const, id: 'h' },
    reason: 'asked by phone',
    accepted: true,
    answer: 'It continues.',
  };
  await projectOrder(deps, aProjection({ orderId: 'h', acts: [act] }));
  const later = { ...act, actId: 'order-h:run:2', reason: 'asked again' };
  await projectOrder(deps, aProjection({ orderId: 'h', version: 11, acts: [later, act] }));
  const wanted = [act, later].map(({ actId: _id, ...told }) => ({ _id, ...told }));
  assert.deepEqual(await db.auditLog.find({ 'subject.id': 'h' }).sort({ _id: 1 }).toArray(), wanted);
});
