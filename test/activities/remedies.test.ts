import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asyncLocalStorage, type Context } from '@temporalio/activity';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { createRemedies } from '../../activities/remedies.ts';
import type { AdminAct } from '../../src/domain/admin-act.ts';
import { takeRemedy } from '../../src/orders/take-remedy.ts';
import type { SettlingDependencies } from '../../src/purchases/settle-row.ts';
import { anOrder } from '../support/builders.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const wish = {
  orderId: 'a',
  workflowId: 'compensation-a',
  option: 'refund',
  by: 'the night shift',
  reason: 'asked by phone',
  endsAs: 'refunded',
} as const;

/** Order `a` that has failed; the audit log breaks `broken` times before it takes an act, each once. */
async function setUp({ broken = 0 }: { broken?: number } = {}) {
  const db = createMemoryCollections();
  await db.orders.insertOne(anOrder({ _id: 'a', status: 'failed' }));
  const acts = new Map<string, AdminAct>();
  let left = broken;
  const deps = {
    db,
    now: () => '2026-11-21T10:00:00.000Z',
    readPolicy: async () => ({}),
    recordActs: async (given: readonly AdminAct[]) => {
      left -= 1;
      if (left >= 0) throw new Error('The worker dies here.');
      for (const act of given) if (!acts.has(act.actId)) acts.set(act.actId, act);
    },
  } as unknown as ActivityDependencies;
  const { takeRemedy } = createRemedies(deps, deps as unknown as SettlingDependencies);
  const take = (runId: string) => {
    const context = { info: { workflowExecution: { runId } } } as unknown as Context;
    return asyncLocalStorage.run(context, () => takeRemedy(wish));
  };
  return { deps, acts, take };
}

test('a remedy that was started by hand is in the audit log once, whatever dies after the order was taken', async () => {
  const { acts, take } = await setUp({ broken: 1 });
  await assert.rejects(take('run-1'), /The worker dies here/);
  assert.equal((await take('run-1')).taken.kind, 'taken');
  assert.equal((await take('run-2')).taken.kind, 'taken');
  assert.deepEqual(
    [...acts.values()].map(({ actId, by, reason, accepted }) => [actId, by, reason, accepted]),
    [['compensation-a:run-1:start', 'the night shift', 'asked by phone', true]],
  );
});

test('a remedy that the API has taken and recorded is not recorded again by its run', async () => {
  const { deps, acts, take } = await setUp();
  assert.equal((await takeRemedy(deps, wish)).kind, 'taken');
  assert.equal((await take('run-1')).taken.kind, 'taken');
  assert.deepEqual([...acts.keys()], []);
});
