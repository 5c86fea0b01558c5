import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OrderLine, OrderReport } from '../../src/domain/order-report.ts';
import { operatorName } from '../../src/ops/operator-name.ts';
import type { OrderOutcome } from '../../src/ops/order-act-commands.ts';
import { runCommand as run, verb } from './run-command.ts';

const by = operatorName();
const line: OrderLine = {
  orderId: 'ord-1',
  status: 'failed',
  statusText: 'Needs a decision: The package was busy.',
  since: '2026-11-21T10:00:00.000Z',
  ageSeconds: 7_200,
  packageKey: '103.181.91',
  failureCode: 'lockTimeout',
  next: { text: 'It is retried by itself', at: '2026-11-21T12:05:00.000Z' },
};

test('orders are asked for by what was said, and told with code, age and what comes next', async () => {
  const listOrders = verb([line]);
  const filters = ['--code', 'lockTimeout', '--package', '103.181.91', '--email', 'a@example.com'];
  const { code, out } = await run(['orders', 'list', ...filters, '--limit', '7'], {
    listOrders: listOrders.call,
  });
  assert.equal(code, 0);
  assert.deepEqual(out.split('\n'), [
    'ord-1  103.181.91  for 2 h  [lockTimeout]  Needs a decision: The package was busy.',
    '  next: It is retried by itself (21 Nov 2026, 12:05 UTC)',
    '1 order.',
  ]);
  assert.deepEqual(listOrders.seen, [
    { status: null, code: 'lockTimeout', packageKey: '103.181.91', email: 'a@example.com', limit: 7 },
  ]);
  const json = await run(['orders', 'list', '--json'], { listOrders: listOrders.call });
  assert.deepEqual(JSON.parse(json.out), [line]);
});

test('what is no status, code, number or remedy is wrong usage', async () => {
  for (const args of [
    ['orders', 'list', '--status', 'lost'],
    ['orders', 'list', '--code', 'lost'],
    ['orders', 'list', '--status', 'failed', '--code', 'lockTimeout'],
    ['orders', 'list', '--limit', '0'],
    ['orders', 'list', '--limit', 'many'],
    ['orders', 'show'],
    ['orders', 'retry'],
    ['orders', 'retry', 'ord-1', '--code', 'lockTimeout'],
    ['orders', 'retry', 'ord-1', '--dry-run'],
    ['orders', 'compensate', 'ord-1'],
    ['orders', 'compensate', 'ord-1', '--option', 'D'],
    ['orders', 'compensate', 'ord-1', '--option', 'B', '--amount', '1.5'],
    ['orders', 'resolve', 'ord-1'],
    ['locks', 'release', '103.181.91'],
    ['audit', 'list', '--limit', '-1'],
  ]) {
    const { code, err } = await run(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(err, /error: /, args.join(' '));
  }
});

test('every command has a help with an example of it, and an answer for programs', async () => {
  const leaves: string[][] = [];
  const walk = async (path: string[]): Promise<void> => {
    const { code, out } = await run([...path, '--help']);
    assert.equal(code, 0);
    const listed = /^Commands:\n((?: .*\n?)+)/m.exec(out)?.[1] ?? '';
    const parts = [...listed.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name = '']) => name);
    const own = parts.filter((name) => name !== 'help');
    if (own.length > 0) {
      for (const name of own) await walk([...path, name]);
      return;
    }
    leaves.push(path);
    assert.match(out, new RegExp(`Examples?:\\s+npm run ops -- ${path.join(' ')}`), path.join(' '));
    assert.match(out, /--json/, path.join(' '));
  };
  await walk([]);
  assert.ok(leaves.length > 30, String(leaves.length));
});

const report: OrderReport = {
  ...line,
  failure: { code: 'lockTimeout', message: 'The package was busy.', since: line.since },
  recommended: 'Retry: nothing was bought.',
  decisionDeadline: '2026-11-23T10:00:00.000Z',
  owner: 'order-ord-1',
  webUi: null,
  product: { productId: 'silver-91', name: 'Silver', ramGb: 8, os: 'Ubuntu 22' },
  amount: { amountMinor: 49_900, currency: 'INR' },
  createdAt: line.since,
  paidAt: line.since,
  goods: { state: 'none' },
  money: 'kept',
  remedy: null,
  payments: [],
  purchases: [{ purchaseId: 'ord-1#1', state: 'void', ip: null, sentAt: null, why: 'never sent' }],
  servers: [],
  notices: [{ kind: 'orderFailed', to: 'admin', state: 'sent', at: line.since }],
  acts: [
    {
      actId: '1',
      at: line.since,
      by: 'ops',
      act: 'retryOrder',
      subject: { kind: 'order', id: 'ord-1' },
      reason: 'again',
      accepted: false,
      answer: 'Already decided.',
    },
  ],
  refunds: [],
  openCase: null,
  offered: ['retry'],
  timeline: [{ at: line.since, source: 'order', text: 'Paid.' }],
  hasHistory: true,
};

