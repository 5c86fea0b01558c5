import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../../src/dev/child-process.ts';
import { operatorName } from '../../src/ops/operator-name.ts';
import { startTestService } from '../support/service.ts';
import { opsIn } from './run-command.ts';

// The commands against a whole service; the doctor as people run it, as a process of its own.

const packageName = '103.181.91';
const service = await startTestService();

/** Runs `npm run ops -- ...` in this process, with the service's environment. */
function ops(args: string[], env: Record<string, string> = {}) {
  return opsIn({ ...service.env, ...env }, args);
}

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await ops([...args, '--json']);
  assert.equal(code, 0, `${args.join(' ')}: ${stdout} ${stderr}`);
  return JSON.parse(stdout) as T;
}

interface Found {
  name: string;
  level: string;
  detail: string;
}

test('the doctor finds the service well, prints no secret, and names what is away', async () => {
  const { PATH = '' } = process.env;
  const entry = join(import.meta.dirname, '..', '..', 'src', 'bin', 'run.mjs');
  const args = [entry, 'ops', 'doctor', '--json'];
  const env = { PATH, ...service.env };
  const { code, stdout } = await runCommand({ command: process.execPath, args, env });
  const findings = JSON.parse(stdout) as Found[];
  const failed = findings.filter(({ level }) => level === 'fail');
  assert.deepEqual([code, failed], [0, []]);
  for (const name of [
    'Environment',
    'Policy',
    'Temporal',
    'Namespace',
    'Search attributes',
    'Schedule watch-orders',
    'Schedule ask-gateways',
    'Workers of orders',
    'Workers of package-lock',
    'Conditional updates',
    'Supplier smartvps',
    'Gateway cashfree',
    'Gateway razorpay',
    'Mail server',
    'Public address',
  ]) {
    assert.equal(findings.find((finding) => finding.name === name)?.level, 'ok', `${name}: ${stdout}`);
  }
  const { SMARTVPS_PASSWORD = '', CASHFREE_CLIENT_SECRET = '', ADMIN_TOKEN = '' } = service.env;
  const ill = await ops(['doctor'], {
    SMARTVPS_PASSWORD: 'not-the-password',
    CASHFREE_BASE_URL: 'http://127.0.0.1:1',
    SMTP_URL: 'smtp://user:mail-password@127.0.0.1:1',
    TEMPORAL_NAMESPACE: 'not-there',
    ADMIN_EMAIL: '',
    POLICY_FILE: '/nowhere/policy.json',
  });
  assert.equal(ill.code, 1);
  for (const words of [
    /^FAIL {2}Environment: ADMIN_EMAIL is missing/m,
    /^FAIL {2}Policy: \/nowhere\/policy\.json/m,
    /^FAIL {2}Namespace: .+\n {6}Check TEMPORAL_NAMESPACE \(not-there\)/m,
    /^FAIL {2}Gateway cashfree: .+\n {6}Try again; check CASHFREE_BASE_URL/m,
  ]) {
    assert.match(ill.stdout, words);
  }
  const again = await ops(['doctor'], {
    SMARTVPS_BASE_URL: 'http://127.0.0.1:1',
    SMTP_URL: 'smtp://user:mail-password@127.0.0.1:1',
  });
  assert.match(again.stdout, /^FAIL {2}Supplier smartvps: .+\n {6}Check SMARTVPS_BASE_URL/m);
  assert.match(again.stdout, /^FAIL {2}Mail server: .+\n {6}Check SMTP_URL/m);
  for (const secret of [
    SMARTVPS_PASSWORD,
    CASHFREE_CLIENT_SECRET,
    ADMIN_TOKEN,
    'not-the-password',
    'mail-password',
  ]) {
    assert.notEqual(secret, '');
    assert.ok(!`${stdout}${ill.stdout}${again.stdout}${ill.stderr}`.includes(secret), 'no secret is printed');
  }
});

