import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { createTransport } from 'nodemailer';
import { createSimulatorControl } from '../../src/dev/simulator-control.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { startTestSimulator, type TestSimulator } from '../support/simulator.ts';
import { callSmartvps, until } from './supplier-calls.ts';

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const buy = (simulator: TestSimulator) =>
  callSmartvps({ simulator, name: 'buyvps', body: { ip: '103.181.91', ram: '8' } });

async function createRefundedOrder(simulator: TestSimulator) {
  const headers = { 'x-client-id': 'id', 'x-client-secret': 'secret', 'x-api-version': '2025-01-01' };
  const post = (path: string, body: unknown) =>
    fetch(`${simulator.addresses.cashfreeBaseUrl}/pg${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
  await post('/orders', {
    order_id: 'order-1',
    order_amount: 10,
    order_currency: 'INR',
    customer_details: { customer_id: 'c1', customer_phone: '9999999999' },
  });
  await simulator.control.pay({ orderId: 'order-1', deliver: 0 });
  await post('/orders/order-1/refunds', { refund_id: 'refund-1', refund_amount: 10 });
}

test('pools, ledger, orders, faults and mails survive a restart; a refund under way is finished', async (t) => {
  const dataDir = await makeFolder(t);
  const first = await startTestSimulator({ latency: { refundMs: 300 } }, { dataDir });
  t.after(first.stop);
  await buy(first);
  await first.control.addFaults({ id: 'kept', call: 'buyvps', when: { nth: 1 }, do: { kind: 'answerLost' } });
  await createTransport(first.addresses.smtpUrl).sendMail({
    from: 'a@b.test',
    to: 'c@d.test',
    subject: 'Kept',
  });
  await createRefundedOrder(first);
  const login = (await first.control.server('103.181.91.10')).password;
  await first.stop();

  const second = await startTestSimulator({ packages: [] }, { dataDir });
  t.after(second.stop);
  assert.equal((await second.control.ledger()).purchases[0]?.soldAddress, '103.181.91.10');
  assert.equal((await second.control.server('103.181.91.10')).password, login);
  assert.deepEqual(
    (await second.control.mails()).map((mail) => mail.subject),
    ['Kept'],
  );
  const refunded = await until(async () =>
    (await second.control.cashfree()).refunds.find(({ status }) => status === 'SUCCESS'),
  );
  assert.equal(refunded.refundId, 'refund-1');
  await assert.rejects(buy(second));
  assert.deepEqual(
    (await second.control.faults()).map(({ id, fired }) => [id, fired]),
    [['kept', 1]],
  );
  assert.equal((await second.control.ledger()).purchases[1]?.soldAddress, '103.181.91.11');
  assert.equal((await stat(join(dataDir, 'simulator.json'))).mode & 0o777, 0o600);
});

test('a purchase that a stop cut short is interrupted in the ledger and sold nothing', async (t) => {
  const dataDir = await makeFolder(t);
  const first = await startTestSimulator({ latency: { buyMs: 60_000 } }, { dataDir });
  const cut = assert.rejects(buy(first));
  await until(async () => ((await first.control.ledger()).purchases.length === 1 ? true : undefined));
  await first.stop();
  await cut;
  const second = await startTestSimulator({}, { dataDir });
  t.after(second.stop);
  const { purchases, summary } = await second.control.ledger();
  assert.deepEqual([purchases[0]?.answer, purchases[0]?.soldAddress], ['interrupted', null]);
  assert.deepEqual([summary.sales, summary.overlaps], [0, []]);
});

test('a broken file and a taken port each end the start with a sentence', async (t) => {
  const dataDir = await makeFolder(t);
  await writeFile(join(dataDir, 'simulator.json'), '{');
  await assert.rejects(
    startSimulator({ dataDir }),
    /Failed to read .*simulator\.json: it is no JSON\. Move it away/,
  );
  const running = await startTestSimulator();
  t.after(running.stop);
  const port = Number(new URL(running.addresses.controlUrl).port);
  await assert.rejects(
    startSimulator({ port }),
    /Failed to start the simulator on port \d+: .*EADDRINUSE.*SIMULATOR_PORT/,
  );
});

test('a scenario with an unknown key is refused by name', async () => {
  const scenario = JSON.parse('{"package": []}');
  await assert.rejects(startSimulator({ scenario }), /The scenario has the unknown key "package"/);
});

test('the command prints one line with its addresses, takes a scenario and ends on SIGTERM', async (t) => {
  const folder = await makeFolder(t);
  const scenario = join(folder, 'scenario.json');
  await writeFile(
    scenario,
    JSON.stringify({ packages: [{ id: 1, name: '10.0.0', addresses: ['10.0.0.1-3'] }] }),
  );
  const entry = new URL('../../src/bin/run.mjs', import.meta.url).pathname;
  const child = spawn(process.execPath, [entry, 'simulator', '--data', folder, '--scenario', scenario], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, SMARTVPS_USERNAME: 'shop', SMARTVPS_PASSWORD: 'secret' },
  });
  t.after(() => child.kill('SIGKILL'));
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const addresses = JSON.parse(line);
  assert.deepEqual(Object.keys(addresses), [
    'smartvpsBaseUrl',
    'cashfreeBaseUrl',
    'razorpayBaseUrl',
    'smtpUrl',
    'controlUrl',
  ]);
  const control = createSimulatorControl(addresses.controlUrl);
  assert.deepEqual(
    (await control.packages()).map((pool) => pool.name),
    ['10.0.0'],
  );
  assert.equal((await control.config()).smartvps.username, 'shop');
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
});
