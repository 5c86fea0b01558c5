import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import type { DoneAct } from '../../src/audit/audit-log.ts';
import { collectionsOf } from '../../src/database.ts';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import { remedyPorts } from '../../src/orders/take-remedy.ts';
import { recordPayment } from '../../src/payments/record-payment.ts';
import { cancelOrder } from '../../src/temporal/cancel-order.ts';
import { type CompensateWish, compensateOrder } from '../../src/temporal/compensate-order.ts';
import { assignServer } from '../../src/temporal/place-server.ts';
import { restartOrder } from '../../src/temporal/restart-order.ts';
import { compensationWorkflowId } from '../../workflows/contract/compensate-order.ts';
import { orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import { anOrder, aPayment } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { freshDatabase, useStack } from '../support/stack.ts';

// What a person can do to an order, on the real server without a worker: what is started and signalled can be seen.

const { temporalAddress } = await useStack();
const { db: database } = await freshDatabase();
const db = collectionsOf(database);
const connection = await Connection.connect({ address: temporalAddress });
after(() => connection.close());
const namespace = `acts-${randomUUID().slice(0, 8)}`;
await connection.workflowService.registerNamespace({
  namespace,
  workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
});
const client = new Client({ connection, namespace });
await eventually({
  what: 'the namespace is known',
  read: () =>
    client.workflow
      .getHandle('nobody')
      .describe()
      .catch((error: unknown) => error),
  isRight: (seen) => seen instanceof WorkflowNotFoundError,
});

const now = () => new Date('2026-11-21T10:01:30.000Z');
const delivered: Partial<OrderDocument> = {
  status: 'active',
  open: false,
  goods: { state: 'delivered', purchaseId: 'x#1' },
};
const remedy: NonNullable<OrderDocument['remedy']> = {
  workflowId: 'compensation-x',
  option: 'refund',
  by: 'an admin',
  reason: 'sold out',
  startedAt: '2026-11-21T10:00:00.000Z',
  endsAs: 'cancelled',
};

async function place(changes: Partial<OrderDocument> = {}): Promise<string> {
  const _id = randomUUID();
  await db.orders.insertOne(anOrder({ _id, ...changes }));
  return _id;
}

function acting() {
  const acts: DoneAct[] = [];
  const recordAct = async (act: DoneAct) => void acts.push(act);
  return { acts, deps: { client, db, now, recordAct, ...remedyPorts(db) } };
}

async function cancel(orderId: string) {
  const { acts, deps } = acting();
  return { acts, result: await cancelOrder(deps, { orderId, by: 'an admin', reason: 'asked for' }) };
}

async function compensate(orderId: string, wish: Partial<CompensateWish> = {}) {
  const { acts, deps } = acting();
  const whole: CompensateWish = { orderId, option: 'refund', by: 'an admin', ...wish };
  return { acts, result: await compensateOrder(deps, whole) };
}

/** The input with which the running workflow was started. */
async function inputOf(workflowId: string): Promise<unknown> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const [payload] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  return JSON.parse(Buffer.from(payload?.data ?? []).toString());
}

const unpaid = { status: 'pendingPayment', owner: null, money: 'unpaid' } as const;

test('an unpaid order is cancelled by one write, with who and why in timeline and audit', async () => {
  const orderId = await place(unpaid);
  const { result, acts } = await cancel(orderId);
  assert.equal(result.kind, 'accepted');
  const stored = await db.orders.findOne({ _id: orderId });
  assert.deepEqual(
    [stored?.status, stored?.open, stored?.statusSince, stored?.version],
    ['cancelled', false, '2026-11-21T10:01:30.000Z', 2],
  );
  assert.deepEqual(
    stored?.timeline.map(({ text }) => text),
    ['Cancelled by an admin: asked for. It was not paid.'],
  );
  assert.deepEqual(
    acts.map(({ act, by, reason, accepted }) => ({ act, by, reason, accepted })),
    [{ act: 'cancelOrder', by: 'an admin', reason: 'asked for', accepted: true }],
  );
  await assert.rejects(
    client.workflow.getHandle(orderWorkflowId(orderId)).describe(),
    WorkflowNotFoundError,
    'no workflow is needed for it',
  );
  const again = await cancel(orderId);
  assert.ok(again.result.kind === 'refused');
  assert.equal(again.result.sentence, `Order ${orderId} has ended as cancelled; nothing was changed.`);
});

