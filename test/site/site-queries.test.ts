import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Client, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { type CommandStartedEvent, MongoClient } from 'mongodb';
import { createAdminBook } from '../../src/admins/admin-book.ts';
import type { AdminDocument } from '../../src/admins/admin-document.ts';
import type { DoneAct } from '../../src/audit/audit-log.ts';
import type { Config } from '../../src/config.ts';
import { collectionsOf, prepareIndexes, prepareSiteIndexes } from '../../src/database.ts';
import { defaultPolicy, resolvePolicy } from '../../src/domain/policy.ts';
import { problemOf } from '../../src/http/problem.ts';
import { serverStates } from '../../src/http/site/site-ports.ts';
import { listProducts } from '../../src/orders/list-products.ts';
import { composeSite } from '../../src/site-composition.ts';
import { createStockDesk } from '../../src/stock/stock-desk.ts';
import { serveApp, storefrontToken } from '../http/serve-app.ts';
import { anOrder, aPackage, aProduct, aPurchase } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const { uri, db: fresh } = await freshDatabase();
const client = new MongoClient(uri, { monitorCommands: true });
after(() => client.close());
const raw = client.db(fresh.databaseName);
const db = collectionsOf(raw);
await prepareIndexes(db);
await prepareSiteIndexes(raw);
await db.orders.insertMany([
  anOrder({ _id: 'ord-01m7z22vtkd37c4mpb6p' }),
  anOrder({ _id: 'ord-01m7z22t4kgya5kr8my8' }),
]);

const login = { name: 'Asha', password: 'a password of some length' };
const admins = raw.collection<AdminDocument>('admins');
const book = createAdminBook({
  admins,
  endSessions: async () => undefined,
  now: () => new Date().toISOString(),
});
await book.add({ ...login, by: 'a test', replace: false });
const config = {
  publicUrl: 'http://127.0.0.1',
  http: { sessionSecret: 'session-secret-of-at-least-32-characters' },
  credentialsKeys: [],
  temporal: { namespace: 'default' },
  temporalUiUrl: null,
} as unknown as Config<'api'>;
const silent = () => undefined;
const readPolicy = async () => resolvePolicy(defaultPolicy);
const now = () => '2026-11-21T10:05:00.000Z';
const recorded: DoneAct[] = [];
let isTemporalAway = false;
/** No lock runs; or nothing answers at all. */
const temporal = {
  withDeadline: <T>(_deadline: number, ask: () => T) => ask(),
  workflow: {
    async *list() {},
    getHandle: (id: string) => ({
      describe: async () => {
        throw isTemporalAway
          ? new ServiceError('away')
          : new WorkflowNotFoundError('It does not run', id, undefined);
      },
    }),
  },
};
const site = composeSite({
  config,
  client: temporal as unknown as Client,
  database: { client, db: raw },
  db,
  stockDesk: createStockDesk({ db, readPolicy, recordAct: async () => undefined, now }),
  recordAct: async (act) => {
    recorded.push(act);
  },
  readPolicy,
  log: { warn: silent, info: silent, error: silent } as never,
  betweenTries: async () => undefined,
});
after(() => site.stop());

const seen: CommandStartedEvent[] = [];
client.on('commandStarted', (event) => seen.push(event));
const dataCommands = [
  'find',
  'aggregate',
  'count',
  'distinct',
  'insert',
  'update',
  'findAndModify',
  'delete',
];
/** What a page asked the database for; its session and who that belongs to are looked up beside that, by `_id`. */
const callsOf = (events: CommandStartedEvent[]) =>
  events.filter(({ commandName, command }) => {
    return dataCommands.includes(commandName) && !['sessions', 'admins'].includes(command[commandName]);
  });

/** Every combination of the list's filters, as the form sends them. */
function* searches(): Generator<string> {
  const given = {
    status: 'failed',
    code: 'wrongPackage',
    package: '103.181.91',
    from: '2026-11-01',
    to: '2026-11-30',
    before: 'ord-01m7z22vtkd37c4mpb6p',
  };
  const names = Object.entries(given);
  for (let mask = 0; mask < 2 ** names.length; mask += 1) {
    yield new URLSearchParams(names.filter((_, index) => (mask >> index) & 1)).toString();
  }
}

test('each list asks the database at most three times, and each question is the beginning of an index', async (context) => {
  const { url } = await serveApp(context, site.ports, site.sessions);
  const cookie = await signIn(url);
  const indexes = await declaredIndexes();
  const pages = [
    ...[...searches()].map((query) => `/admin/manageOrders?${query}`),
    '/admin/servers',
    '/admin/locks',
    ...serverStates.map((state) => `/admin/servers?state=${state}`),
  ];
  for (const path of pages) {
    seen.length = 0;
    const response = await fetch(`${url}${path}`, { headers: { cookie: cookie.jar }, redirect: 'manual' });
    assert.equal(response.status, 200, path);
    await response.text();
    assertCalls({ path, indexes });
  }
  seen.length = 0;
  const found = await fetch(`${url}/admin/manageOrders/search`, {
    method: 'POST',
    headers: { cookie: cookie.jar, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ csrfToken: cookie.token, email: 'customer@example.com', reason: 'a test' }),
  });
  assert.equal(found.status, 200);
  assertCalls({ path: 'the search by e-mail', indexes });
});