test('an order is shown with its status in words, why, what comes next and when, and all that is on record', async () => {
  const { out } = await run(['orders', 'show', 'ord-1'], { reportOrder: verb(report).call });
  for (const words of [
    /^Order ord-1$/m,
    /Status +Needs a decision: The package was busy\. \(failed, for 2 h\)/,
    /Failure +lockTimeout since 21 Nov 2026, 10:00 UTC/,
    /Next by itself +It is retried by itself \(21 Nov 2026, 12:05 UTC\)/,
    /Decision by +23 Nov 2026, 10:00 UTC/,
    /You can +Retry: nothing was bought\./,
    /Workflow +order-ord-1/,
    /ord-1#1 {2}void {2}no address {2}sent - {2}never sent/,
    /orderFailed to the admin, sent/,
    /retryOrder by ops \(again\): refused\. Already decided\./,
    /21 Nov 2026, 10:00:00 UTC {2}order {5}Paid\./,
  ]) {
    assert.match(out, words);
  }
  const json = await run(['orders', 'show', 'ord-1', '--json'], { reportOrder: verb(report).call });
  assert.deepEqual(JSON.parse(json.out), report);
  const unknown = await run(['orders', 'show', 'ord-2'], { reportOrder: verb(null).call });
  assert.deepEqual([unknown.code, unknown.err], [1, 'Failed to show order ord-2: there is no such order.']);
});

test('an order of which no record says what comes next waits for its operator only where it has failed', async () => {
  for (const [status, words] of [
    ['pendingPayment', 'The payment starts it; unpaid, it expires.'],
    ['expired', 'Nothing: the order has ended.'],
    ['failed', 'Nothing: it waits for you.'],
  ] as const) {
    const said = { ...report, status, next: null };
    const { out } = await run(['orders', 'show', 'ord-1'], { reportOrder: verb(said).call });
    assert.match(out, new RegExp(`Next by itself +${words}$`, 'm'), status);
  }
});

test('what a supplier answered cannot steer the terminal it is shown on', async () => {
  const detail = 'HTTP 200: \u001b[2J\u001b]0;owned\u0007\rsuccess';
  const timeline = [{ at: line.since, source: 'supplier', text: 'smartvps answered.', detail } as const];
  const { out } = await run(['orders', 'show', 'ord-1'], { reportOrder: verb({ ...report, timeline }).call });
  assert.match(out, /HTTP 200: .\[2J.\]0;owned..success/u);
  assert.doesNotMatch(out, /[^\P{Cc}\n]/u);
});

test('no stuck order is exit code 0, one is 1 with its bound', async () => {
  const none = await run(['orders', 'stuck'], { findStuckOrders: verb([]).call });
  assert.deepEqual([none.code, none.out], [0, 'No order is stuck.']);
  const stuck = [{ ...line, boundSeconds: 3_600 }];
  const some = await run(['orders', 'stuck'], { findStuckOrders: verb(stuck).call });
  assert.equal(some.code, 1);
  assert.match(some.out, /^ord-1 .+\n.+\n {2}bound: 60 minutes$/);
  assert.match(some.err, /^Failed: 1 past their bound\./);
  const json = await run(['orders', 'stuck', '--json'], { findStuckOrders: verb(stuck).call });
  assert.deepEqual([json.code, json.out, json.err], [1, JSON.stringify(stuck), '']);
});

const accepted: OrderOutcome = {
  kind: 'accepted',
  orderId: 'ord-1',
  orderStatus: 'failed',
  next: 'It continues.',
};
const refused: OrderOutcome = {
  kind: 'refused',
  orderStatus: 'provisioning',
  since: line.since,
  ageSeconds: 90,
  sentence: 'Order ord-1 is being provisioned (started 90 s ago). Please wait.',
};

