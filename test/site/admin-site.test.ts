import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { runCommand } from '../../src/dev/child-process.ts';
import { openBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { assertAbsent, assertNothingLeaked, passwordsSold } from '../support/secrets.ts';
import { catalogueOf, productOf, startTestService } from '../support/service.ts';
import { openSite, type SiteWindow } from './site-browser.ts';

const entry = join(import.meta.dirname, '..', '..', 'src', 'bin', 'run.mjs');
const [sold, missing, wrong, lost] = ['103.196.1', '103.196.2', '103.196.3', '103.196.4'] as const;
const service = await startTestService({
  catalogue: catalogueOf(sold, missing, wrong, lost),
  scenario: {
    packages: [sold, wrong, lost].map((name, index) => ({
      id: 90 + index,
      name,
      addresses: [name === wrong ? `${name}.10-18` : `${name}.10-60`],
    })),
  },
  policy: { longestPurchase: '2s', settleAfter: '200ms', automaticRetries: [] },
});
const { simulator, db, apiUrl, secrets } = service;
const browser = await openBrowser();
after(() => browser.close());
const name = 'Asha R.';
const password = 'a password of some length';
const barriers: string[] = [];
const seenPages: string[] = [];

async function ops(args: string[], input = '') {
  const { PATH = '' } = process.env;
  const command = input === '' ? process.execPath : '/bin/sh';
  const line = [entry, 'ops', ...args];
  const piped = ['-c', 'printf %s "$GIVEN" | "$0" "$@"', process.execPath, ...line];
  const { code, stdout, stderr } = await runCommand({
    command,
    args: input === '' ? line : piped,
    env: { PATH, GIVEN: input, ...service.env },
  });
  return { code, out: stdout, err: stderr };
}

/** Looks at a page and keeps what it holds: no secret may stand on any. */
async function inspect(site: SiteWindow, look: string): Promise<void> {
  barriers.push(...(await site.inspect(look)));
  seenPages.push(await site.page.content());
}

const notice = (site: SiteWindow) => site.page.getByRole('status').innerText();
const acts = (act: string) => db.auditLog.find({ act }).toArray();
const site = await openSite({ browser, url: apiUrl });

test('without an admin the login page says the command; with one it lets in by name and password alone', async () => {
  await site.open('/admin/manageOrders');
  assert.match(
    await site.page.locator('main').innerText(),
    /no admin yet[\s\S]*npm run ops -- admin add NAME/,
  );
  await inspect(site, 'login-without-admin');
  const added = await ops(['admin', 'add', name, '--password-stdin', '--reason', 'first'], password);
  assert.equal(added.code, 0, added.err);
  assert.equal((await ops(['admin', 'add', name], '')).code, 1, 'the same name twice');
  await site.open('/admin/login');
  assert.doesNotMatch(await site.page.locator('main').innerText(), /no admin yet/);
  await site.page.getByLabel('Name').fill(name.toUpperCase());
  await site.page.getByLabel('Password').fill('not this one');
  await site.page.keyboard.press('Enter');
  await site.page.getByRole('alert').getByText('Name or password is wrong').waitFor();
  await inspect(site, 'login-refused');
  await site.signIn({ name, password });
  const cookies = await site.page.context().cookies();
  const session = cookies.find((cookie) => cookie.name === 'harbourmaster.session');
  assert.deepEqual([session?.httpOnly, session?.sameSite], [true, 'Lax']);
  assert.deepEqual(
    (await acts('signIn')).map(({ by, subject, accepted }) => [by, subject.id, accepted]),
    [
      ['somebody', name, false],
      [name, name, true],
    ],
  );
  const stored = await service.rawDb.collection('admins').findOne();
  assert.match(String(stored?.passwordHash), /^\$argon2id\$/);
});

test('orders are listed, counted and filtered; many are retried with one reason, each with its answer', async () => {
  const failing = [
    await service.order({ productId: productOf(missing) }),
    await service.order({ productId: productOf(missing) }),
  ];
  for (const orderId of failing) await service.orderIn(orderId, 'failed');
  const delivered = await service.order({ productId: productOf(sold) });
  await service.orderIn(delivered, 'active');
  await site.open('/admin/manageOrders');
  const text = await site.page.locator('main').innerText();
  for (const words of [/2\s+Needs a decision/, /2\s+packageUnavailable/, /Oldest waiting: /]) {
    assert.match(text, words);
  }
  await inspect(site, 'orders');
  await site.page.getByLabel('Failure').selectOption('packageUnavailable');
  await site.page.getByRole('textbox', { name: 'Package' }).fill(missing);
  await site.page.getByLabel('Ordered from (UTC)').fill(new Date().toISOString().slice(0, 10));
  await site.page.getByRole('button', { name: 'Filter' }).click();
  assert.equal(await site.page.locator('tbody tr').count(), 2);
  await site.page.getByLabel('Ordered from (UTC)').fill('2099-01-01');
  await site.page.getByRole('button', { name: 'Filter' }).click();
  await site.page.getByText('No order fits.').waitFor();
  await site.open(`/admin/manageOrders?code=packageUnavailable`);
  for (const orderId of failing) await site.page.getByLabel(`Choose ${orderId}`).check();
  await site.page.locator('#retry-reason').fill('the supplier knows the package again');
  await site.page.getByRole('button', { name: 'Retry' }).click();
  const answer = await notice(site);
  assert.match(answer, /^Retried 2 of 2\./);
  for (const orderId of failing) assert.ok(answer.includes(orderId), answer);
  await inspect(site, 'orders-retried');
  const told = await eventually({
    what: 'both retries in the audit log',
    read: () => acts('retryOrder'),
    isRight: (rows) => rows.length === 2,
  });
  assert.deepEqual(
    told.map(({ by, reason }) => [by, reason]),
    failing.map(() => [name, 'the supplier knows the package again']),
  );
});

test('a search by e-mail is recorded and never stands in an address', async () => {
  await site.open('/admin/manageOrders');
  await site.act({
    summary: "Search by a customer's e-mail",
    fields: { 'E-mail address': 'Customer@Example.com', Reason: 'they called' },
    button: 'Search',
  });
  assert.ok((await site.page.locator('tbody tr').count()) >= 3);
  assert.doesNotMatch(site.page.url(), /customer/);
  const [search] = await acts('searchByEmail');
  assert.deepEqual([search?.by, search?.reason], [name, 'they called']);
  assert.doesNotMatch(JSON.stringify(search), /example\.com/i);
});

test('one order is one page: its timeline, what comes next, its acts; login and customer are shown once and recorded', async () => {
  const orderId = await service.order({ productId: productOf(sold) });
  await service.orderIn(orderId, 'active');
  await site.open(`/admin/orders/${orderId}`);
  const text = await site.page.locator('main').innerText();
  for (const words of [
    /Delivered/,
    /Payment .+ received\./,
    /smartvps is asked to sell\.\s*\{"ip":"103\.196\.1","ram":"8"\}/,
    /smartvps answered\.\s*HTTP 200: /,
    /Mail "credentials" to the customer: sent\./,
    /Workflow of the order: step buyVps done\./,
  ]) {
    assert.match(text, words);
  }
  assert.doesNotMatch(text, /Demo Customer|customer@example\.com/);
  await inspect(site, 'order-delivered');
  const ip = (await db.orders.findOne({ _id: orderId }))?.server?.ip ?? '';
  const { password: canary } = await simulator.server(ip);
  await site.act({
    summary: 'Show the login',
    fields: { Reason: 'the mail was lost' },
    button: 'Show it once',
  });
  const shown = site.page.getByRole('region', { name: 'Login of the server' });
  assert.ok((await shown.innerText()).includes(canary));
  barriers.push(...(await site.inspect('order-login')));
  assert.deepEqual(
    (await acts('revealLogin')).map(({ by, reason, subject }) => [by, reason, subject.id]),
    [[name, 'the mail was lost', orderId]],
  );
  await site.open(`/admin/orders/${orderId}`);
  const askAgain = { summary: 'Show the login', fields: { Reason: 'once more' }, button: 'Show it once' };
  await site.act(askAgain);
  assert.match(await notice(site), /was shown to Asha R\. at .+ and is shown once/);
  assert.ok(!(await site.page.content()).includes(canary));
  const allowed = await ops(['orders', 'show-login-again', orderId, '--reason', 'their window was closed']);
  assert.equal(allowed.code, 0, allowed.err);
  await site.act(askAgain);
  assert.ok((await shown.innerText()).includes(canary));
  assert.deepEqual(
    (await acts('revealLogin')).map(({ accepted }) => accepted),
    [true, false, true],
  );
  await site.act({
    summary: 'Show the customer',
    fields: { Reason: 'to call them' },
    button: 'Show it once',
  });
  const customer = site.page.getByRole('region', { name: 'Customer' });
  assert.match(await customer.innerText(), /Demo Customer[\s\S]*customer@example\.com/);
  assert.equal((await acts('showCustomer')).length, 1);
  await site.open(`/admin/orders/${orderId}`);
  assert.ok(!(await site.page.content()).includes(canary), 'shown once');
  await site.act({
    summary: 'Begin a remedy',
    fields: { Remedy: 'refund', Reason: 'they want it' },
    button: 'Begin it',
  });
  await site.page.getByRole('status').waitFor();
  await service.orderIn(orderId, 'compensating', 'refunded');
});

test('the page, the API and the command tell the same timeline, also after Temporal has forgotten', async () => {
  const orderId = await service.order({ productId: productOf(sold) });
  await service.orderIn(orderId, 'active');
  await eventually({
    what: 'the workflow has ended',
    read: () => service.client.workflow.getHandle(`order-${orderId}`).describe(),
    isRight: ({ status }) => status.name === 'COMPLETED',
  });
  const ask = async () => {
    const response = await fetch(`${apiUrl}/api/orders/${orderId}/timeline`, {
      headers: { authorization: `Bearer ${secrets.adminToken}` },
    });
    return (await response.json()) as { hasHistory: boolean; timeline: { text: string; source: string }[] };
  };
  // A Temporal that is slow to answer leaves its lines out, everywhere.
  const fromApi = await eventually({
    what: 'Temporal tells its steps',
    read: ask,
    isRight: ({ hasHistory }) => hasHistory,
  });
  await eventually({
    what: 'the command tells the same timeline',
    read: async () => JSON.parse((await ops(['orders', 'show', orderId, '--json'])).out).timeline,
    isRight: (timeline) => isDeepStrictEqual(timeline, fromApi.timeline),
  });
  await eventually({
    what: 'the page tells the same timeline',
    read: async () => {
      await site.open(`/admin/orders/${orderId}`);
      return site.page.locator('ol.timeline li').count();
    },
    isRight: (count) => count === fromApi.timeline.length,
  });
  await service.client.workflowService.deleteWorkflowExecution({
    namespace: service.client.options.namespace,
    workflowExecution: { workflowId: `order-${orderId}` },
  });
  const later = await eventually({
    what: 'Temporal has forgotten',
    read: ask,
    isRight: ({ hasHistory }) => !hasHistory,
    withinMs: 60_000,
  });
  assert.deepEqual(
    later.timeline,
    fromApi.timeline.filter(({ source }) => source !== 'workflow'),
  );
});

test('a case is settled, a waiting order is cancelled, and what is refused says why', async () => {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: lost, times: 1 },
    do: { kind: 'answerLost' },
  });
  const orderId = await service.order({ productId: productOf(lost) });
  const failed = await service.orderIn(orderId, 'failed', 'active');
  assert.equal(failed.failure?.code, 'purchaseUnknown');
  await site.open(`/admin/orders/${orderId}`);
  await inspect(site, 'order-case');
  const { purchases } = await simulator.ledger();
  const ip = purchases.find(({ request }) => request.ip === lost)?.soldAddress ?? '';
  const settle = (address: string, reason: string) =>
    site.act({
      summary: 'Settle the case',
      fields: { 'What happened': 'bought', 'Its address': address, Reason: reason },
      button: 'Settle it',
    });
  await settle('103.99.1.7', 'a guess');
  assert.match((await site.page.getByRole('status').getAttribute('class')) ?? '', /bad/);
  await settle(ip, 'seen in the panel');
  assert.match((await site.page.getByRole('status').getAttribute('class')) ?? '', /good/, await notice(site));
  await service.orderIn(orderId, 'active');
  const unpaid = await service.order({ productId: productOf(sold), pay: false });
  await site.open(`/admin/orders/${unpaid}`);
  await site.act({ summary: 'Cancel', fields: { Reason: 'the customer asked' }, button: 'Cancel the order' });
  await service.orderIn(unpaid, 'cancelled');
  await site.open('/admin/orders/ord-00000000000000000000');
  await site.page.getByText('There is no order with this id').waitFor();
});