test('the stock page asks each of its five collections once, however many packages there are', async (context) => {
  const { url } = await serveApp(context, site.ports, site.sessions);
  const cookie = await signIn(url);
  const indexes = await declaredIndexes();
  const counts = { available: 9, readAt: now() };
  for (let nth = 1; nth <= 5; nth += 1) {
    const packageKey = `103.190.${nth}`;
    const _id = `ord-${nth}`;
    const holds = [{ orderId: `${_id}-unpaid`, until: '2026-11-21T11:00:00.000Z' }];
    await db.packages.insertOne(aPackage({ packageKey, counts, holds }));
    await db.products.insertOne(aProduct({ _id: `p-${nth}`, packageKey }));
    const goods = { state: 'buying', purchaseId: `${_id}#1` } as const;
    await db.orders.insertOne(anOrder({ _id, packageKey, goods, status: 'provisioning' }));
    await db.purchases.insertOne(aPurchase({ _id: `${_id}#1`, packageKey, state: 'sent', sentAt: now() }));
  }
  seen.length = 0;
  const response = await fetch(`${url}/admin/ipStock`, { headers: { cookie: cookie.jar } });
  assert.equal(response.status, 200);
  assert.match(await response.text(), /103\.190\.5/);
  // Packages, products, history, orders and purchases: the embedded database joins nothing.
  assertCalls({ path: '/admin/ipStock', indexes, most: 5 });
});

test('the list of products asks each of its four collections once', async (context) => {
  const listing = createStockDesk({ db, readPolicy, recordAct: async () => undefined, now });
  const { url } = await serveApp(context, { listProducts: () => listProducts(listing) });
  const indexes = await declaredIndexes();
  seen.length = 0;
  const headers = { authorization: `Bearer ${storefrontToken}` };
  const response = await fetch(`${url}/api/products`, { headers });
  assert.equal(response.status, 200);
  assert.match(await response.text(), /"p-5"/);
  // Packages, products, orders and purchases, as a checkout that has to agree with it.
  assertCalls({ path: '/api/products', indexes, most: 4 });
});

test('the stock page alerts at the mark, and says since when and why a count is not confirmed', async (context) => {
  const { url } = await serveApp(context, site.ports, site.sessions);
  const { jar } = await signIn(url);
  const stale = { since: '2026-11-21T08:00:00.000Z', why: 'SmartVPS answered with HTTP status 503.' };
  const counts = { available: 10, readAt: '2026-11-21T07:55:00.000Z' };
  await db.packages.insertOne(aPackage({ packageKey: '103.177.1', counts }));
  await db.products.insertOne(aProduct({ _id: 'p-low', packageKey: '103.177.1' }));
  await db.packages.insertOne(aPackage({ packageKey: '103.177.2', counts, stale }));
  await db.products.insertOne(aProduct({ _id: 'p-stale', packageKey: '103.177.2' }));
  const page = await (await fetch(`${url}/admin/ipStock`, { headers: { cookie: jar } })).text();
  const text = page
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&quot;', '"')
    .replace(/\s+/g, ' ');
  assert.match(page, /role="alert"/);
  assert.match(text, /Package "103\.177\.1" has only 10 IPs left!/);
  assert.doesNotMatch(text, /Package "103\.177\.2" has only/, 'nobody knows');
  assert.match(
    text,
    /103\.177\.2 smartvps 10 addresses not known now .+ Stale since 21 Nov 2026, 08:00 UTC : SmartVPS answered with HTTP status 503\./,
  );
});

test('the page does not say that the stock is read where the supplier did not answer', async (context) => {
  const told = { isWell: false, lines: ['The stock of smartvps is not read.'] };
  const syncStock = async () => ({ kind: 'done' as const, sync: {}, told, stock: [] });
  const { url } = await serveApp(context, { ...site.ports, syncStock }, site.sessions);
  const { jar, token } = await signIn(url);
  const headers = { cookie: jar, 'content-type': 'application/x-www-form-urlencoded' };
  const body = new URLSearchParams({ csrfToken: token, reason: 'a test' });
  const sent = { method: 'POST', headers, body, redirect: 'manual' } as const;
  assert.equal((await fetch(`${url}/admin/ipStock/sync`, sent)).status, 303);
  const page = await (await fetch(`${url}/admin/ipStock`, { headers: { cookie: jar } })).text();
  assert.match(page, /class="notice bad"[^>]*>\s*<p>The stock of smartvps is not read\./);
  assert.doesNotMatch(page, /The stock is read/);
});

type Indexes = Map<string, Record<string, 1 | -1>[]>;

