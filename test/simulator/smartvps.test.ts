import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Scenario } from '../../src/simulator/scenario.ts';
import { startTestSimulator, type TestSimulator, testLatency } from '../support/simulator.ts';
import { callSmartvps, decodeFully, until } from './supplier-calls.ts';

const plain = {
  ipstockEncodedTwice: 0,
  statusEncodedTwice: 0,
  textQuoted: 0,
  numericStrings: 0,
  usernane: 1,
};
const nearlyEmpty: Scenario = {
  latency: testLatency,
  quirks: plain,
  packages: [
    { id: 5, name: '103.181.91', addresses: ['103.181.91.10'] },
    { id: 6, name: '103.182.44', addresses: ['103.182.44.18-20'] },
  ],
};

let simulator: TestSimulator;
before(async () => {
  simulator = await startTestSimulator();
});
beforeEach(() => simulator.control.reset(nearlyEmpty));
after(() => simulator.stop());

const call = (name: string, body: unknown) => callSmartvps({ simulator, name, body });
const buy = (ip = '103.181.91') => call('buyvps', { ip, ram: '8' });

test('a call without a login gets 401 and sells nothing', async () => {
  const answer = await callSmartvps({
    simulator,
    name: 'buyvps',
    body: { ip: '103.181.91', ram: '8' },
    login: null,
  });
  assert.equal(answer.status, 401);
  assert.equal((await simulator.control.ledger()).summary.sales, 0);
});

test('once a login is set, any other one gets 401', async () => {
  await simulator.control.setConfig({ smartvps: { username: 'shop', password: 'right' } });
  assert.equal(
    (await callSmartvps({ simulator, name: 'ipstock', body: {}, login: 'shop:wrong' })).status,
    401,
  );
  assert.equal(
    (await callSmartvps({ simulator, name: 'ipstock', body: {}, login: 'shop:right' })).status,
    200,
  );
});