test('a lock is paused, shown, listed and resumed, and each act is in the audit log', async () => {
  const refused = await ops(['locks', 'resume', packageName]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^Failed to resume 103\.181\.91: /);
  const paused = await json<{ next: string }>('locks', 'pause', packageName, '--reason', 'a test');
  assert.match(paused.next, /^Paused: nothing more is bought from 103\.181\.91 until somebody resumes it;/);
  const orderId = await service.order();
  await service.orderIn(orderId, 'queued');
  const shown = await json<{ view: { pause: { by: string }; waiters: { requestId: string }[] } }>(
    ...['locks', 'show', packageName],
  );
  assert.equal(shown.view.pause.by, operatorName());
  const locks = await json<{ packageName: string; state: string }[]>('locks', 'list');
  assert.deepEqual(
    locks.map((lock) => [lock.packageName, lock.state]),
    [
      ['103.181.91', 'running'],
      ['103.182.44', 'idle'],
    ],
  );
  const unknown = await ops(['locks', 'release', packageName, 'nobody#1', '--json']);
  assert.equal(unknown.code, 1);
  assert.match(JSON.parse(unknown.stdout).sentence, /no request of this id/);
  assert.deepEqual(await json('orders', 'stuck'), []);
  await json('locks', 'resume', packageName, '--by', 'ops');
  await service.orderIn(orderId, 'active');
  const acts = await json<{ act: string; by: string; reason: string | null; accepted: boolean }[]>(
    ...['audit', 'list', '--subject', `package-lock-smartvps-${packageName}`],
  );
  assert.deepEqual(acts.map(({ act, by, reason, accepted }) => [act, by, reason, accepted]).reverse(), [
    ['resumeLock', operatorName(), null, false],
    ['pauseLock', operatorName(), 'a test', true],
    ['forceRelease', operatorName(), null, false],
    ['resumeLock', 'ops', null, true],
  ]);
  assert.equal(
    (await ops(['locks', 'pause', '103.99.99'])).code,
    1,
    'no lock is started for a slip of the pen',
  );
});

test('an order is listed, shown, refused a retry with the reason, and an unpaid one is cancelled', async () => {
  const orderId = await service.order();
  await service.orderIn(orderId, 'active');
  const [line] = await json<{ orderId: string; statusText: string }[]>(
    ...['orders', 'list', '--status', 'active', '--email', 'customer@example.com', '--limit', '1'],
  );
  assert.deepEqual([line?.orderId, line?.statusText], [orderId, 'Delivered']);
  const report = await json<{
    purchases: object[];
    payments: object[];
    servers: object[];
    timeline: object[];
  }>(...['orders', 'show', orderId]);
  const { purchases, payments, servers, timeline } = report;
  assert.deepEqual([purchases.length, payments.length, servers.length], [1, 1, 1]);
  assert.ok(timeline.length > 0);
  assert.doesNotMatch(JSON.stringify(report), /customer@example\.com/);
  const retried = await ops(['orders', 'retry', orderId]);
  assert.equal(retried.code, 1);
  assert.equal(
    retried.stderr,
    `Failed to retry order ${orderId}: Order ${orderId} is delivered; there is nothing to retry.`,
  );
  const unpaid = await service.order({ pay: false });
  const cancelled = await json<{ orderStatus: string }>('orders', 'cancel', unpaid, '--reason', 'a test');
  assert.equal(cancelled.orderStatus, 'cancelled');
  assert.equal((await service.storefront.order(unpaid)).status, 'cancelled');
  const [act] = await json<{ act: string; reason: string }[]>('audit', 'list', '--order', unpaid);
  assert.deepEqual([act?.act, act?.reason], ['cancelOrder', 'a test']);
  assert.equal((await ops(['orders', 'cancel', 'nobody-at-all'])).code, 1);
  assert.equal((await ops(['orders', 'retry', '--code', 'wrongPackage', '--dry-run'])).code, 0);
});

test('a lock can be paused while the database is away, and what is not recorded is told', async () => {
  const { code, stdout, stderr } = await ops(['locks', 'pause', '103.182.44', '--by', 'ops'], {
    MONGODB_URI: 'mongodb://127.0.0.1:1/shop',
  });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Paused: /);
  assert.equal(
    stderr,
    'It is done, but not in the audit log: the database does not answer. Note: pauseLock by ops.',
  );
  await json('locks', 'resume', '103.182.44');
});

test('with Temporal away a command says so in one sentence', async () => {
  const { code, stderr } = await ops(['locks', 'list'], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
  assert.equal(code, 1);
  assert.equal(
    stderr,
    'Failed to list the locks: Temporal does not answer at 127.0.0.1:1. Start it, or correct TEMPORAL_ADDRESS.',
  );
});