test('of a cancellation and a payment at the same moment one wins, and the payment is never lost', async () => {
  for (let round = 0; round < 10; round += 1) {
    const orderId = await place(unpaid);
    const payment = aPayment({ orderId, paymentId: `race-${orderId}` });
    const [recorded] = await Promise.all([
      recordPayment({ db, now: () => '2026-11-21T10:01:30.000Z' }, { orderId, payment }),
      cancelOrder({ ...acting().deps, client: silentClient }, { orderId, by: 'an admin' }),
    ]);
    const order = await db.orders.findOne({ _id: orderId });
    const seen = [recorded.verdict, order?.status, order?.money].join(' ');
    assert.ok(['right pendingPayment kept', 'extra cancelled unpaid'].includes(seen), seen);
  }
});

/** Answers nothing: whoever asks the order's workflow is told that it is gone. */
const silentClient = new Proxy(client, {
  get: (target, name) =>
    name === 'withDeadline'
      ? async () => {
          throw new WorkflowNotFoundError('gone', 'x', undefined);
        }
      : Reflect.get(target, name),
});

test('ended orders are neither cancelled nor compensated, and the answer says why', async () => {
  const ends: [Partial<OrderDocument>, RegExp, RegExp][] = [
    [{ status: 'refunded', open: false }, /has ended as refunded/, /has ended as refunded/],
    [
      { status: 'expired', open: false, ...{ owner: null, money: 'unpaid' } },
      /has ended as expired/,
      /has ended as expired/,
    ],
    [delivered, /is delivered; it cannot be cancelled/, /./],
  ];
  for (const [changes, notCancelled, notCompensated] of ends) {
    const orderId = await place(changes);
    const { result, acts } = await cancel(orderId);
    assert.ok(result.kind === 'refused');
    assert.match(result.sentence, notCancelled);
    assert.deepEqual([result.orderStatus, result.ageSeconds], [changes.status, 90]);
    assert.deepEqual(
      acts.map(({ accepted, answer }) => [accepted, answer]),
      [[false, result.sentence]],
    );
    if (changes.status === 'active') continue;
    const compensated = await compensate(orderId);
    assert.ok(compensated.result.kind === 'refused');
    assert.match(compensated.result.sentence, notCompensated);
  }
  assert.deepEqual((await cancel('nobody')).result, { kind: 'notFound' });
  assert.deepEqual((await compensate('nobody')).result, { kind: 'notFound' });
});

test('the remedy of a delivered order is a workflow of its own, started once with who and why', async () => {
  const orderId = await place(delivered);
  const { result, acts } = await compensate(orderId, { reason: 'wrong speed' });
  assert.ok(result.kind === 'accepted');
  assert.match(result.next, new RegExp(`See the workflow compensation-${orderId}\\.$`));
  const workflowId = compensationWorkflowId(orderId);
  const input = { orderId, option: 'refund', by: 'an admin', reason: 'wrong speed', endsAs: 'refunded' };
  assert.deepEqual(await inputOf(workflowId), input);
  const { runId } = await client.workflow.getHandle(workflowId).describe();
  const again = (await compensate(orderId)).result;
  assert.ok(again.kind === 'refused');
  assert.match(again.sentence, /has its remedy under way: refund\.$/);
  assert.equal((await client.workflow.getHandle(workflowId).describe()).runId, runId);
  assert.deepEqual(
    acts.map(({ act, accepted }) => [act, accepted]),
    [['compensateOrder', true]],
  );
  await client.workflow.getHandle(workflowId).terminate();
});

