import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { DoneAct } from '../../src/audit/audit-log.ts';
import { collectionsOf } from '../../src/database.ts';
import { defaultPolicy, resolvePolicy } from '../../src/domain/policy.ts';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import { createPaymentAcceptor } from '../../src/temporal/accept-payment.ts';
import { createTemporalClient, TemporalUnavailable } from '../../src/temporal/connection.ts';
import { restartOrder } from '../../src/temporal/restart-order.ts';
import { retryOrder } from '../../src/temporal/retry-order.ts';
import { workflowBundle } from '../../src/temporal/workflow-bundle.ts';
import { orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import { settlePaymentWorkflowId } from '../../workflows/contract/settle-payment.ts';
import { anOrder, aPayment } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { freshDatabase, useStack } from '../support/stack.ts';

// The verbs that start, signal and ask an order's workflow, on the real server. As a rule no worker runs: what the
// server keeps is what was started and signalled.

const { temporalAddress } = await useStack();
const { db: database } = await freshDatabase();
const db = collectionsOf(database);
const connection = await Connection.connect({ address: temporalAddress });
after(() => connection.close());
const namespace = `starts-${randomUUID().slice(0, 8)}`;
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
const acceptPayment = createPaymentAcceptor(client);
const handleOf = (orderId: string) => client.workflow.getHandle(orderWorkflowId(orderId));
const resolved = resolvePolicy(defaultPolicy);

/** What happened to the latest run of a workflow: how it was started, and its signals. */
async function eventsOf(workflowId: string): Promise<string[]> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap((event) => {
    if (event.workflowExecutionStartedEventAttributes) return ['started'];
    const { signalName } = event.workflowExecutionSignaledEventAttributes ?? {};
    return signalName ? [signalName] : [];
  });
}

/** Lets workflows complete: a worker that knows no order, so that each run ends at once. */
async function complete(...workflowIds: string[]): Promise<void> {
  const native = await NativeConnection.connect({ address: temporalAddress });
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue: 'orders',
    workflowBundle: await workflowBundle(),
    activities: {
      openOrder: async () => ({ policy: resolved, opened: { kind: 'unknown' } }),
      recordPayment: async () => ({ paymentId: 'p', verdict: 'right', known: true, sentence: 'known' }),
      restartOrder: async () => undefined,
    },
  });
  await worker.runUntil(() => Promise.all(workflowIds.map((id) => client.workflow.getHandle(id).result())));
  await native.close();
}

test('payments start the order once and are signalled to it, however many arrive at once', async () => {
  const orderId = randomUUID();
  const payments = [1, 2, 3].map((n) => aPayment({ orderId, paymentId: `${orderId}-${n}` }));
  const [first] = payments;
  assert.ok(first);
  await acceptPayment(first);
  await Promise.all(payments.map(acceptPayment));
  const events = await eventsOf(orderWorkflowId(orderId));
  assert.equal(events.filter((event) => event === 'started').length, 1);
  assert.equal(events.filter((event) => event === 'paymentReceived').length, 4);
  const { events: raw } = await handleOf(orderId).fetchHistory();
  assert.doesNotMatch(JSON.stringify(raw), /customer|example\.com/i);
  await handleOf(orderId).terminate();
});

test('a payment starts an order again whose workflow was terminated', async () => {
  const orderId = randomUUID();
  await acceptPayment(aPayment({ orderId }));
  await handleOf(orderId).terminate('by hand');
  await acceptPayment(aPayment({ orderId }));
  assert.equal((await handleOf(orderId).describe()).status.name, 'RUNNING');
  assert.deepEqual((await eventsOf(orderWorkflowId(orderId))).toSorted(), ['paymentReceived', 'started']);
  await handleOf(orderId).terminate();
});

