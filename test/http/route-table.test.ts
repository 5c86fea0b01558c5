import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { apiDocument } from '../../src/http/openapi.ts';
import type { HttpPorts } from '../../src/http/ports.ts';
import type { Access } from '../../src/http/route.ts';
import { routes } from '../../src/http/routes.ts';
import { anOrderReport } from '../site/an-order-report.ts';
import { adminToken, serveApp, storefrontToken } from './serve-app.ts';
import { joinCookies, send, signIn, visit, welcoming } from './site-client.ts';

/** Every route of the service, with who may call it: a new one has to be written down here by hand. */
const rules: Record<string, Access> = {
  'GET /healthz': 'public',
  'GET /readyz': 'public',
  'GET /metrics': 'public',
  'GET /openapi.json': 'public',
  'GET /api/products': 'storefront',
  'POST /api/checkout': 'storefront',
  'GET /api/orders/:id': 'storefrontOrLink',
  'GET /api/orders/:id/timeline': 'admin',
  'POST /api/orders/provision': 'admin',
  'POST /api/orders/:id/retry': 'admin',
  'POST /api/orders/:id/cancel': 'admin',
  'POST /api/orders/:id/compensate': 'admin',
  'POST /api/orders/:id/resolve': 'admin',
  'POST /api/smartvps/sync': 'admin',
  'GET /orders/:id': 'public',
  'POST /orders/:id': 'public',
  'GET /orders/:id/renew': 'public',
  'POST /orders/:id/renew': 'public',
  'GET /orders/:id/switch': 'public',
  'POST /orders/:id/switch': 'public',
  'POST /webhooks/cashfree': 'gatewaySignature',
  'POST /webhooks/razorpay': 'gatewaySignature',
  'GET /admin/site.css': 'public',
  'GET /admin/login': 'visitor',
  'POST /admin/login': 'visitor',
  'POST /admin/logout': 'page',
  'GET /admin': 'page',
  'GET /admin/manageOrders': 'page',
  'POST /admin/manageOrders/search': 'page',
  'POST /admin/manageOrders/retry': 'page',
  'GET /admin/orders/:id': 'page',
  'POST /admin/orders/:id/retry': 'page',
  'POST /admin/orders/:id/cancel': 'page',
  'POST /admin/orders/:id/compensate': 'page',
  'POST /admin/orders/:id/resolve': 'page',
  'POST /admin/orders/:id/assign': 'page',
  'POST /admin/orders/:id/customer': 'page',
  'POST /admin/orders/:id/login': 'page',
  'GET /admin/ipStock': 'page',
  'POST /admin/ipStock/sync': 'page',
  'POST /admin/ipStock/sale': 'page',
  'GET /admin/locks': 'page',
  'POST /admin/locks': 'page',
  'GET /admin/servers': 'page',
  'POST /admin/servers': 'page',
};

const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;
test('every route has the access rule that is written down for it, and nothing else is a route', () => {
  assert.deepEqual(Object.fromEntries(routes.map((route) => [nameOf(route), route.access])), rules);
});

test('no route lets in a stranger, or a token where only people act', async (context) => {
  const { call } = await serveApp(context);
  for (const route of routes) {
    const path = route.path.replace(':id', 'ord-1');
    const body = route.method === 'POST' && route.body !== 'form' ? { body: {} } : {};
    const ask = async (token?: string) =>
      (await call({ method: route.method, path, ...body, ...(token === undefined ? {} : { token }) })).status;
    if (['storefront', 'storefrontOrLink', 'admin'].includes(route.access)) {
      assert.equal(await ask(), 401, nameOf(route));
      assert.equal(await ask('x'.repeat(40)), 401, nameOf(route));
    }
    if (route.access === 'admin') assert.equal(await ask(storefrontToken), 403, nameOf(route));
    if (route.access === 'page') {
      const isAct = route.method === 'POST' && route.path !== '/admin/logout';
      for (const token of [undefined, storefrontToken, adminToken]) {
        assert.equal(await ask(token), isAct ? 401 : 303, nameOf(route));
      }
    }
  }
});

test('nothing is written from another site: every form needs the token of its own session', async (context) => {
  const { url, cookie, before } = await signIn(context);
  const page = await visit(url, '/admin/locks', cookie);
  assert.equal(page.status, 200);
  for (const route of routes.filter(({ method, body }) => method === 'POST' && body === 'form')) {
    const path = route.path.replace(':id', 'ord-1');
    for (const csrfToken of ['', 'made-up', before.csrfToken]) {
      const { status } = await send(url, path, { cookie: page.cookie, csrfToken });
      assert.equal(status, 403, nameOf(route));
    }
  }
});

