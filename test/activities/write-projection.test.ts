import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProjecting } from '../../activities/write-projection.ts';
import type { Projection } from '../../src/domain/projection.ts';
import { anOrder } from '../support/builders.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const at = '2026-11-21T10:05:00.000Z';

test('the log has every line that one write adds to the timeline, and nothing of a write that changed nothing', async () => {
  const db = createMemoryCollections();
  await db.orders.insertOne(anOrder({ _id: 'a' }));
  const lines: string[] = [];
  const note = (_fields: object, sentence: string) => void lines.push(sentence);
  const log = { info: note, warn: note, error: note };
  const { projectOrder } = createProjecting({ db, recordActs: async () => undefined, log });
  const projection: Projection = {
    orderId: 'a',
    workflowId: 'order-a',
    version: 10,
    at,
    status: 'preparing',
    statusSince: at,
    open: true,
    failure: null,
    next: { text: 'Waits for its login.', at: null },
    server: null,
    decisionDeadline: null,
    acts: [],
    timeline: [
      { at, text: 'Package 103.181.91 is running low' },
      { at, text: 'Server bought' },
    ],
  };
  await projectOrder(projection);
  assert.deepEqual(lines, ['Package 103.181.91 is running low', 'Server bought']);
  await projectOrder({ ...projection, version: 11, timeline: [] });
  assert.equal(lines.at(-1), 'status written');
  await projectOrder({ ...projection, version: 12, workflowId: 'order-other' });
  assert.equal(lines.length, 3);
});