test('acts on an order are handed on with who and why, and the answer is printed', async () => {
  const act = verb(accepted);
  const verbs = { retryOrder: act.call, cancelOrder: act.call, compensateOrder: act.call };
  const { code, out } = await run(['orders', 'retry', 'ord-1', '--reason', 'stock', '--by', 'ops'], verbs);
  assert.deepEqual([code, out], [0, 'It continues.']);
  await run(['orders', 'cancel', 'ord-1'], verbs);
  await run(['orders', 'compensate', 'ord-1', '--option', 'B', '--amount', '40000', '--product', 'p'], verbs);
  assert.deepEqual(act.seen, [
    { orderId: 'ord-1', by: 'ops', reason: 'stock' },
    { orderId: 'ord-1', by },
    { orderId: 'ord-1', by, option: 'priceAdjustment', amountPaise: 40_000, productId: 'p' },
  ]);
  const resolveOrder = verb({ kind: 'accepted' as const, next: 'Resolved.' });
  await run(['orders', 'resolve', 'ord-1', '--outcome', 'notBought'], { resolveOrder: resolveOrder.call });
  assert.deepEqual(resolveOrder.seen, [
    { orderId: 'ord-1', resolution: { outcome: 'notBought', acceptMismatch: false, by, reason: null } },
  ]);
});

test('a refusal is exit code 1 with its sentence, as JSON with state and age; an unknown order too', async () => {
  const verbs = { cancelOrder: verb(refused).call };
  const told = await run(['orders', 'cancel', 'ord-1'], verbs);
  assert.deepEqual([told.code, told.out], [1, '']);
  assert.equal(
    told.err,
    'Failed to cancel order ord-1: Order ord-1 is being provisioned (started 90 s ago). Please wait.',
  );
  const json = await run(['orders', 'cancel', 'ord-1', '--json'], verbs);
  assert.deepEqual([json.code, JSON.parse(json.out), json.err], [1, refused, '']);
  const unknown = await run(['orders', 'cancel', 'x'], {
    cancelOrder: verb({ kind: 'notFound' as const }).call,
  });
  assert.deepEqual(
    [unknown.code, unknown.err],
    [1, 'Failed to cancel order x: there is no such order. See `orders list`.'],
  );
});

const failed = ['ord-1', 'ord-2', 'ord-3'].map((orderId) => ({ orderId, statusText: 'Needs a decision.' }));

test('a batch lists first on a dry run, and retries nothing', async () => {
  const listFailed = verb(failed);
  const args = ['orders', 'retry', '--code', 'lockTimeout', '--dry-run'];
  const { code, out } = await run(args, { listFailed: listFailed.call });
  assert.equal(code, 0);
  assert.deepEqual(out.split('\n'), [
    '3 orders failed as lockTimeout.',
    ...failed.map(({ orderId }) => `${orderId}  Needs a decision.`),
  ]);
  assert.deepEqual(listFailed.seen, [{ code: 'lockTimeout' }]);
});

test('a batch tells each order, and neither a refusal nor a breakdown stops it', async () => {
  const seen: unknown[] = [];
  const verbs = {
    listFailed: verb(failed).call,
    retryOrder: async (wish: { orderId: string }): Promise<OrderOutcome> => {
      seen.push(wish);
      if (wish.orderId === 'ord-1') return refused;
      if (wish.orderId === 'ord-2') throw new Error('The database is away.');
      return accepted;
    },
  };
  const args = ['orders', 'retry', '--code', 'lockTimeout', '--reason', 'again'];
  const { code, out } = await run(args, verbs);
  assert.deepEqual(out.split('\n'), [
    '3 orders failed as lockTimeout.',
    '[1/3] ord-1  not retried: Order ord-1 is being provisioned (started 90 s ago). Please wait.',
    '[2/3] ord-2  not retried: The database is away.',
    '[3/3] ord-3  It continues.',
    '1 retried, 2 not.',
  ]);
  assert.equal(code, 1);
  assert.deepEqual(
    seen,
    failed.map(({ orderId }) => ({ orderId, by, reason: 'again' })),
  );
  const json = await run([...args, '--json'], verbs);
  const { accepted: yes, refused: no, orders } = JSON.parse(json.out);
  assert.deepEqual([json.code, yes, no, orders.length], [1, 1, 2, 3]);
  const all = await run(args, { listFailed: verb([]).call });
  assert.deepEqual([all.code, all.out], [0, '0 orders failed as lockTimeout.\n0 retried, 0 not.']);
});

test('a login may be shown once more by an act with a reason', async () => {
  const allowReveal = verb({ kind: 'accepted', next: 'It can be shown once more.' } as const);
  const args = ['orders', 'show-login-again', 'ord-1', '--by', 'me'];
  assert.equal((await run(args)).code, 2, 'a reason is needed');
  const { code, out } = await run([...args, '--reason', 'the mail was lost'], {
    allowReveal: allowReveal.call,
  });
  assert.deepEqual([code, out], [0, 'It can be shown once more.']);
  assert.deepEqual(allowReveal.seen, [{ orderId: 'ord-1', by: 'me', reason: 'the mail was lost' }]);
});