/** Opens the page of the locks until the one of `sold`, which may be slow to answer, shows these words. */
const lockShows = (words: RegExp) =>
  eventually({
    what: `the page of the locks shows ${words}`,
    read: async () => {
      await site.open('/admin/locks');
      return site.page.getByRole('region', { name: sold }).innerText();
    },
    isRight: (text) => words.test(text),
  });

test('a lock is paused, released and resumed on its page', async () => {
  await lockShows(/Pause/);
  await inspect(site, 'locks');
  await site.act({ within: sold, summary: 'Pause', fields: { Reason: 'maintenance' }, button: 'Pause' });
  // A lock that is slow to answer keeps the message.
  const late = 'The lock has not answered yet';
  assert.match(await notice(site), new RegExp(`Paused: nothing more is bought from ${sold}|${late}`));
  const [first, second] = [
    await service.order({ productId: productOf(sold) }),
    await service.order({ productId: productOf(sold) }),
  ];
  await eventually({
    what: 'both wait',
    read: () => service.lock(sold),
    isRight: (lock) => lock?.waiters.length === 2,
  });
  await lockShows(/paused[\s\S]*by Asha R\.: maintenance[\s\S]*2 waiting/);
  await inspect(site, 'locks-paused');
  await site.act({
    within: sold,
    summary: `Release ${second}`,
    fields: { Reason: 'to try it' },
    button: `Release ${second}`,
  });
  assert.match(await notice(site), new RegExp(`${second}#1 has neither the lock nor a place|${late}`));
  await lockShows(/Resume/);
  await site.act({ within: sold, summary: 'Resume', fields: { Reason: 'done' }, button: 'Resume' });
  assert.match(await notice(site), new RegExp(`Open again|${late}`));
  await service.orderIn(first, 'active');
  assert.deepEqual(
    (await db.auditLog.find({ 'subject.kind': 'lock' }).toArray()).map(({ by }) => by),
    [name, name, name],
  );
});