test('all forms of the first page after the login have the token of its one cookie', async (context) => {
  const { url, cookie } = await signIn(context, {
    searchOrders: async () => [],
    countOpen: async () => ({ byStatus: [], byCode: [], oldest: null, isCapped: false }),
  });
  const response = await fetch(`${url}/admin/manageOrders`, { headers: { cookie } });
  const tokens = [...(await response.text()).matchAll(/name="csrfToken" value="([^"]+)"/g)].map(
    ([, token]) => token,
  );
  const cookies = response.headers.getSetCookie().filter((one) => one.startsWith('harbourmaster.csrf='));
  assert.ok(tokens.length > 1);
  assert.equal(new Set(tokens).size, 1);
  assert.equal(cookies.length, 1);
  assert.match(cookies[0] ?? '', /; SameSite=Lax/);
});

test('the API takes a session too: it reads freely, writes with the token of the session, and acts under its name', async (context) => {
  const wishes: { by: string }[] = [];
  const { url, cookie } = await signIn(context, {
    retryOrder: async (wish) => {
      wishes.push(wish);
      return { kind: 'accepted', orderId: wish.orderId, orderStatus: 'queued', next: 'It goes on.' };
    },
  });
  const page = await visit(url, '/admin/locks', cookie);
  const retry = (headers: Record<string, string>) =>
    fetch(`${url}/api/orders/ord-1/retry`, {
      method: 'POST',
      headers: { cookie: page.cookie, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ by: 'somebody else' }),
    });
  assert.equal((await retry({})).status, 403);
  assert.equal((await retry({ 'x-csrf-token': page.csrfToken })).status, 202);
  assert.deepEqual(
    wishes.map(({ by }) => by),
    ['Asha'],
  );
  const timeline = await fetch(`${url}/api/orders/ord-1/timeline`, { headers: { cookie: page.cookie } });
  assert.equal(timeline.status, 404);
});

test('whoever has to sign in first comes to the page that they asked for, and to none but ours', async (context) => {
  const { url } = await serveApp(context, { ...welcoming, reportOrder: async () => null });
  const asked = '/admin/manageOrders?status=failed&package=103.181.91';
  const turned = await fetch(`${url}${asked}`, { redirect: 'manual' });
  const way = turned.headers.get('location') ?? '';
  assert.equal(way, `/admin/login?to=${encodeURIComponent(asked)}`);
  for (const [path, leadsTo] of [
    [way, asked],
    ['/admin/login?to=/admin/orders/ord-1', '/admin/orders/ord-1'],
    ['/admin/login', '/admin/manageOrders'],
    ['/admin/login?to=https://evil.example/', '/admin/manageOrders'],
    ['/admin/login?to=//evil.example/admin/locks', '/admin/manageOrders'],
    ['/admin/login?to=/admin/orders/ord-1/login', '/admin/manageOrders'],
  ] as const) {
    const page = await visit(url, path);
    const to = /name="to" value="([^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&');
    const fields = { name: 'asha', password: 'right', ...(to === undefined ? {} : { to }) };
    const { location } = await send(url, '/admin/login', page, fields);
    assert.equal(location, leadsTo, path);
  }
});

test('a form whose session has ended does nothing, says so, and does not lose the reason', async (context) => {
  const { url, cookie } = await signIn(context, { reportOrder: async () => anOrderReport() });
  const { orderId } = anOrderReport();
  const page = await visit(url, `/admin/orders/${orderId}`, cookie);
  assert.equal(page.status, 200);
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 });
  const reason = 'the customer <b>called</b> twice';
  const late = async (headers: Record<string, string>) => {
    const response = await fetch(`${url}/admin/orders/${orderId}/cancel`, {
      method: 'POST',
      headers: { cookie: page.cookie, 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams({ csrfToken: page.csrfToken, reason }),
    });
    const text = await response.text();
    assert.equal(response.status, 401);
    assert.match(text, /Nothing was done: your session has ended/);
    return { text, cookie: joinCookies(page.cookie, response) };
  };
  assert.doesNotMatch((await late({ 'sec-fetch-site': 'cross-site' })).text, /called/);
  const { text, cookie: anew } = await late({ 'sec-fetch-site': 'same-origin' });
  const hidden = [...text.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)];
  const fields = Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value]));
  assert.deepEqual(Object.keys(fields).sort(), ['csrfToken', 'late', 'reason', 'to']);
  const jar = { cookie: anew, csrfToken: fields.csrfToken ?? '' };
  const back = await send(url, '/admin/login', jar, { ...fields, reason, name: 'asha', password: 'right' });
  assert.equal(back.location, `/admin/orders/${orderId}`);
  const again = await visit(url, back.location ?? '', back.cookie);
  assert.match(again.text, /Nothing was done: your session had ended\. Send it again\./);
  assert.match(again.text, /The reason that you wrote: the customer &lt;b&gt;called&lt;\/b&gt; twice/);
});

