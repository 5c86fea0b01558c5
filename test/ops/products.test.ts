import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand, verb } from './run-command.ts';

const marks = {
  lowStockWarning: 5,
  stockPageAlert: 10,
  stockDailyReport: 5,
  stockAutoDisable: 3,
  stockReEnable: 10,
};
const stock = {
  packageName: '103.181.91',
  level: 'count' as const,
  available: 4 as number | null,
  lastCount: 4,
  readAt: '2026-11-21T10:00:00.000Z',
  staleSince: null,
  staleWhy: null,
  dry: false,
  alert: 'Package "103.181.91" has only 4 IPs left!',
  held: 1,
  promised: 2,
};
const line = {
  productId: 'silver-91',
  name: '🌊 103.181.91',
  reserve: 0,
  free: 1,
  sizes: [{ ramGb: 8, pricePaise: 89_900 }],
  disabled: null,
  marks,
  stock,
  history: [4, null, 8].map((available) => ({ at: 'now', available })),
};

test('products list says what is sold, how many there are, and what is not confirmed', async () => {
  const unknown = {
    ...line,
    productId: 'gold',
    disabled: { note: 'Auto-disabled: Only 3 IPs left (now)', at: 'now', by: 'stock monitor' },
    stock: {
      ...stock,
      level: 'unknown' as const,
      available: null,
      alert: null,
      staleSince: 'noon',
      staleWhy: 'down',
    },
  };
  const { code, out } = await runCommand(['products', 'list'], {
    listProductLines: async () => [line, unknown],
  });
  assert.equal(code, 0);
  assert.match(out, /silver-91\s+4 IPs\s+🌊 103\.181\.91 {2}sold/);
  assert.match(out, /Package "103\.181\.91" has only 4 IPs left!/);
  assert.match(out, /gold\s+4 IPs\?.*off: Auto-disabled: Only 3 IPs left/);
  assert.match(out, /Not confirmed since noon: down/);
});

test('products show draws the week; one that nobody knows fails', async () => {
  const shown = await runCommand(['products', 'show', 'silver-91'], {
    listProductLines: async () => [line],
  });
  assert.match(shown.out, /Held by unpaid checkouts 1, promised to paid orders 2, may be sold 1/);
  assert.match(shown.out, /Week: ▅·█ \(up to 8\)/);
  const gone = await runCommand(['products', 'show', 'x'], { listProductLines: async () => [line] });
  assert.deepEqual([gone.code, gone.err.includes('no such product')], [1, true]);
});

test('products enable, disable and set pass on who and why; disabling needs a reason', async () => {
  const sale = verb({ kind: 'accepted' as const, next: 'done' });
  const verbs = { setSale: sale.call, setProduct: sale.call };
  assert.equal((await runCommand(['products', 'disable', 'a'], verbs)).code, 2);
  await runCommand(['products', 'disable', 'a', '--reason', 'broken', '--by', 'ops'], verbs);
  await runCommand(['products', 'enable', 'a', '--by', 'ops'], verbs);
  await runCommand(
    [
      'products',
      'set',
      'a',
      '--reserve',
      '5',
      '--auto-disable',
      '8',
      '--re-enable',
      'policy',
      '--low-warning',
      '9',
      '--by',
      'ops',
    ],
    verbs,
  );
  assert.deepEqual(sale.seen, [
    { productId: 'a', isSold: false, by: 'ops', reason: 'broken' },
    { productId: 'a', isSold: true, by: 'ops', reason: null },
    {
      productId: 'a',
      reserve: 5,
      marks: { stockAutoDisable: 8, stockReEnable: null, lowStockWarning: 9 },
      by: 'ops',
      reason: null,
    },
  ]);
  assert.equal((await runCommand(['products', 'set', 'a', '--reserve', '-1'], verbs)).code, 2);
  assert.equal((await runCommand(['products', 'set', 'a'], verbs)).code, 1, 'nothing to change');
});

test('products import-ipstocks reports every document and fails where a field would be lost', async (context) => {
  const dir = await mkdtemp(join(tmpdir(), 'ipstocks-'));
  context.after(() => rm(dir, { recursive: true }));
  const file = join(dir, 'ipstocks.json');
  await writeFile(file, '[{"name":"x"}]');
  const one = {
    ...line,
    packageName: '103.181.91',
    isNew: true,
    isSold: true,
    before: { name: 'Silver', sizes: [{ ramGb: 8, pricePaise: 100 }] },
    mapped: ['name'],
    kept: ['tags.0'],
  };
  const report = { dryRun: true, lost: 0, lines: [{ ...one, lost: [] as string[] }] };
  const ok = verb(report);
  const args = ['products', 'import-ipstocks', file, '--dry-run', '--by', 'ops'];
  const done = await runCommand(args, { importIpstocks: ok.call });
  assert.deepEqual(ok.seen, [{ documents: [{ name: 'x' }], dryRun: true, by: 'ops', reason: null }]);
  assert.equal(done.code, 0);
  assert.match(done.out, /REPLACES Silver: 8 GB ₹1\.00/);
  assert.match(done.out, /1 documents would be imported, nothing was written; 0 fields lost\./);
  const lossy = { ...report, lost: 1, lines: [{ ...one, lost: ['secret'] }] };
  const failed = await runCommand(args, { importIpstocks: async () => lossy });
  assert.deepEqual([failed.code, failed.out.includes('LOST: secret')], [1, true]);
});