test('a payment after the order has completed is settled once under its own id, and its repeats are absorbed', async () => {
  const orderId = randomUUID();
  const payment = aPayment({ orderId, paymentId: `late-${orderId}` });
  const settleId = settlePaymentWorkflowId(payment);
  await acceptPayment(aPayment({ orderId }));
  await complete(orderWorkflowId(orderId));
  await Promise.all([acceptPayment(payment), acceptPayment(payment)]);
  assert.equal((await client.workflow.getHandle(settleId).describe()).status.name, 'RUNNING');
  await complete(settleId);
  await acceptPayment(payment);
  assert.equal((await client.workflow.getHandle(settleId).describe()).status.name, 'COMPLETED');
  assert.equal((await handleOf(orderId).describe()).status.name, 'COMPLETED');
});

const away = createTemporalClient({ address: '127.0.0.1:1', namespace, tls: null });
after(() => away.connection.close());

async function place(changes: Partial<OrderDocument> = {}): Promise<string> {
  const _id = randomUUID();
  await db.orders.insertOne(anOrder({ _id, ...changes }));
  return _id;
}

test('a restart keeps a run that is alive, replaces one that is gone, and leaves ended orders alone', async () => {
  const orderId = await place();
  const restart = (id: string) => restartOrder({ client, db }, { orderId: id });
  assert.equal(await restart(orderId), 'started');
  const { runId } = await handleOf(orderId).describe();
  assert.equal(await restart(orderId), 'alive');
  assert.equal((await handleOf(orderId).describe()).runId, runId);
  await handleOf(orderId).terminate();
  await eventually({
    what: 'a new run',
    read: async () => {
      await restart(orderId);
      return (await handleOf(orderId).describe()).status.name;
    },
    isRight: (status) => status === 'RUNNING',
  });
  await handleOf(orderId).terminate();
  assert.equal(await restart(await place({ open: false, status: 'refunded' })), 'ended');
  assert.equal(await restart('nobody'), 'unknownOrder');
});

const start = Date.parse('2026-11-21T10:00:00.000Z');

/** The retry button, `ageMs` after the order entered its status. `acts`: what no workflow records. */
async function retry(orderId: string, ageMs: number, asked: Client = client, meanwhile = async () => {}) {
  const lines: string[] = [];
  const acts: DoneAct[] = [];
  const recordAct = async (act: DoneAct) => void acts.push(act);
  const log = { warn: (_fields: object, sentence: string) => void lines.push(sentence) };
  const now = () => new Date(start + ageMs);
  const readPolicy = async () => {
    await meanwhile();
    return resolved;
  };
  const deps = { client: asked, db, readPolicy, recordAct, now, log };
  const result = await retryOrder(deps, { orderId, by: 'an admin' });
  return { result, lines, acts };
}

test('an order that is stuck in provisioning without a workflow is started again, and the log says since when', async () => {
  const orderId = await place({ status: 'provisioning' });
  const early = await retry(orderId, 90_000);
  assert.deepEqual(early.result, {
    kind: 'refused',
    orderStatus: 'provisioning',
    since: '2026-11-21T10:00:00.000Z',
    ageSeconds: 90,
    sentence: `Order ${orderId} is being provisioned (started 90 s ago). Please wait.`,
  });
  const { result, lines, acts } = await retry(orderId, 15 * 60_000);
  assert.deepEqual(result, {
    kind: 'accepted',
    orderId,
    orderStatus: 'provisioning',
    next: 'Its workflow was gone; it was started again and continues by what the ledger says.',
  });
  assert.match(
    lines.join(),
    new RegExp(`^Order ${orderId} was stuck in provisioning for 15 minutes, retry accepted;`),
  );
  assert.deepEqual(await eventsOf(orderWorkflowId(orderId)), ['started']);
  const answer = 'Its workflow was gone; it was started again and continues by what the ledger says.';
  const subject = { kind: 'order', id: orderId };
  const act = { act: 'retryOrder', subject, by: 'an admin', reason: null };
  assert.deepEqual(acts, [{ ...act, accepted: true, answer }]);
  const refused = early.result.kind === 'refused' ? early.result.sentence : '';
  assert.deepEqual(early.acts, [{ ...act, accepted: false, answer: refused }]);
  const stored = await db.orders.findOne({ _id: orderId });
  assert.deepEqual(
    stored?.timeline.map(({ text }) => text),
    [`Refused: retryOrder by an admin. ${refused}`, `retryOrder by an admin. ${answer}`],
  );
  await handleOf(orderId).terminate();
});

