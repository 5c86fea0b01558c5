import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCommand } from '../../src/dev/child-process.ts';
import { openBrowser } from '../support/browser.ts';
import { assertAbsent, assertNothingLeaked, formsOf, type Place, passwordsSold } from '../support/secrets.ts';
import { catalogueOf, productOf, startTestService } from '../support/service.ts';
import { openSite } from './site-browser.ts';

// The password of a sold server is known here from the supplier; whatever we write or answer is searched for it. The
// sink of the mails and the simulator are the message and the supplier; files on disk: test/dev/start.test.ts.

const entry = join(import.meta.dirname, '..', '..', 'src', 'bin', 'run.mjs');
const [sold, other] = ['103.197.1', '103.197.2'] as const;
const service = await startTestService({
  catalogue: catalogueOf(sold, other),
  scenario: {
    packages: [
      { id: 80, name: sold, addresses: [`${sold}.10-60`] },
      { id: 81, name: other, addresses: [`${other}.10-60`] },
    ],
  },
  policy: { automaticRetries: [] },
});
const { simulator, db, apiUrl, secrets } = service;
const password = 'a password of some length';
const personal = ['Demo Customer', 'customer@example.com', '9876543210'];

async function ops(args: string[], input = '') {
  const { PATH = '' } = process.env;
  const { code, stdout, stderr } = await runCommand({
    command: '/bin/sh',
    args: ['-c', 'printf %s "$GIVEN" | "$0" "$@"', process.execPath, entry, 'ops', ...args],
    env: { PATH, GIVEN: input, ...service.env },
  });
  return { code, out: stdout, err: stderr };
}

/** What the operator's commands print about everything that has happened here. */
async function printed(orderIds: readonly string[]): Promise<Place[]> {
  const lists = ['orders list', 'orders stuck', 'cases list', 'servers list', 'payments list', 'audit list'];
  const more = [
    'locks list',
    'products list',
    'discounts list',
    'admin list',
    'doctor',
    'orders show no-such-order',
  ];
  const lines = [
    ...[...lists, ...more].map((line) => line.split(' ')),
    ...orderIds.map((orderId) => ['orders', 'show', orderId]),
    ['orders', 'list', '--json'],
  ];
  const places: Place[] = [];
  for (const args of lines) {
    const { out, err } = await ops(args);
    assert.ok(`${out}${err}`.length > 0, args.join(' '));
    places.push({ name: `ops ${args.join(' ')}`, text: out + err });
  }
  return places;
}

/** Errors of the API that speak of delivered orders, each with what it answered. */
async function refusals(orderIds: readonly string[], canary: string): Promise<Place[]> {
  const admin = { authorization: `Bearer ${secrets.adminToken}`, 'content-type': 'application/json' };
  const post = (path: string, body: string, headers: Record<string, string> = admin) => ({
    path,
    init: { method: 'POST', headers, body },
  });
  const asked = [
    ...orderIds.flatMap((id) => [
      post('/api/orders/provision', JSON.stringify({ orderId: id })),
      post(`/api/orders/${id}/cancel`, '{}'),
      post(`/api/orders/${id}/resolve`, '{"outcome":"notBought"}'),
      post(`/api/orders/${id}/resolve`, '{"outcome":"bought","ip":"103.99.1.7"}'),
      post(`/api/orders/${id}/compensate`, '{"option":"nonsense"}'),
      post(`/api/orders/${id}/retry`, '{}', { 'content-type': 'application/json' }),
      { path: `/orders/${id}?until=1&key=${encodeURIComponent(canary)}`, init: {} },
    ]),
    post('/api/checkout', `{"password": "${canary}"`),
    post('/api/checkout', JSON.stringify({ password: canary })),
    post('/api/orders/provision', JSON.stringify({ orderId: 7, password: canary })),
    post('/webhooks/cashfree', JSON.stringify({ password: canary })),
    post('/webhooks/razorpay', JSON.stringify({ password: canary })),
    { path: '/api/orders/none', init: { headers: admin } },
    { path: '/api/nothing', init: { headers: { authorization: `Bearer ${canary}` } } },
    { path: '/api/products', init: { headers: { authorization: 'Bearer wrong' } } },
  ];
  const places: Place[] = [];
  for (const { path, init } of asked) {
    const answer = await fetch(`${apiUrl}${path}`, init);
    assert.ok(answer.status >= 400, `${path} answered ${answer.status}`);
    places.push({ name: `the answer ${answer.status} of ${path}`, text: await answer.text() });
  }
  const seen = new Set(places.map(({ name }) => name.split(' ')[2]));
  for (const status of ['400', '401', '403', '404', '409'])
    assert.ok(seen.has(status), `${status} was provoked`);
  return places;
}