test('the stock page shows counts and alerts, reads anew, and stops and starts a sale with a note', async () => {
  const [poolId, day] = [`smartvps:${sold}`, new Date().toISOString().slice(0, 10)];
  const points = [60, 41, 52].map((available, hour) => ({ at: `${day}T0${hour}:00:00.000Z`, available }));
  await service.rawDb
    .collection<{ _id: string }>('stockHistory')
    .updateOne({ _id: `${poolId}:${day}` }, { $set: { poolId, day, points } }, { upsert: true });
  await site.open('/admin/ipStock');
  await site.page.getByRole('img', { name: /Addresses of 103\.196\.1 .*lowest 41, highest 60/ }).waitFor();
  await site.page.getByLabel('Reason').first().fill('to see it now');
  await site.page.getByRole('button', { name: 'Sync now' }).click();
  assert.match(await notice(site), /stock (of smartvps is read, \d+ packages counted|is being read)/);
  const alert = site.page.getByRole('alert');
  await eventually({
    what: 'the alert of the small package',
    read: async () => {
      await site.open('/admin/ipStock');
      return alert.innerText().catch(() => '');
    },
    isRight: (text) => text.includes(`Package "${wrong}" has only 9 IPs left!`),
  });
  await inspect(site, 'stock');
  await site.act({
    within: sold,
    summary: 'Stop the sale',
    fields: { Reason: 'prices change' },
    button: 'Stop the sale',
  });
  assert.match(await notice(site), /is not sold until somebody enables it/);
  assert.match(
    await site.page.getByRole('region', { name: sold }).innerText(),
    /off sale[\s\S]*prices change/,
  );
  assert.equal(
    (await service.storefront.checkout({ productId: productOf(sold), ramGb: 8, os: 'Ubuntu 22' })).status,
    409,
  );
  await site.act({
    within: sold,
    summary: 'Start the sale',
    fields: { Reason: 'prices are set' },
    button: 'Start the sale',
  });
  assert.match(await notice(site), /is sold/);
  assert.deepEqual(
    (await db.auditLog.find({ 'subject.kind': 'product' }).sort({ at: 1 }).toArray()).map(({ act, by }) => [
      act,
      by,
    ]),
    [
      ['disableProduct', name],
      ['enableProduct', name],
    ],
  );
});