test('a session ends by its longest life, whatever is done with it', async (context) => {
  const { url, cookie } = await signIn(context, {}, { absoluteMs: -1 });
  assert.equal((await visit(url, '/admin/servers', cookie)).status, 303);
});

test('a session ends with its last request: the idle time is counted from there', async (context) => {
  const { url, cookie } = await signIn(context, {}, { idleMs: 60_000 });
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  context.mock.timers.tick(50_000);
  const awake = await visit(url, '/admin/servers', cookie);
  assert.equal(awake.status, 200);
  context.mock.timers.tick(50_000);
  const again = await visit(url, '/admin/servers', awake.cookie);
  assert.equal(again.status, 200);
  context.mock.timers.tick(60_001);
  assert.equal((await visit(url, '/admin/servers', again.cookie)).status, 303);
});

test('a session that a long request stores again lets nobody in whose admin is gone or has another password', async (context) => {
  for (const after of [null, 'second']) {
    let generation: string | null = 'first';
    const { url, cookie } = await signIn(
      context,
      {
        // Removed while the request is under way: its notice is stored after that.
        strandServer: async () => {
          generation = after;
          return { kind: 'accepted', next: 'Done.' };
        },
      },
      { findGeneration: async () => generation },
    );
    const page = await visit(url, '/admin/servers', cookie);
    assert.equal(page.status, 200);
    const fields = { ip: '103.1.1.1', act: 'strand', reason: 'a test' };
    assert.equal((await send(url, '/admin/servers', page, fields)).location, '/admin/servers');
    const next = await visit(url, '/admin/servers', page.cookie);
    assert.equal(next.status, 303);
    const api = await fetch(`${url}/api/orders/ord-1/timeline`, { headers: { cookie: page.cookie } });
    assert.equal(api.status, 401);
    generation = 'first';
    assert.equal((await visit(url, '/admin/servers', page.cookie)).status, 303, 'it stays ended');
  }
});

test("every answer lets the browser keep the session's cookie for the idle time from there", async (context) => {
  const { url, cookie } = await signIn(context, {}, { idleMs: 60_000 });
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  context.mock.timers.tick(50_000);
  const { headers } = await fetch(`${url}/admin/servers`, { headers: { cookie } });
  const kept = headers.getSetCookie().find((one) => one.startsWith('harbourmaster.session=')) ?? '';
  const expires = Date.parse(/Expires=([^;]+)/.exec(kept)?.[1] ?? '');
  assert.ok(Math.abs(expires - Date.now() - 60_000) < 2_000, kept);
});

test('a session gets a new id at its login', async (context) => {
  const { cookie, before } = await signIn(context);
  const idOf = (jar: string) => /harbourmaster\.session=([^;]+)/.exec(jar)?.[1];
  assert.notEqual(idOf(cookie), undefined);
  assert.notEqual(idOf(cookie), idOf(before.cookie));
});

test('where the site is reached by https its cookies go by https alone', async (context) => {
  const { url } = await serveApp(context, welcoming, { isSecure: true });
  const response = await fetch(`${url}/admin/login`, { headers: { 'x-forwarded-proto': 'https' } });
  const cookies = response.headers.getSetCookie();
  assert.ok(cookies.length > 0);
  for (const cookie of cookies) assert.match(cookie, /; Secure/);
  assert.match(response.headers.get('strict-transport-security') ?? '', /max-age=/);
});

test('where no session can begin, since a proxy does not say that it was reached by https, the login page says so', async (context) => {
  const { url } = await serveApp(context, welcoming, { isSecure: true });
  const read = async (headers: Record<string, string>) =>
    (await fetch(`${url}/admin/login`, { headers })).text();
  assert.match(await read({}), /was not reached by https.*X-Forwarded-Proto/);
  assert.doesNotMatch(await read({ 'x-forwarded-proto': 'https' }), /not reached by https/);
});

