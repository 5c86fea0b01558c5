import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { operatorName } from '../../src/ops/operator-name.ts';
import { runCommand as run, verb } from './run-command.ts';

const dir = await mkdtemp(join(tmpdir(), 'harbourmaster-acts-'));
after(() => rm(dir, { recursive: true }));

test('older servers are imported from a file, and what is left is named', async () => {
  const file = join(dir, 'servers.json');
  await writeFile(file, '["103.1.1.1", "103.1.1.2"]');
  const importForeign = verb({ recorded: 1, left: [{ ip: '103.1.1.2', state: 'delivered' }] });
  const { code, out } = await run(['servers', 'import', file, '--by', 'ops'], {
    importForeign: importForeign.call,
  });
  assert.equal(code, 0);
  assert.equal(
    out,
    `103.1.1.2 is delivered already: left as it is.\nImported ${file}: 1 recorded as foreign, 1 left.`,
  );
  assert.deepEqual(importForeign.seen, [
    { list: ['103.1.1.1', '103.1.1.2'], supplier: 'smartvps', by: 'ops', reason: null },
  ]);
});

test('--none says that there are none; a file beside it, or neither, is refused', async () => {
  const importForeign = verb({ recorded: 0, left: [] });
  const none = await run(['servers', 'import', '--none'], { importForeign: importForeign.call });
  assert.equal(none.out, 'It is recorded that there are no older servers.');
  assert.deepEqual(importForeign.seen, [
    { list: null, supplier: 'smartvps', by: operatorName(), reason: null },
  ]);
  for (const args of [
    ['servers', 'import'],
    ['servers', 'import', 'a.json', '--none'],
  ]) {
    const { code, err } = await run(args);
    assert.deepEqual([code, err], [1, 'Failed to import the servers: name a FILE, or say --none.']);
  }
});

const servers = [
  {
    ip: '103.1.1.1',
    state: 'stranded' as const,
    orderId: 'a',
    since: '2026-11-21T10:00:00.000Z',
    expiresAt: '2026-12-21T23:59:59.999Z',
    cost: { amountMinor: 89_900, currency: 'INR' },
    cause: 'The order was refunded: sold out.',
  },
  {
    ip: '103.1.1.2',
    state: 'foreign' as const,
    orderId: null,
    since: '2026-11-21T10:00:00.000Z',
    expiresAt: null,
    cost: null,
    cause: '',
  },
];

test('servers are listed with their money and why they are there, stranded ones summed', async () => {
  const listServers = verb(servers);
  const { out } = await run(['servers', 'list', '--state', 'stranded'], { listServers: listServers.call });
  assert.deepEqual(listServers.seen, [{ state: 'stranded' }]);
  assert.deepEqual(out.split('\n'), [
    '103.1.1.1        stranded   order a  since 2026-11-21T10:00Z  expires 2026-12-21  ₹899.00  The order was refunded: sold out.',
    '103.1.1.2        foreign    order -  since 2026-11-21T10:00Z  expires -  -',
    '2 servers. Stranded: ₹899.00.',
  ]);
  const json = await run(['servers', 'list', '--json'], { listServers: listServers.call });
  assert.deepEqual(JSON.parse(json.out), {
    servers,
    stranded: [{ amountMinor: 89_900, currency: 'INR' }],
  });
  assert.equal((await run(['servers', 'list', '--state', 'lost'])).code, 2);
});

test('cases are listed with their age and sentence', async () => {
  const sentence = 'It is not known whether the supplier sold a server.';
  const openedAt = '2026-11-21T10:00:00.000Z';
  const line = { purchaseId: 'a#1', orderId: 'a', openedAt, ageSeconds: 7_200, sentence };
  const { out } = await run(['cases', 'list'], { listCases: verb([line]).call });
  assert.deepEqual(out.split('\n'), ['a#1  order a  open for 2 h', `  ${sentence}`, '1 open case.']);
});

test('a case is resolved by what was said, and the answer is printed', async () => {
  const resolveCase = verb({ kind: 'accepted' as const, next: 'Resolved.' });
  const verbs = { resolveCase: resolveCase.call };
  const bought = ['--outcome', 'bought', '--ip', '103.1.1.1', '--accept-mismatch', '--reason', 'seen'];
  const { code, out } = await run(['cases', 'resolve', 'a#1', ...bought, '--by', 'ops'], verbs);
  assert.deepEqual([code, out], [0, 'Resolved.']);
  await run(['cases', 'resolve', 'a#1', '--outcome', 'notBought'], verbs);
  assert.deepEqual(resolveCase.seen, [
    {
      purchaseId: 'a#1',
      resolution: { outcome: 'bought', ip: '103.1.1.1', acceptMismatch: true, by: 'ops', reason: 'seen' },
    },
    {
      purchaseId: 'a#1',
      resolution: { outcome: 'notBought', acceptMismatch: false, by: operatorName(), reason: null },
    },
  ]);
});

test('a resolution that lacks its address, is refused, or names no purchase fails with a sentence', async () => {
  const args = ['cases', 'resolve', 'a#1', '--outcome', 'notBought'];
  const missing = await run(['cases', 'resolve', 'a#1', '--outcome', 'bought']);
  assert.match(missing.err, /--outcome bought needs --ip/);
  const refused = await run(args, { resolveCase: verb({ kind: 'refused' as const, sentence: 'No.' }).call });
  assert.deepEqual([refused.code, refused.err], [1, 'Failed to resolve a#1: No.']);
  const unknown = await run(args, { resolveCase: verb({ kind: 'notFound' as const }).call });
  assert.match(unknown.err, /there is no such purchase/);
  assert.equal((await run(['cases', 'resolve', 'a#1'])).code, 2);
});

test('a server is assigned and stranded with who and why', async () => {
  const act = verb({ kind: 'accepted' as const, next: 'Done.' });
  const verbs = { assignServer: act.call, strandServer: act.call };
  await run(['servers', 'assign', '103.1.1.1', '--order', 'b', '--reason', 'paid for'], verbs);
  await run(['servers', 'strand', '103.1.1.1', '--reason', 'not needed', '--by', 'ops'], verbs);
  assert.deepEqual(act.seen, [
    { ip: '103.1.1.1', orderId: 'b', by: operatorName(), reason: 'paid for' },
    { ip: '103.1.1.1', supplier: 'smartvps', by: 'ops', reason: 'not needed' },
  ]);
  assert.equal((await run(['servers', 'strand', '103.1.1.1'])).code, 2, 'a reason is needed');
});
