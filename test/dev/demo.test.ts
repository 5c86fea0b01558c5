import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../../src/dev/child-process.ts';
import {
  figuresOf,
  type ObservedOrder,
  type ObservedPurchase,
  type ObservedRun,
} from '../../src/dev/demo-figures.ts';
import { speedOf } from '../../src/dev/demo-speed.ts';
import { judgeDemo } from '../../src/dev/demo-verdict.ts';
import { addressesOfPackage } from '../../src/dev/package-addresses.ts';
import { plant, plantedBugs } from '../../src/dev/planted-bugs.ts';
import { type PurchaseCall, summarise } from '../../src/simulator/ledger.ts';
import { useStack } from '../support/stack.ts';

const root = join(import.meta.dirname, '..', '..');
const packageName = '103.181.91';
const at = (ms: number) => new Date(Date.UTC(2026, 10, 21) + ms).toISOString();

/** The n-th purchase of a package at the supplier: each takes 500 ms, with 40 ms to the next. */
function sale(n: number, soldAddress: string | null, change: Partial<PurchaseCall> = {}): PurchaseCall {
  return {
    callId: `call-${n}`,
    startedAt: at(n * 540),
    committedAt: at(n * 540 + 499),
    answeredAt: at(n * 540 + 500),
    endedAt: at(n * 540 + 500),
    startSequence: 2 * n,
    endSequence: 2 * n + 1,
    request: { ip: packageName, ram: '8' },
    username: 'demo-shop',
    soldAddress,
    packageOfAddress: soldAddress?.startsWith('103.182') ? '103.182.44' : packageName,
    answer: 'success',
    rawAnswer: null,
    closedEarlyByClient: false,
    ...change,
  };
}

function row(n: number, ip: string | null, state: ObservedPurchase['state'] = 'bought'): ObservedPurchase {
  return { purchaseId: `ord-${n}#1`, packageName, state, sentAt: at(n * 540 - 5), ip };
}

function order(n: number, status: string, ip: string | null = null): ObservedOrder {
  const failureCode = status === 'failed' ? 'wrongPackage' : null;
  return { orderId: `ord-${n}`, packageName, status, ip, failureCode };
}

function runOf(parts: {
  orders?: ObservedOrder[];
  calls?: PurchaseCall[];
  purchases?: ObservedPurchase[];
  refused?: number;
}): ObservedRun {
  const { orders = [], calls = [], purchases = [], refused = 0 } = parts;
  const ledger = { purchases: calls, summary: summarise(calls) };
  return { orders, refused, purchases, ledger, seconds: 1.5 };
}

/** `count` orders, delivered one after the other; `last` are the orders without a right server. */
function healthyRun(count: number, last: ObservedOrder[] = [], wrong: string | null = null): ObservedRun {
  const addresses = Array.from({ length: count }, (_, n) => `103.181.91.${10 + n}`);
  const bought = wrong === null ? addresses : [...addresses, wrong];
  return runOf({
    orders: [...addresses.map((ip, n) => order(n, 'active', ip)), ...last],
    calls: bought.map((ip, n) => sale(n, ip)),
    purchases: bought.map((ip, n) => row(n, ip, ip === wrong ? 'wrong' : 'bought')),
  });
}

const healthy = {
  truthful: healthyRun(9, [order(9, 'waitingForStock')]),
  stale: healthyRun(9, [order(9, 'failed')], '103.182.44.18'),
  speedRun: healthyRun(20, [order(20, 'failed')], '103.182.44.18'),
  speed: speedOf({
    summary: summarise([sale(0, '103.181.91.10'), sale(1, '103.181.91.11')]),
    packageName,
    orders: 20,
    latencyMs: 500,
    historyEvents: 45,
  }),
};

test('a run without a fault is summed up over both runs of the incident', () => {
  const { sums, broken } = judgeDemo(healthy);
  assert.deepEqual(broken, []);
  assert.deepEqual(sums, {
    orders: 20,
    refused: 0,
    delivered: 18,
    failed: 1,
    refunded: 0,
    waiting: 1,
    wrongDelivered: 0,
    doublePurchases: 0,
    overlaps: 0,
    stuck: 0,
    seconds: 3,
  });
});

test('a customer who is refused at checkout has been told sold out, too', () => {
  const truthful = { ...healthyRun(9), refused: 1 };
  const { sums, broken } = judgeDemo({ ...healthy, truthful });
  assert.deepEqual([sums.orders, sums.refused, sums.waiting, broken], [20, 1, 0, []]);
});

test('an address of a package whose name only begins alike is wrongly delivered', () => {
  const nearName = { ...order(21, 'active', '103.181.91.30'), packageName: '103.181.9' };
  assert.equal(figuresOf(runOf({ orders: [nearName] })).wrongDelivered, 1);
  assert.equal(figuresOf(runOf({ orders: [{ ...nearName, status: 'failed' }] })).wrongDelivered, 0);
  const speedRun = { ...healthy.speedRun, orders: [...healthy.speedRun.orders, nearName] };
  const { sums, broken } = judgeDemo({ ...healthy, speedRun });
  assert.equal(sums.wrongDelivered, 1);
  assert.ok(broken.includes('addresses handed over that do not match: 1, expected 0'), broken.join('\n'));
});

