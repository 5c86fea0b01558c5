import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { readSteps } from '../../src/temporal/read-steps.ts';
import { orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import { eventually } from '../support/eventually.ts';
import { useStack } from '../support/stack.ts';

// On the real server, without a worker: what a history holds is what was started, signalled and terminated.

const { temporalAddress } = await useStack();
const connection = await Connection.connect({ address: temporalAddress });
after(() => connection.close());
const namespace = `steps-${randomUUID().slice(0, 8)}`;
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

/** One run that gets some messages and is terminated. */
async function run(orderId: string, signals: readonly string[]): Promise<void> {
  const workflowId = orderWorkflowId(orderId);
  const handle = await client.workflow.start('nobodyKnowsIt', { workflowId, taskQueue: 'nobody' });
  for (const signal of signals) await handle.signal(signal);
  await handle.terminate('a test');
}

test('the steps of all runs are told, the oldest first', async () => {
  const orderId = `ord-${randomUUID().slice(0, 8)}`;
  await run(orderId, ['first']);
  await run(orderId, ['second']);
  await run(orderId, ['third']);
  const told = await eventually({
    what: 'the list of runs has all three',
    read: () => readSteps(client, { orderId }),
    isRight: (lines) => (lines ?? []).length === 9,
  });
  assert.deepEqual(
    (told ?? []).flatMap(({ text }) => /the message (\w+) came/.exec(text)?.[1] ?? []),
    ['first', 'second', 'third'],
  );
});

test('of a history that is too long the newest events are told, with a line that says so', async () => {
  const orderId = `ord-${randomUUID().slice(0, 8)}`;
  const signals = Array.from({ length: 12 }, (_, index) => `m${index}`);
  await run(orderId, signals);
  const told = (await readSteps(client, { orderId, most: 5 })) ?? [];
  assert.match(told[0]?.text ?? '', /what came before is not shown; only its newest 5 events are read\./);
  assert.deepEqual(
    told.slice(1).map(({ text }) => /message (\w+) came|(terminated)/.exec(text)?.slice(1).join('')),
    ['m8', 'm9', 'm10', 'm11', 'terminated'],
  );
  const whole = (await readSteps(client, { orderId })) ?? [];
  assert.equal(whole.length, 14);
});

test('an order that Temporal does not know has no steps', async () => {
  assert.equal(await readSteps(client, { orderId: 'ord-nobody' }), null);
});