function assertCalls({ path, indexes, most = 3 }: { path: string; indexes: Indexes; most?: number }): void {
  const calls = callsOf(seen);
  assert.ok(calls.length > 0 && calls.length <= most, `${path} made ${calls.length} calls`);
  for (const { commandName, command } of calls) {
    if (commandName === 'insert' || isTotal(command)) continue;
    assert.equal(commandName, 'find', path);
    const known = indexes.get(command.find) ?? [];
    const { $or: parts = [command.filter ?? {}] } = command.filter ?? {};
    assert.ok(
      parts.every((filter: object) => known.some((index) => serves(index, { ...command, filter }))),
      `${path} asks ${command.find} for ${JSON.stringify(command.filter)} sorted by ${JSON.stringify(command.sort)}`,
    );
  }
}

/** The sums over all servers by state: the one question that is meant to read a whole collection. */
function isTotal({ aggregate, pipeline = [] }: CommandStartedEvent['command']): boolean {
  return (
    aggregate === 'servers' && pipeline.length === 2 && '$match' in pipeline[0] && '$group' in pipeline[1]
  );
}

/** True where the index begins with what is asked for exactly, and goes on with the range and the order. */
function serves(
  index: Record<string, 1 | -1>,
  { filter = {}, sort = {} }: CommandStartedEvent['command'],
): boolean {
  if (filter.$or) {
    return filter.$or.every((branch: Record<string, unknown>) => serves(index, { filter: branch, sort }));
  }
  // One of some values is as many exact questions, whose answers are merged in order.
  const isExact = (field: string) => typeof filter[field] !== 'object' || '$in' in filter[field];
  const exact = Object.keys(filter).filter(isExact);
  const ranges = Object.keys(filter).filter((field) => !isExact(field));
  const fields = Object.keys(index);
  const begins = fields.slice(0, exact.length);
  const rest = fields.slice(exact.length);
  const sorted = Object.keys(sort);
  const directions = new Set(sorted.map((field) => sort[field] * (index[field] ?? 0)));
  return (
    exact.every((field) => begins.includes(field)) &&
    ranges.every((field) => rest[0] === field) &&
    sorted.every((field, position) => rest[position] === field) &&
    directions.size <= 1
  );
}

async function declaredIndexes(): Promise<Indexes> {
  const names = ['orders', 'servers', 'packages', 'products', 'purchases', 'stockHistory'];
  const read = names.map(async (name): Promise<[string, Record<string, 1 | -1>[]]> => {
    const listed = await raw
      .collection(name)
      .listIndexes()
      .toArray()
      .catch(() => []);
    return [name, [{ _id: 1 as const }, ...listed.map(({ key }) => key)]];
  });
  return new Map(await Promise.all(read));
}

async function signIn(url: string): Promise<{ jar: string; token: string }> {
  const cookiesOf = (response: Response) =>
    response.headers.getSetCookie().map((one) => one.split(';')[0] ?? '');
  const tokenOf = (html: string) => /name="csrfToken" value="([^"]+)"/.exec(html)?.[1] ?? '';
  const page = await fetch(`${url}/admin/login`);
  const welcomed = await fetch(`${url}/admin/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: cookiesOf(page).join('; '), 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...login, csrfToken: tokenOf(await page.text()) }),
  });
  assert.equal(welcomed.status, 303);
  const session = cookiesOf(welcomed).filter((one) => one.startsWith('harbourmaster.session'));
  const servers = await fetch(`${url}/admin/servers`, { headers: { cookie: session.join('; ') } });
  return {
    jar: [...session, ...cookiesOf(servers).filter((one) => one.includes('csrf'))].join('; '),
    token: tokenOf(await servers.text()),
  };
}

test('the figures are told also where Temporal does not answer, and a late order then counts as late', async () => {
  await db.orders.updateOne(
    { _id: 'ord-01m7z22t4kgya5kr8my8' },
    { $set: { status: 'queued', open: true, money: 'kept', statusSince: '2020-01-01T00:00:00.000Z' } },
  );
  isTemporalAway = true;
  const { ordersPastBound } = await site.ports.measure();
  assert.ok(ordersPastBound >= 1);
});

test('the page of the locks says that Temporal cannot be reached, and not that we made an error', async () => {
  isTemporalAway = true;
  const error = await site.ports.listLocks().catch((thrown: unknown) => thrown);
  const { status, body } = problemOf(error);
  assert.equal(status, 503);
  assert.match(JSON.stringify(body), /Failed to reach Temporal/);
});

test('sign-ins, those that failed too, and sign-outs are recorded, without what nobody is called', async () => {
  recorded.length = 0;
  const address = '192.0.2.77';
  await site.ports.logIn({ name: 'asha', password: 'a wrong password', address });
  await site.ports.logIn({ name: 'a password typed as a name', password: 'x', address });
  await site.ports.logIn({ ...login, address });
  await site.ports.noteSignOut({ name: 'Asha' });
  assert.deepEqual(
    recorded.map(({ act, by, subject, accepted }) => [act, by, subject.id, accepted]),
    [
      ['signIn', 'somebody', 'Asha', false],
      ['signIn', 'somebody', 'unknown name', false],
      ['signIn', 'Asha', 'Asha', true],
      ['signOut', 'Asha', 'Asha', true],
    ],
  );
  assert.doesNotMatch(JSON.stringify(recorded), /typed as a name|a wrong password/);
});