test('a second sale for one purchase, and a sale without a row, are double purchases', () => {
  const calls = [sale(0, '103.181.91.10'), sale(1, '103.181.91.11')];
  const double = figuresOf(runOf({ calls, purchases: [row(0, '103.181.91.10')] }));
  assert.equal(double.doublePurchases, 1);
  assert.equal(figuresOf(runOf({ calls, purchases: [] })).doublePurchases, 2);
  assert.equal(
    figuresOf(runOf({ calls, purchases: [row(0, '103.181.91.10'), row(1, '103.181.91.11')] }))
      .doublePurchases,
    0,
  );
});

test('a purchase whose answer was lost explains the sale of its own moment, once', () => {
  const lost = row(0, null, 'case');
  assert.equal(figuresOf(runOf({ calls: [sale(0, '103.181.91.10')], purchases: [lost] })).doublePurchases, 0);
  const calls = [sale(0, '103.181.91.10'), sale(1, '103.181.91.11')];
  assert.equal(figuresOf(runOf({ calls, purchases: [lost] })).doublePurchases, 1);
  assert.equal(
    figuresOf(runOf({ calls: [sale(99, '103.181.91.10')], purchases: [lost] })).doublePurchases,
    1,
  );
});

test('purchases that ran at once and orders that are still on their way break the demo', () => {
  const calls = [sale(0, '103.181.91.10', { endSequence: 3 }), sale(1, '103.181.91.11', { endSequence: 4 })];
  const overlapping = runOf({ calls, purchases: [row(0, '103.181.91.10'), row(1, '103.181.91.11')] });
  assert.equal(figuresOf(overlapping).overlaps, 1);
  const stuck = runOf({
    orders: ['queued', 'provisioning', 'preparing', 'pendingPayment'].map((s, n) => order(n, s)),
  });
  assert.equal(figuresOf(stuck).stuck, 4);
  const { broken } = judgeDemo({ ...healthy, truthful: overlapping, stale: stuck });
  assert.ok(broken.includes('purchases of one package that overlapped: 1, expected 0'));
  assert.ok(broken.includes('stuck orders: 4, expected 0'));
});

test('hand-offs and makespan are those of the supplier', () => {
  const calls = Array.from({ length: 20 }, (_, n) => sale(n, `103.181.91.${10 + n}`));
  const measure = { packageName, orders: 20, latencyMs: 500, historyEvents: 45 };
  const { handOffMs, makespanRatio } = speedOf({ summary: summarise(calls), ...measure });
  assert.deepEqual(handOffMs, { median: 40, p95: 40, max: 40 });
  assert.equal(makespanRatio, 1.076);
});

test('the addresses of a name are written out octet by octet', () => {
  const has = (name: string, address: string) => addressesOfPackage(name).has(address);
  assert.equal(addressesOfPackage('103.181.91').size, 256);
  assert.equal(addressesOfPackage('103.181').size, 65_536);
  assert.equal(addressesOfPackage('103.109.18x').size, 11 * 256);
  assert.deepEqual([...addressesOfPackage('103.195.160.2')], ['103.195.160.2']);
  assert.ok(has('103.109.18x', '103.109.18.7') && has('103.109.18x', '103.109.189.7'));
  assert.ok(has('103.83.x', '103.83.201.20') && !has('103.83.x', '103.84.1.1'));
  assert.ok(!has('103.181.9', '103.181.91.7') && !has('103.181.91', '103.181.9.17'));
});

test('each planted bug still finds its text, and a text that is gone is told', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'planted-bugs-'));
  t.after(() => rmSync(dir, { recursive: true }));
  for (const edit of plantedBugs.flatMap(({ edits }) => edits)) {
    cpSync(join(root, edit.file), join(dir, edit.file), { recursive: true });
    plant({ dir, ...edit });
    const planted = readFileSync(join(dir, edit.file), 'utf8');
    assert.notEqual(planted, readFileSync(join(root, edit.file), 'utf8'), dirname(edit.file));
  }
  const gone = { dir, file: 'src/purchases/fence.ts', find: 'no such text', replaceBy: '' };
  assert.throws(
    () => plant(gone),
    /^Error: Failed to plant a bug in src\/purchases\/fence\.ts: its text is there 0 times/,
  );
});

test('the demo holds its invariants, and its last line is the object that scripts read', async () => {
  const { temporalAddress, mongodbUri } = await useStack();
  const { code, stdout, stderr } = await runCommand({
    command: process.execPath,
    args: [join(root, 'src', 'bin', 'run.mjs'), 'demo', '--json'],
    env: { ...process.env, TEMPORAL_ADDRESS: temporalAddress, MONGODB_URI: mongodbUri },
  });
  assert.equal(code, 0, stderr);
  const { seconds, ...counters } = JSON.parse(stdout) as Record<string, number>;
  assert.deepEqual(counters, {
    orders: 20,
    refused: 0,
    delivered: 18,
    failed: 1,
    refunded: 0,
    waiting: 1,
    wrongDelivered: 0,
    doublePurchases: 0,
    overlaps: 0,
    stuck: 0,
  });
  assert.ok(seconds !== undefined && seconds > 0);
  assert.match(stderr, /Every invariant held\.$/);
});