test('a wrong server is stranded and given to another order; servers stand there with their money', async () => {
  const held = `${wrong}.9`;
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: sold, times: 1 },
    do: { kind: 'sellAddress', address: held },
  });
  const orderId = await service.order({ productId: productOf(sold) });
  assert.equal((await service.orderIn(orderId, 'failed', 'active')).failure?.code, 'wrongPackage');
  await site.open(`/admin/orders/${orderId}`);
  await inspect(site, 'order-wrong-package');
  await site.act({ summary: 'Retry (provision)', fields: { Reason: 'one more trial' }, button: 'Retry' });
  await service.orderIn(orderId, 'active');
  await site.open('/admin/servers');
  await inspect(site, 'servers');
  const row = site.page.locator('tr', { hasText: held });
  await row.locator('summary').click();
  await row.getByLabel('Reason').fill('its order has another one');
  await row.getByRole('button', { name: 'Strand' }).click();
  await eventually({
    what: 'it is stranded',
    read: () => db.servers.findOne({ _id: `smartvps:${held}` }),
    isRight: (server) => server?.tenancy.state === 'stranded',
  });
  await site.open('/admin/servers?state=stranded');
  assert.match(await site.page.locator('main').innerText(), /\d\s+stranded\s+₹\d+\.00/);
  await simulator.addFaults({ call: 'ipstock', when: { times: 1000 }, do: { kind: 'status', status: 500 } });
  const other = await service.order({ productId: productOf(wrong) });
  await service.orderIn(other, 'failed');
  await site.open('/admin/servers?state=stranded');
  const stranded = site.page.locator('tr', { hasText: held });
  await stranded.locator('summary').click();
  await stranded.getByLabel('Order').fill(other);
  await stranded.getByLabel('Reason').fill('it fits');
  await stranded.getByRole('button', { name: 'Assign' }).click();
  assert.match((await site.page.getByRole('status').getAttribute('class')) ?? '', /good/, await notice(site));
  await simulator.clearFaults();
  assert.equal((await service.orderIn(other, 'active')).server?.ip, held);
});