test('only POST under the configured prefix is answered', async () => {
  const base = simulator.addresses.smartvpsBaseUrl;
  assert.equal((await fetch(`${base}/api/oceansmart/ipstock`)).status, 405);
  assert.equal((await fetch(`${base}/api/ocean/ipstock`, { method: 'POST' })).status, 404);
  await simulator.control.setConfig({ smartvps: { prefix: 'api/ocean' } });
  const answer = await fetch(`${base}/api/ocean/ipstock`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` },
  });
  assert.equal(answer.status, 200);
});

test('ipstock lists counts without addresses, encoded twice and with numeric strings where the quirks say so', async () => {
  await simulator.control.setConfig({ quirks: { ipstockEncodedTwice: 1, numericStrings: 1 } });
  const { text } = await call('ipstock', {});
  const inner: unknown = JSON.parse(text);
  assert.equal(typeof inner, 'string');
  assert.deepEqual(JSON.parse(String(inner)), {
    packages: [
      { id: 5, name: '103.181.91', ipv4: '1', status: 'active' },
      { id: 6, name: '103.182.44', ipv4: '3', status: 'active' },
    ],
  });
});

test('an encoding fault wraps the answer as many times as it says', async () => {
  await simulator.control.addFaults({ call: 'ipstock', do: { kind: 'encoding', depth: 3 } });
  const { text } = await call('ipstock', {});
  assert.equal(decodeFully(text).depth, 3);
});

test('a purchase answers a text that names the address, quoted where the quirks say so', async () => {
  const { text } = await buy();
  assert.match(text, /^success\|Congratulations.*Your ip is: 103\.181\.91\.10$/);
  await simulator.control.setConfig({ quirks: { textQuoted: 1 } });
  const quoted: unknown = JSON.parse((await buy('103.182.44')).text);
  assert.match(String(quoted), /^success\|.*Your ip is: 103\.182\.44\.18$/);
});

test('an exhausted package silently sells the next address of another package, and the ledger says so', async () => {
  await buy();
  const { text } = await buy();
  assert.match(text, /Your ip is: 103\.182\.44\.18$/);
  const { purchases, summary } = await simulator.control.ledger();
  assert.equal(purchases[1]?.packageOfAddress, '103.182.44');
  assert.equal(summary.byPackage['103.181.91']?.soldElsewhere, 1);
});

test('the fall back follows the package, then the configuration, then whoever has addresses', async () => {
  const packages = [
    { id: 1, name: '10.0.0', addresses: [] },
    { id: 2, name: '10.0.1', addresses: ['10.0.1.1-9'] },
    { id: 3, name: '10.0.2', addresses: ['10.0.2.1-9'] },
    { id: 4, name: '10.0.3', addresses: ['10.0.3.1-9'] },
  ];
  await simulator.control.setPackages(packages);
  assert.match((await buy('10.0.0')).text, /10\.0\.1\.1$/);
  await simulator.control.setConfig({ fallbackPackage: '10.0.2' });
  assert.match((await buy('10.0.0')).text, /10\.0\.2\.1$/);
  await simulator.control.updatePackage('10.0.0', { fallback: '10.0.3' });
  assert.match((await buy('10.0.0')).text, /10\.0\.3\.1$/);
});

test('nothing left anywhere is refused and sells nothing', async () => {
  await simulator.control.setPackages([{ id: 5, name: '103.181.91', addresses: [] }]);
  assert.equal((await buy()).text, 'error|No IP available');
  assert.equal((await buy('103.9.9')).text, 'error|Package not found');
  assert.equal((await simulator.control.ledger()).summary.sales, 0);
});

test('a stale package goes on counting what it no longer has', async () => {
  await simulator.control.updatePackage('103.181.91', { ipv4Stale: 10 });
  await buy();
  const { value } = decodeFully((await call('ipstock', {})).text) as {
    value: { packages: { ipv4: number }[] };
  };
  assert.equal(value.packages[0]?.ipv4, 10);
});

test('the login is empty until its time, under the name Usernane, and equals what the server has', async () => {
  // Long enough that a slow machine still sees it empty.
  await simulator.control.setConfig({ latency: { credentialsMs: 1_500 } });
  await buy();
  const early = JSON.parse((await call('status', { ip: '103.181.91.10' })).text);
  assert.deepEqual([early.Usernane, early.Password, early.OS], ['', '', 'ubuntu']);
  const late = await until(async () => {
    const status = JSON.parse((await call('status', { ip: '103.181.91.10' })).text);
    return status.Password === '' ? undefined : status;
  });
  const server = await simulator.control.server('103.181.91.10');
  assert.deepEqual([late.Usernane, late.Password], ['root', server.password]);
  assert.match(late.ExpiryDate, /^\d{4}-\d\d-\d\d$/);
  assert.ok(server.calls.filter(({ call: name }) => name === 'status').length >= 2);
});

test('the status of an address that is not on the account is an error text', async () => {
  assert.equal((await call('status', { ip: '103.181.91.10' })).text, 'error|IP not found in your account');
});

test('changeos brings another system with a new login after a while, and refuses a system it does not know', async () => {
  // Long enough that a slow machine still sees it empty.
  await simulator.control.setConfig({ latency: { credentialsMs: 1_500 } });
  await buy();
  const ip = '103.181.91.10';
  const before = (await simulator.control.server(ip)).password;
  assert.equal((await call('changeos', { ip, os: 'Windows 2022 64' })).text, 'error|Invalid OS');
  assert.match((await call('changeos', { ip, os: '2022' })).text, /^success\|/);
  assert.equal(JSON.parse((await call('status', { ip })).text).Password, '');
  const status = await until(async () => {
    const now = JSON.parse((await call('status', { ip })).text);
    return now.OS === '2022' ? now : undefined;
  });
  assert.equal(status.Usernane, 'Administrator');
  assert.notEqual(status.Password, before);
});

test('stop, start and renew are kept as events of the server', async () => {
  await simulator.control.reset({
    ...nearlyEmpty,
    servers: [{ address: '103.181.91.200', expiryDate: '2026-01-31' }],
  });
  const ip = '103.181.91.200';
  await call('stop', { ip });
  assert.equal(JSON.parse((await call('status', { ip })).text).PowerStatus, 'off');
  await call('start', { ip });
  await call('renewvps', { ip });
  const server = await simulator.control.server(ip);
  assert.deepEqual(
    server.events.map((event) => event.what),
    ['stop', 'start', 'renewvps'],
  );
  assert.equal(server.expiryDate, '2026-02-28');
});

test('a renamed package is no longer found under its old name', async () => {
  await simulator.control.updatePackage('103.181.91', { name: '103.181.91 NEW' });
  assert.equal((await buy()).text, 'error|Package not found');
  assert.match((await buy('103.181.91 NEW')).text, /103\.181\.91\.10$/);
});

test('the same seed tells the same story', async () => {
  const story = async () => {
    await simulator.control.reset({ seed: 7, latency: testLatency });
    const texts = [];
    for (let round = 0; round < 6; round += 1) texts.push((await call('ipstock', {})).text);
    texts.push((await buy()).text);
    return texts;
  };
  assert.deepEqual(await story(), await story());
});

test('a server whose month has ended is not ours any more, whatever it is asked', async () => {
  await buy();
  await simulator.control.expireServer('103.181.91.10');
  for (const name of ['status', 'stop', 'format', 'renewvps']) {
    const { text } = await call(name, { ip: '103.181.91.10' });
    assert.match(text, /^error\|IP not found/, name);
  }
});