/** The report of the incident, as a page and for programs. */
async function reports(): Promise<Place[]> {
  const dir = await mkdtemp(join(tmpdir(), 'harbourmaster-canary-'));
  try {
    const span = ['--from', '2020-01-01', '--to', '2099-01-01'];
    const places: Place[] = [];
    for (const file of ['incident.html', 'incident.json']) {
      const out = join(dir, file);
      const { code, err } = await ops(['incident', '--package', sold, ...span, '--out', out]);
      assert.equal(code, 0, err);
      places.push({ name: file, text: await readFile(out, 'utf8') });
    }
    return places;
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** What a signed-in admin and a customer see. */
async function pages(paths: readonly string[]): Promise<Place[]> {
  assert.equal(
    (await ops(['admin', 'add', 'Asha', '--password-stdin', '--reason', 'a test'], password)).code,
    0,
  );
  const browser = await openBrowser();
  after(() => browser.close());
  const site = await openSite({ browser, url: apiUrl });
  await site.signIn({ name: 'Asha', password });
  const places: Place[] = [];
  for (const path of paths) {
    await site.open(path);
    places.push({ name: `the page ${path}`, text: await site.page.content() });
  }
  return places;
}

test('a sold password is nowhere but sealed, and in the one mail that delivers it', async () => {
  const wish = { productId: productOf(sold), ramGb: 8, os: 'Ubuntu 22' };
  const { orderId: delivered, orderUrl } = (await service.storefront.checkout(wish)).body;
  await simulator.pay({ orderId: delivered });
  await service.orderIn(delivered, 'active');
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: sold, times: 1 },
    do: { kind: 'sellAddress', address: `${other}.20` },
  });
  const wrong = await service.order({ productId: productOf(sold) });
  assert.equal((await service.orderIn(wrong, 'failed', 'active')).failure?.code, 'wrongPackage');
  const passwords = await passwordsSold(simulator);
  const [canary = ''] = passwords;
  assert.equal(passwords.length, 2);
  assert.equal((await db.credentials.find().toArray()).length, 1, 'it is there, sealed');
  const ask = async (path: string): Promise<Place> => {
    const headers = { authorization: `Bearer ${secrets.adminToken}` };
    return { name: path, text: await (await fetch(`${apiUrl}${path}`, { headers })).text() };
  };
  const orders = [delivered, wrong];
  const asked = ['/metrics', '/openapi.json', '/api/products', '/healthz', '/readyz'];
  for (const id of orders) asked.push(`/api/orders/${id}`, `/api/orders/${id}/timeline`);
  const answers: Place[] = [];
  for (const path of asked) answers.push(await ask(path));
  const timelines = answers.filter(({ text }) => text.includes('smartvps answered'));
  assert.equal(timelines.length, 2, 'timelines can be searched');
  const lists = ['manageOrders', 'ipStock', 'locks', 'servers', ...orders.map((id) => `orders/${id}`)];
  const seen = await pages([...lists.map((path) => `/admin/${path}`), orderUrl.slice(apiUrl.length)]);
  const told = [
    ...answers,
    ...(await refusals([delivered], canary)),
    ...(await reports()),
    ...(await printed(orders)),
  ];
  assertAbsent({
    words: [...passwords, password, ...Object.values(secrets)],
    places: [...told, ...seen],
  });
  assertAbsent({ words: personal, places: [...told, ...seen] });
  // At last: the errors that were provoked are in the logs by now.
  await assertNothingLeaked(service);
  assert.ok(!service.logLines.join('\n').includes(password));
  const mails = await simulator.mails();
  const holders = passwords.map((word) =>
    mails.filter((mail) => formsOf(word).some((form) => JSON.stringify(mail).includes(form))),
  );
  assert.deepEqual(
    holders.flat().map(({ to }) => to),
    [['customer@example.com']],
    'one mail, to the customer',
  );
});