test('every page fits a phone, by day and by night, with JavaScript as well, and has no serious barrier', async () => {
  const orderId = (await db.orders.findOne({ status: 'active' }))?._id ?? '';
  const pages = {
    orders: '/admin/manageOrders',
    order: `/admin/orders/${orderId}`,
    stock: '/admin/ipStock',
    locks: '/admin/locks',
    servers: '/admin/servers',
  };
  for (const look of [
    { width: 360, dark: false, javaScript: false },
    { width: 360, dark: true, javaScript: true },
    { width: 1_280, dark: true, javaScript: false },
  ]) {
    const window = await openSite({ browser, url: apiUrl, ...look });
    const errors: string[] = [];
    window.page.on('console', (message) => {
      if (message.type() === 'error' && !/favicon/.test(message.location().url)) errors.push(message.text());
    });
    await window.open('/admin/login');
    await inspect(window, 'login');
    await window.signIn({ name, password });
    for (const [called, path] of Object.entries(pages)) {
      await window.open(path);
      await inspect(window, called);
      const overflow = await window.page
        .locator('html')
        .evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
      assert.ok(overflow <= 0, `${called} is ${overflow} px wider than ${look.width} px`);
    }
    assert.deepEqual(errors, [], 'the page breaks no rule of its own policy');
    await window.page.context().close();
  }
  assert.deepEqual(barriers, []);
});

