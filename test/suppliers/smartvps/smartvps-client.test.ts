import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { findPackage } from '../../../src/suppliers/find-package.ts';
import type { Supplier } from '../../../src/suppliers/supplier.ts';
import { SupplierError } from '../../../src/suppliers/supplier-error.ts';
import { basicValue, createClient, login, sendText, startScriptedSupplier } from './scripted-supplier.ts';

const ip = '103.181.91.51';

function quote(text: string, depth: number): string {
  return depth === 0 ? text : quote(JSON.stringify(text), depth - 1);
}

const stock = {
  packages: [
    { id: 5, name: '103.82.72', ipv4: 71, status: 'active' },
    { id: '6', name: ' 103.181.91 ', ipv4: '9', status: 'active' },
  ],
};

test('the stock is read at every depth of quoting, with counts as numbers or text', async (t) => {
  for (const depth of [0, 1, 2, 3]) {
    const supplier = await startScriptedSupplier(t, sendText(quote(JSON.stringify(stock), depth)));
    const reading = await createClient(t, supplier).readStock();
    assert.deepEqual(reading, {
      startedAt: '2026-11-21T10:00:00.000Z',
      readAt: '2026-11-21T10:00:00.000Z',
      packages: [
        { packageId: '5', name: '103.82.72', available: 71, status: 'active' },
        { packageId: '6', name: '103.181.91', available: 9, status: 'active' },
      ],
      skipped: [],
    });
    assert.equal(supplier.seen[0]?.url, '/smartvps/api/oceansmart/ipstock');
    assert.equal(supplier.seen[0]?.method, 'POST');
  }
});

test('entries that cannot be read are skipped and told, the others are kept', async (t) => {
  const packages: unknown[] = [null, 'x', { name: '103.1', ipv4: 1 }, { id: 1, name: '', ipv4: 1 }];
  for (const ipv4 of [-1, 1.5, '1.5', '', 'many', null, '0x10', 1e99])
    packages.push({ id: 9, name: '103.9', ipv4 });
  packages.push({ id: 7, name: '103.7', ipv4: ' 12 ' });
  const warnings: unknown[] = [];
  const supplier = await startScriptedSupplier(t, sendText(JSON.stringify({ packages })));
  const client = createClient(t, { ...supplier, log: { warn: (fields) => warnings.push(fields) } });
  const reading = await client.readStock();
  assert.deepEqual(reading.packages, [{ packageId: '7', name: '103.7', available: 12, status: '' }]);
  assert.equal(reading.skipped.length, packages.length - 1);
  assert.equal(reading.skipped[2], 'entry 3 (103.1): id is missing');
  assert.match(reading.skipped[5] ?? '', /^entry 6 \(103\.9\): ipv4 is not a whole number/);
  assert.deepEqual(warnings, [{ skipped: reading.skipped }]);
});

test('a package is found by its id through a rename, else by its exact name, and never when listed twice', () => {
  const entry = (packageId: string, name: string) => ({ packageId, name, available: 3, status: 'active' });
  const packages = [
    entry('5', '103.181.91'),
    entry('6', '103.181.9'),
    entry('7', '103.1'),
    entry('8', '103.1'),
  ];
  const reading = { startedAt: '', readAt: '', packages, skipped: [] };
  assert.equal(findPackage({ reading, packageName: '103.181.9' })?.packageId, '6');
  assert.equal(findPackage({ reading, packageName: 'old name', packageId: '5' })?.name, '103.181.91');
  assert.equal(findPackage({ reading, packageName: '103.181.91', packageId: '77' }), undefined);
  assert.equal(findPackage({ reading, packageName: '103.181' }), undefined);
  assert.equal(findPackage({ reading, packageName: '103.1', packageId: null }), undefined);
});

test('a reply that is no stock list is a bad reply, and an error text a refusal', async (t) => {
  for (const text of ['', 'oops', '[]', '{"packages":{}}', 'null', '<html>', quote('{"packages":[]}', 4)]) {
    const supplier = await startScriptedSupplier(t, sendText(text));
    await assert.rejects(createClient(t, supplier).readStock(), {
      code: 'badReply',
      message:
        'Failed to read the stock of SmartVPS: the answer is no stock list. Check SMARTVPS_BASE_URL and SMARTVPS_API_PREFIX, and look at what SmartVPS answers.',
    });
  }
  const supplier = await startScriptedSupplier(t, sendText('"error|Down for service"'));
  await assert.rejects(createClient(t, supplier).readStock(), {
    code: 'refused',
    message: /: Down for service\./,
  });
});

