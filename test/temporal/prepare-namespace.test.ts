import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { type SearchAttributePair, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import { NamespaceNotPrepared, prepareNamespace } from '../../src/temporal/prepare-namespace.ts';
import { searchAttributeKeys } from '../../workflows/contract/search-attributes.ts';
import { eventually } from '../support/eventually.ts';
import { useStack } from '../support/stack.ts';

const { temporalAddress } = await useStack();
const connection = await Connection.connect({ address: temporalAddress });
after(() => connection.close());

async function freshClient(): Promise<{ client: Client; namespace: string }> {
  const namespace = `prepare-${randomUUID().slice(0, 8)}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  const client = new Client({ connection, namespace });
  await eventually({
    what: `namespace ${namespace} is known`,
    read: () =>
      connection.operatorService.listSearchAttributes({ namespace }).then(
        () => true,
        () => false,
      ),
    isRight: (known) => known,
  });
  return { client, namespace };
}

function prepare(input: { client: Client; namespace: string; lines?: string[] }) {
  const log = { info: (_fields: object, sentence: string) => void input.lines?.push(sentence) };
  return prepareNamespace({ ...input, sleep, log });
}

const everyAttribute = new TypedSearchAttributes(
  searchAttributeKeys.map(
    (key) =>
      ({
        key,
        value: key.type === SearchAttributeType.DATETIME ? new Date() : 'a value',
      }) as SearchAttributePair,
  ),
);

/** What a worker does first: refused by the server where an attribute cannot be used yet. */
async function startWithAttributes({ client }: { client: Client }): Promise<void> {
  const handle = await client.workflow.start('nobody', {
    workflowId: randomUUID(),
    taskQueue: 'nobody',
    typedSearchAttributes: everyAttribute,
  });
  const { typedSearchAttributes } = await handle.describe();
  assert.equal(typedSearchAttributes.getAll().length, searchAttributeKeys.length);
  await handle.terminate();
}

test('a fresh namespace takes every attribute at once, keeps 30 days, and is left alone the second time', async () => {
  const fresh = await freshClient();
  const lines: string[] = [];
  await prepare({ ...fresh, lines });
  await startWithAttributes(fresh);
  assert.deepEqual(lines, ['Registered search attributes', 'Raised the retention of closed workflows']);
  const { config } = await connection.workflowService.describeNamespace({ namespace: fresh.namespace });
  assert.equal(Number(config?.workflowExecutionRetentionTtl?.seconds), 30 * 86_400);
  lines.length = 0;
  await prepare({ ...fresh, lines });
  assert.deepEqual(lines, []);
});

test('processes that start together all find the namespace usable', async () => {
  const fresh = await freshClient();
  await Promise.all(
    Array.from({ length: 3 }, async () => {
      await prepare(fresh);
      await startWithAttributes(fresh);
    }),
  );
});

test('a namespace that keeps longer is not shortened', async () => {
  const fresh = await freshClient();
  await connection.workflowService.updateNamespace({
    namespace: fresh.namespace,
    config: { workflowExecutionRetentionTtl: { seconds: (90 * 86_400) as never } },
  });
  await prepare(fresh);
  const { config } = await connection.workflowService.describeNamespace({ namespace: fresh.namespace });
  assert.equal(Number(config?.workflowExecutionRetentionTtl?.seconds), 90 * 86_400);
});

/** A client of a server on which one call answers with a gRPC status. */
function answering(method: string, code: number): Client {
  const denied = async () => {
    throw Object.assign(new Error(`${code} no`), { code, details: 'no', metadata: {} });
  };
  const service = {
    listSearchAttributes: async () => ({ customAttributes: {}, systemAttributes: {} }),
    addSearchAttributes: async () => ({}),
    [method]: denied,
  };
  return { connection: { operatorService: service, workflowService: service } } as unknown as Client;
}

test('a server that does not let us is told with the commands to run', async () => {
  const client = answering('addSearchAttributes', 7);
  await assert.rejects(prepare({ client, namespace: 'shop' }), (error: Error) => {
    assert.ok(error instanceof NamespaceNotPrepared);
    const lines = error.message.split('\n');
    assert.equal(lines[0], 'Failed to prepare the namespace shop: 7 no. Run, with rights to do so:');
    assert.equal(lines.length, searchAttributeKeys.length + 2);
    assert.ok(
      lines.includes(
        'temporal operator search-attribute create --namespace shop --name StatusSince --type Datetime',
      ),
    );
    assert.equal(lines.at(-1), 'temporal operator namespace update --retention 30d --namespace shop');
    return true;
  });
});

test('a server that is away is no server that forbids: the caller tries again', async () => {
  const client = answering('listSearchAttributes', 14);
  await assert.rejects(prepare({ client, namespace: 'shop' }), (error: Error) => {
    assert.ok(!(error instanceof NamespaceNotPrepared));
    return true;
  });
});
