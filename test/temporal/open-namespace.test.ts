import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTemporalClient } from '../../src/temporal/connection.ts';
import { openNamespace } from '../../src/temporal/open-namespace.ts';
import { prepareNamespace } from '../../src/temporal/prepare-namespace.ts';
import { useStack } from '../support/stack.ts';

function clientFor(address: string, namespace: string) {
  const client = createTemporalClient({ address, namespace, tls: false });
  after(() => client.connection.close());
  return client;
}

function memoryLog() {
  const lines: string[] = [];
  return { lines, info: (_fields: object, sentence: string) => void lines.push(sentence) };
}

test('a namespace that does not exist is made with 30 days of retention, once, and can then be prepared', async () => {
  const { temporalAddress: address } = await useStack();
  const namespace = `open-${randomUUID().slice(0, 8)}`;
  const client = clientFor(address, namespace);
  const log = memoryLog();
  const open = () => openNamespace({ client, namespace, address, limitMs: 20_000, sleep, log });
  await Promise.all([open(), open()]);
  await open();
  assert.deepEqual(log.lines, ['Made the namespace']);
  await prepareNamespace({ client, namespace, sleep, log });
  const described = await client.connection.workflowService.describeNamespace({ namespace });
  assert.equal(Number(described.config?.workflowExecutionRetentionTtl?.seconds), 30 * 24 * 3600);
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace });
  assert.ok(Object.hasOwn(customAttributes ?? {}, 'OrderStatus'));
});

test('a Temporal that does not answer in time is told by its address, with what to check', async () => {
  const address = '127.0.0.1:1';
  const client = clientFor(address, 'default');
  const log = memoryLog();
  await assert.rejects(
    openNamespace({ client, namespace: 'default', address, limitMs: 1_000, sleep, log }),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'temporalUnavailable');
      assert.equal(
        error.message,
        'Failed to open the namespace default: Temporal at 127.0.0.1:1 did not answer within 1 s. ' +
          'Check TEMPORAL_ADDRESS, and whether Temporal runs.',
      );
      return true;
    },
  );
  assert.deepEqual(log.lines, ['Temporal does not answer yet; waiting']);
});