test('pages allow no script, no frame and no cache', async (context) => {
  const { call } = await serveApp(context, welcoming);
  const { headers, text } = await call({ path: '/admin/login' });
  const policy = String(headers['content-security-policy']);
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /script-src|unsafe/);
  assert.equal(headers['cache-control'], 'no-store');
  assert.doesNotMatch(text, /<script|style="| on\w+="/);
});

test('what people typed is text on a page, never markup', async (context) => {
  const cause = '<img src=x onerror=alert(1)>"\'&';
  const server = {
    ip: cause,
    supplier: 'smartvps',
    state: 'stranded',
    orderId: cause,
    since: 'x',
    expiresAt: null,
  } as const;
  const { url, cookie } = await signIn(context, {
    listServers: async () => ({
      servers: [{ ...server, since: '2026-11-21T10:00:00.000Z', cost: null, cause }],
      totals: [],
    }),
  });
  const { text, status } = await visit(url, '/admin/servers', cookie);
  assert.equal(status, 200);
  assert.ok(text.includes('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;'));
  assert.ok(!text.includes('<img'));
});

test('a page answers an error as a page, with the id that is in the log', async (context) => {
  const { url, cookie } = await signIn(context, {
    listLocks: async () => {
      throw new Error('a secret inside');
    },
  });
  const { status, text } = await visit(url, '/admin/locks', cookie);
  assert.equal(status, 500);
  assert.match(text, /<h1>Something went wrong here<\/h1>/);
  assert.doesNotMatch(text, /a secret inside/);
});

test('the description of the API has every route that is no page, and is sound', async () => {
  const document = apiDocument();
  const described = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    (['get', 'post'] as const).flatMap((method) =>
      item?.[method] ? [`${method.toUpperCase()} ${path}`] : [],
    ),
  );
  const expected = routes
    .filter(({ path }) => !/^\/admin\b/.test(path))
    .map((route) => nameOf(route).replace(/:(\w+)/g, '{$1}'));
  assert.deepEqual(described.sort(), expected.sort());
  // What only a monitoring reads refuses nothing.
  const config = await createConfig({ extends: ['recommended'], rules: { 'operation-4xx-response': 'off' } });
  const source = JSON.stringify(document);
  const problems = await lintFromString({ source, config, absoluteRef: '/openapi.json' });
  assert.deepEqual(
    problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer})`),
    [],
  );
});

test('a search by address asks why, goes with the filter and on to its next page, and stands in no URL', async (context) => {
  const asked: Parameters<HttpPorts['searchByEmail']>[0][] = [];
  const line = (index: number) => ({
    orderId: `ord-${String(100 - index).padStart(20, '0')}`,
    ...({ status: 'queued', statusText: 'Waiting', since: '2026-11-21T10:00:00.000Z' } as const),
    ...{ ageSeconds: 60, packageKey: '103.181.91', failureCode: null, next: null },
  });
  const { url, cookie } = await signIn(context, {
    searchOrders: async () => [],
    countOpen: async () => ({ byStatus: [], byCode: [], oldest: null, isCapped: false }),
    searchByEmail: async (search) => {
      asked.push(search);
      return Array.from({ length: 51 }, (_, index) => line(index));
    },
  });
  const page = await visit(url, '/admin/manageOrders?status=queued&package=103.181.91', cookie);
  const path = '/admin/manageOrders/search';
  const refused = await send(url, path, page, { email: 'a@example.com' });
  assert.deepEqual([refused.status, refused.location, asked.length], [303, '/admin/manageOrders', 0]);
  const post = async (html: string, fields: Record<string, string>) => {
    const form = html.split('<form').find((one) => one.includes(`action="${path}"`)) ?? '';
    const hidden = [...form.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)];
    const given = hidden.map(([, name = '', value = '']): [string, string] => [name, value]);
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { cookie: page.cookie, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams([...given, ...Object.entries(fields)]),
    });
    assert.equal(response.status, 200);
    return response.text();
  };
  const first = await post(page.text, { email: 'a@example.com', reason: 'they called' });
  const { length } = first.split('<form');
  const older = `<form${first.split('<form')[length - 1]}`;
  await post(older, {});
  const [one, two] = asked;
  assert.deepEqual(
    [one?.status, one?.packageKey, one?.reason, one?.by, one?.before],
    ['queued', '103.181.91', 'they called', 'Asha', null],
  );
  assert.deepEqual({ ...two, before: null }, one);
  assert.equal(two?.before, line(49).orderId);
  assert.doesNotMatch(first, /(?:href|action)="[^"]*example/);
});
