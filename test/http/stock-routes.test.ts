import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adminToken, serveApp, storefrontToken } from './serve-app.ts';

const call = { method: 'POST', path: '/api/smartvps/sync', token: adminToken };
const sync = {
  suppliers: [{ supplier: 'smartvps', kind: 'read', counted: 1 }],
  disabled: ['a'],
  enabled: [],
};

test('a sync answers what was found and the stock after it; who asked is passed on', async (context) => {
  const seen: unknown[] = [];
  const { call: send } = await serveApp(context, {
    syncStock: async (wish) => {
      seen.push(wish);
      return {
        kind: 'done',
        sync,
        told: { isWell: true, lines: [] },
        stock: [{ packageName: '103.181.91', available: 3 }],
      };
    },
  });
  const { status, json } = await send(call);
  assert.deepEqual(
    [status, json],
    [200, { ...sync, packages: [{ packageName: '103.181.91', available: 3 }] }],
  );
  await send({ ...call, body: { by: 'someone', reason: 'restocked' } });
  assert.deepEqual(seen, [
    { by: 'api token', reason: null },
    { by: 'someone', reason: 'restocked' },
  ]);
});

test('a sync that takes long is accepted, and one without Temporal is unavailable', async (context) => {
  const answers = [
    { kind: 'running', workflowId: 'sync-stock' },
    { kind: 'unavailable', sentence: 'Temporal cannot be reached.' },
  ] as const;
  let asked = 0;
  const { call: send } = await serveApp(context, { syncStock: async () => answers[asked++] ?? answers[0] });
  const first = await send(call);
  assert.deepEqual([first.status, first.json.workflowId], [202, 'sync-stock']);
  const second = await send(call);
  assert.deepEqual([second.status, second.json.type], [503, '/problems/unavailable']);
});

test('only an admin may sync', async (context) => {
  const { call: send } = await serveApp(context);
  assert.equal((await send({ ...call, token: storefrontToken })).status, 403);
});