test('a remedy that is done already or under way is refused and starts nothing', async () => {
  const cases: [Partial<OrderDocument>, Partial<CompensateWish>, RegExp][] = [
    [{ ...delivered, remedy }, {}, /has had its remedy: refund\.$/],
    [{ status: 'compensating', remedy, owner: 'compensation-x' }, {}, /has a remedy under way\.$/],
    [unpaid, {}, /is not paid; there is nothing to give back/],
  ];
  for (const [changes, wish, sentence] of cases) {
    const orderId = await place(changes);
    const before = await db.orders.findOne({ _id: orderId });
    const { result, acts } = await compensate(orderId, wish);
    assert.ok(result.kind === 'refused', JSON.stringify(result));
    assert.match(result.sentence, sentence);
    assert.deepEqual(
      acts.map(({ act, accepted }) => [act, accepted]),
      [['compensateOrder', false]],
    );
    const stored = await db.orders.findOne({ _id: orderId });
    const noted = stored?.timeline.map(({ text }) => text);
    assert.deepEqual(noted, [`Refused: compensateOrder by an admin. ${result.sentence}`]);
    assert.deepEqual({ ...stored, timeline: [] }, before, 'nothing else was changed');
    for (const workflowId of [orderWorkflowId(orderId), compensationWorkflowId(orderId)]) {
      await assert.rejects(client.workflow.getHandle(workflowId).describe(), WorkflowNotFoundError);
    }
  }
});

test('a restart starts the remedy that has taken the order, with what was chosen then', async () => {
  const orderId = randomUUID();
  const workflowId = compensationWorkflowId(orderId);
  const taken = { ...remedy, workflowId };
  await db.orders.insertOne(
    anOrder({ _id: orderId, status: 'compensating', owner: workflowId, remedy: taken }),
  );
  assert.equal(await restartOrder({ client, db }, { orderId }), 'started');
  const input = { orderId, option: 'refund', by: 'an admin', reason: 'sold out', endsAs: 'cancelled' };
  assert.deepEqual(await inputOf(workflowId), input);
  await assert.rejects(
    client.workflow.getHandle(orderWorkflowId(orderId)).describe(),
    WorkflowNotFoundError,
    'its first workflow has handed over for good',
  );
  await client.workflow.getHandle(workflowId).terminate();
});

test('a message goes to the owner; one that is gone is started again, and without a worker the message is kept', async () => {
  const orderId = await place({ status: 'failed' });
  const { result, acts } = await cancel(orderId);
  assert.ok(result.kind === 'accepted', JSON.stringify(result));
  assert.match(result.next, /the message is kept and acts as soon as a worker takes it/);
  const { events } = await client.workflow.getHandle(orderWorkflowId(orderId)).fetchHistory();
  const signals = (events ?? []).flatMap((event) => {
    return event.workflowExecutionSignaledEventAttributes?.signalName ?? [];
  });
  assert.deepEqual(signals, ['cancelOrder']);
  assert.deepEqual(acts, [], 'the workflow records it once it takes it');
  await client.workflow.getHandle(orderWorkflowId(orderId)).terminate();
});

test('a server is not assigned to an order that has ended; an order whose workflow is gone is started again for it', async () => {
  const assign = async (orderId: string) => {
    const { deps } = acting();
    return assignServer(deps, { orderId, ip: '103.1.1.7', by: 'an admin', reason: null });
  };
  const ended = await place(delivered);
  assert.deepEqual(await assign(ended), {
    kind: 'refused',
    sentence: `Order ${ended} is active: a server is assigned to a failed or waiting order only.`,
  });
  const orderId = await place({ status: 'failed' });
  assert.deepEqual(await assign(orderId), {
    kind: 'unavailable',
    sentence: `The workflow of order ${orderId} was gone and is started again. Assign the server once more.`,
  });
  const workflowId = orderWorkflowId(orderId);
  assert.deepEqual(await inputOf(workflowId), { orderId, trial: false }, 'no retry, which would buy');
  await client.workflow.getHandle(workflowId).terminate();
});