test('an order that waits for a workflow which is gone is started again at once', async () => {
  for (const changes of [
    { status: 'queued' },
    { status: 'pendingPayment' },
    { status: 'failed' },
    { status: 'preparing' },
  ] as const) {
    const orderId = await place(changes);
    const { result } = await retry(orderId, 1_000);
    assert.equal(result.kind, 'accepted', changes.status);
    assert.equal((await handleOf(orderId).describe()).status.name, 'RUNNING');
    await handleOf(orderId).terminate();
  }
});

test('orders that have ended, are unpaid or unknown are refused, and nothing is started', async () => {
  const refusals: [Partial<OrderDocument>, RegExp][] = [
    [{ status: 'active', open: false }, /is delivered; there is nothing to retry\.$/],
    [{ status: 'refunded', open: false }, /has ended as refunded; there is nothing to retry\.$/],
    [{ status: 'pendingPayment', owner: null, money: 'unpaid' }, /awaits its payment; /],
  ];
  for (const [changes, sentence] of refusals) {
    const orderId = await place(changes);
    const { result } = await retry(orderId, 1_000);
    assert.ok(result.kind === 'refused');
    assert.match(result.sentence, sentence);
    await assert.rejects(handleOf(orderId).describe(), WorkflowNotFoundError);
  }
  assert.deepEqual((await retry('nobody', 0)).result, { kind: 'notFound' });
});

test('a workflow that no worker serves keeps the retry, and the answer says to check the worker', async () => {
  const orderId = await place({ status: 'failed' });
  await restartOrder({ client, db }, { orderId });
  const { result, acts } = await retry(orderId, 1_000);
  assert.deepEqual(acts, [], 'the workflow records it once it takes it');
  assert.deepEqual(result, {
    kind: 'accepted',
    orderId,
    orderStatus: 'failed',
    next: 'It has not answered within 12 s: the message is kept and acts as soon as a worker takes it. Check that one runs.',
  });
  assert.deepEqual(await eventsOf(orderWorkflowId(orderId)), ['started', 'retryOrder']);
  await handleOf(orderId).terminate();
});

test('a retry of an order whose owner the watch has just started is told to that owner, not lost', async () => {
  const orderId = await place({ status: 'failed' });
  const { result, acts } = await retry(orderId, 1_000, client, async () => {
    assert.equal(await restartOrder({ client, db }, { orderId }), 'started');
  });
  assert.ok(result.kind === 'accepted', JSON.stringify(result));
  assert.match(result.next, /the message is kept and acts as soon as a worker takes it/);
  assert.deepEqual(await eventsOf(orderWorkflowId(orderId)), ['started', 'retryOrder']);
  assert.deepEqual(acts, [], 'the workflow records it once it takes it');
  await handleOf(orderId).terminate();
});

test('with Temporal away nothing is taken and no retry is made, and both say so', async () => {
  const orderId = await place({ status: 'failed' });
  const [retried, paid] = await Promise.all([
    retry(orderId, 1_000, away),
    createPaymentAcceptor(away)(aPayment({ orderId })).catch((error: unknown) => error),
  ]);
  assert.deepEqual(retried, {
    result: {
      kind: 'unavailable',
      sentence:
        'Temporal cannot be reached, or no worker answers. Check both, look at the state, then try again.',
    },
    lines: [],
    acts: [],
  });
  assert.ok(paid instanceof TemporalUnavailable);
  assert.equal(paid.message, `Failed to take payment pay-${orderId}: Temporal did not answer.`);
});