test('the keyboard alone signs in, skips to the content, and signs out', async () => {
  const window = await openSite({ browser, url: apiUrl });
  const { keyboard } = window.page;
  await window.open('/admin/login');
  await keyboard.press('Tab');
  await keyboard.type(name);
  await keyboard.press('Tab');
  await keyboard.type(password);
  await keyboard.press('Enter');
  await window.page.getByRole('heading', { level: 1, name: 'Orders' }).waitFor();
  await keyboard.press('Tab');
  assert.equal(await window.page.locator(':focus').innerText(), 'Skip to the content');
  await keyboard.press('Enter');
  assert.match(window.page.url(), /#main$/);
  await window.page.getByRole('button', { name: 'Sign out' }).press('Enter');
  await window.page.getByRole('button', { name: 'Sign in' }).waitFor();
  await window.open('/admin/servers');
  await window.page.getByRole('button', { name: 'Sign in' }).waitFor();
  await window.page.context().close();
});

test('the incident report answers who came together, what was asked and answered, and who got the wrong address', async () => {
  const from = new Date(Date.now() - 3_600_000).toISOString();
  const to = new Date(Date.now() + 60_000).toISOString();
  const span = ['--package', sold, '--from', from, '--to', to];
  const { out, code, err } = await ops(['incident', ...span, '--json']);
  assert.equal(code, 0, err);
  const incident = JSON.parse(out);
  assert.deepEqual(
    incident.mismatches.map((one: { requested: string; got: string }) => [one.requested, one.got]),
    [[sold, `${wrong}.9`]],
  );
  assert.deepEqual(incident.overlaps, []);
  assert.ok(incident.clusters.length > 0);
  assert.ok(
    incident.purchases.every(({ asked }: { asked: string }) => asked === '{"ip":"103.196.1","ram":"8"}'),
  );
  const file = join(tmpdir(), `incident-${process.pid}.html`);
  const written = await ops(['incident', ...span, '--out', file]);
  assert.equal(written.code, 0, written.err);
  const html = await readFile(file, 'utf8');
  seenPages.push(html, out);
  assert.doesNotMatch(html, /(?:src|href)=/, 'it needs nothing else');
  assert.match(html, /requested 103\.196\.1, got 103\.196\.3\.9/);
  await rm(file);
});

test('tries to sign in are limited, also after a restart of the API', async () => {
  const attempt = async (secret: string) => {
    const window = await openSite({ browser, url: apiUrl });
    await window.open('/admin/login');
    await window.page.getByLabel('Name').fill('somebody');
    await window.page.getByLabel('Password').fill(secret);
    await window.page.getByRole('button', { name: 'Sign in' }).click();
    const words = await window.page.getByRole('alert').innerText();
    await window.page.context().close();
    return words;
  };
  for (let n = 0; n < 5; n += 1) assert.match(await attempt(`guess ${n}`), /is wrong/);
  assert.match(await attempt('guess 6'), /Too many tries\. Wait 1[45] minutes/);
  await service.api.stop();
  await service.startApi();
  assert.match(await attempt('guess 7'), /Too many tries/);
  await site.open('/admin/locks');
  await site.page.getByRole('heading', { level: 1, name: 'Locks' }).waitFor();
});

test('a removed admin is out at once', async () => {
  const removed = await ops(['admin', 'remove', name, '--reason', 'left']);
  assert.equal(removed.code, 0, removed.err);
  await site.open('/admin/servers');
  await site.page.getByRole('button', { name: 'Sign in' }).waitFor();
});

test('no page holds the password of a server, of an admin, or a secret of ours', async () => {
  await assertNothingLeaked(service);
  const words = [...(await passwordsSold(simulator)), password, ...Object.values(secrets)];
  assertAbsent({ words, places: seenPages.map((text, index) => ({ name: `page ${index}`, text })) });
  assert.ok(!service.logLines.join('\n').includes(password));
});