const described = {
  IP: ip,
  Usernane: 'administrator',
  Password: 'S3cret-of-server',
  OS: 'Windows Server 2022',
  ExpiryDate: '2026-12-21',
  MachineStatus: 'Active',
  PowerStatus: 'on',
  ActionStatus: '',
};

async function readServer(t: Parameters<typeof startScriptedSupplier>[0], reply: unknown, depth = 1) {
  const text = typeof reply === 'string' ? reply : quote(JSON.stringify(reply), depth - 1);
  return createClient(t, await startScriptedSupplier(t, sendText(text))).readServer({ ip });
}

test('a server is read at every depth of quoting and its password shows itself only when revealed', async (t) => {
  for (const depth of [1, 2, 3]) {
    const status = await readServer(t, described, depth);
    assert.ok(status.kind === 'server');
    const { password, ...rest } = status;
    assert.equal(password?.reveal(), 'S3cret-of-server');
    assert.deepEqual(rest, {
      kind: 'server',
      ip,
      username: 'administrator',
      os: 'Windows Server 2022',
      expiryDate: '2026-12-21',
      expiresOn: '2026-12-21',
      machineStatus: 'Active',
      powerStatus: 'on',
      actionStatus: '',
    });
    const shown = `${inspect(status, { depth: 9, showHidden: true })}${JSON.stringify(status)}`;
    assert.ok(!shown.includes('S3cret'), shown);
  }
});

test('the user name is read from either spelling, and a login that is empty is absent', async (t) => {
  const { Usernane: _, ...unnamed } = described;
  const other = await readServer(t, { ...unnamed, Username: 'root' });
  assert.equal(other.kind === 'server' && other.username, 'root');
  const both = await readServer(t, { ...described, Username: '' });
  assert.equal(both.kind === 'server' && both.username, 'administrator');
  const early = await readServer(t, { ...described, Usernane: '', Password: null });
  assert.ok(early.kind === 'server' && !('username' in early) && !('password' in early));
});

test('free text of any kind never makes a reply unreadable', async (t) => {
  const odd = {
    ...described,
    OS: 7,
    ExpiryDate: 'soon',
    MachineStatus: ['x'],
    PowerStatus: null,
    ActionStatus: {},
  };
  const status = await readServer(t, { ...odd, Password: 123456, Extra: true });
  assert.ok(status.kind === 'server');
  assert.equal(status.password?.reveal(), '123456');
  assert.deepEqual([status.os, status.expiryDate, status.powerStatus], ['7', 'soon', '']);
  assert.ok(!('expiresOn' in status));
  for (const [text, date] of [
    ['2026-12-21 10:00:00', '2026-12-21'],
    ['2026-12-21T10:00:00Z', '2026-12-21'],
    ['2026-02-30', undefined],
    ['21/12/2026', undefined],
    ['2026-12-211', undefined],
  ] as const) {
    const dated = await readServer(t, { ...described, ExpiryDate: text });
    assert.ok(dated.kind === 'server');
    assert.deepEqual([dated.expiryDate, dated.expiresOn], [text, date]);
  }
});

test('an error text about an address says that it is not ours', async (t) => {
  for (const text of ['error|IP not found in your account', '"error|IP not found in your account"']) {
    assert.deepEqual(await readServer(t, text), { kind: 'notOurs', why: 'IP not found in your account' });
  }
});

test('a reply about another address is refused, so that its login goes to nobody', async (t) => {
  await assert.rejects(readServer(t, { ...described, IP: '103.181.91.5' }), {
    code: 'badReply',
    message: new RegExp(
      `^Failed to read the server ${ip} at SmartVPS: the answer is about another address\\.`,
    ),
  });
});

test('what describes no server is a bad reply', async (t) => {
  for (const text of ['', '{}', '[]', '{"message":"x"}', 'success|ok', 'null', '"', '{"IP":']) {
    await assert.rejects(readServer(t, text), {
      code: 'badReply',
      message: /the answer describes no server/,
    });
  }
});

const everyCall: [string, (client: Supplier) => Promise<unknown>][] = [
  ['ipstock', (client) => client.readStock()],
  ['status', (client) => client.readServer({ ip })],
  ['changeos', (client) => client.changeOs({ ip, os: 'Ubuntu 22' })],
  ['start', (client) => client.start({ ip })],
  ['stop', (client) => client.stop({ ip })],
  ['format', (client) => client.format({ ip })],
  ['renewvps', (client) => client.renew({ ip })],
];

test('every call tells what went wrong by a code and shows no secret, whatever happened', async (t) => {
  const secrets = [login.password, JSON.stringify(login.password).slice(1, -1), basicValue, login.username];
  const cases: [string, Parameters<typeof startScriptedSupplier>[1]][] = [
    ['rejectedCredentials', sendText(`no ${login.password}`, 401)],
    ['rejectedCredentials', sendText('', 403)],
    ['unreachable', sendText(basicValue, 500)],
    ['unreachable', sendText('', 429)],
    ['badReply', (response) => response.writeHead(302, { location: '/' }).end()],
    ['badReply', sendText(`garbage ${login.password} ${basicValue}`)],
    ['unreachable', (response) => response.socket?.destroy()],
    ['unreachable', sendText('x'.repeat(1024 * 1024 + 1))],
  ];
  for (const [code, answer] of cases) {
    const supplier = await startScriptedSupplier(t, answer);
    const client = createClient(t, supplier);
    for (const [name, call] of everyCall) {
      await assert.rejects(call(client), (error) => {
        assert.ok(error instanceof SupplierError);
        assert.equal(error.code, code, name);
        assert.match(error.message, /^Failed to .+: .+\. .+\.$/);
        assert.equal(error.cause, undefined);
        const shown = `${inspect(error, { depth: 20, showHidden: true })} ${error.stack} ${JSON.stringify(error)}`;
        for (const part of secrets) assert.ok(!shown.includes(part), shown);
        return true;
      });
    }
    assert.equal(supplier.seen.length, everyCall.length, 'each call was made once');
  }
});

test('a call is cancelled by its signal', async (t) => {
  const asked = Promise.withResolvers<void>();
  const supplier = await startScriptedSupplier(t, () => asked.resolve());
  const cancel = new AbortController();
  const reading = createClient(t, supplier).readServer({ ip }, { signal: cancel.signal });
  await asked.promise;
  cancel.abort();
  await assert.rejects(reading, { code: 'unreachable', message: /the call was cancelled/ });
});

test('calls that change a server say what the supplier takes and believe only a success', async (t) => {
  const supplier = await startScriptedSupplier(t, sendText('"success|Done"'));
  const client = createClient(t, supplier);
  for (const [, call] of everyCall.slice(2)) await call(client);
  assert.deepEqual(
    supplier.seen.map((seen) => [seen.url?.split('/').at(-1), JSON.parse(seen.body)]),
    [
      ['changeos', { ip, os: 'ubuntu' }],
      ['start', { ip }],
      ['stop', { ip }],
      ['format', { ip }],
      ['renewvps', { ip }],
    ],
  );
  await assert.rejects(client.changeOs({ ip, os: 'Plan 9' }), {
    code: 'refused',
    message: /"Plan 9" is no system/,
  });
  assert.equal(supplier.seen.length, 5);
});

test('a refused change carries the reason that the supplier gave', async (t) => {
  const supplier = await startScriptedSupplier(t, sendText(`error|Machine is locked for ${login.username}`));
  await assert.rejects(createClient(t, supplier).stop({ ip }), {
    code: 'refused',
    message: `Failed to stop server ${ip} at SmartVPS: it said "Machine is locked for [removed]". Look at the server in the panel of SmartVPS.`,
  });
});

test('another prefix of the calls is used as it is configured', async (t) => {
  const supplier = await startScriptedSupplier(t, sendText(JSON.stringify(stock)));
  const baseUrl = supplier.baseUrl.replace('/smartvps', '/');
  await createClient(t, { baseUrl, apiPrefix: '/api/ocean/' }).readStock();
  assert.equal(supplier.seen[0]?.url, '/api/ocean/ipstock');
});
