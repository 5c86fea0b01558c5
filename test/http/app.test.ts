import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  CheckoutOutcome,
  CheckoutReply,
  CheckoutRequest,
  OrderView,
} from '../../src/domain/storefront.ts';
import type { OrderActOutcome, OrderWish } from '../../src/http/ports.ts';
import { routes } from '../../src/http/routes.ts';
import { adminToken, serveApp, storefrontToken } from './serve-app.ts';

const checkout = {
  productId: 'silver-91',
  ramGb: 8,
  os: 'Ubuntu 22',
  customer: { name: 'A Customer', email: 'customer@example.com', phone: '+91 98765-43210' },
};

const reply: CheckoutReply = {
  orderId: 'ord-1',
  status: 'pendingPayment',
  listPricePaise: 49_900,
  discountPaise: 0,
  amountPaise: 49_900,
  currency: 'INR',
  orderUrl: 'https://shop.example/orders/ord-1?until=1&key=k',
  payment: { gateway: 'cashfree', gatewayOrderId: '7', sessionId: 'session_x' },
};

const order: OrderView = {
  orderId: 'ord-1',
  status: 'active',
  statusSince: '2026-11-23T08:30:00.000Z',
  statusText: 'Delivered',
  customerText: 'Your server is delivered.',
  productId: 'silver-91',
  productName: 'Silver',
  ramGb: 8,
  os: 'Ubuntu 22',
  listPricePaise: 49_900,
  discountPaise: 0,
  amountPaise: 49_900,
  currency: 'INR',
  createdAt: '2026-11-23T08:00:00.000Z',
  paidAt: '2026-11-23T08:01:00.000Z',
  server: { ip: '103.181.91.10' },
};

test('without a valid token every guarded route answers 401 and calls nothing', async (context) => {
  const { call } = await serveApp(context);
  for (const { method, path, access } of routes) {
    if (access !== 'storefront' && access !== 'storefrontOrLink' && access !== 'admin') continue;
    for (const token of [undefined, '', 'wrong', `${adminToken}x`, adminToken.slice(1)]) {
      const answer = await call({
        method,
        path: path.replace(':id', 'ord-1'),
        ...(token === undefined ? {} : { token }),
      });
      assert.equal(answer.status, 401, `${method} ${path}`);
      assert.equal(answer.json.type, '/problems/not-signed-in');
      assert.equal(answer.headers['www-authenticate'], 'Bearer');
    }
  }
});

test('the storefront token opens no admin route, the admin token opens the storefront', async (context) => {
  const { call } = await serveApp(context, { listProducts: async () => [] });
  for (const path of ['/api/orders/provision', '/api/orders/ord-1/retry']) {
    const answer = await call({ method: 'POST', path, token: storefrontToken, body: { orderId: 'ord-1' } });
    assert.equal(answer.status, 403);
    assert.equal(answer.json.type, '/problems/not-allowed');
  }
  assert.equal((await call({ path: '/api/products', token: adminToken })).status, 200);
});

test('products are listed in the agreed shape', async (context) => {
  const product = { productId: 'p', name: 'P', available: true, sizes: [{ ramGb: 8, pricePaise: 49_900 }] };
  const { call } = await serveApp(context, { listProducts: async () => [product] });
  const answer = await call({ path: '/api/products', token: storefrontToken });
  assert.equal(answer.status, 200);
  assert.deepEqual(JSON.parse(answer.text), [product]);
});

test('a checkout hands on what is known of it: no price, a plain phone number, the default gateway', async (context) => {
  const requests: CheckoutRequest[] = [];
  const { call } = await serveApp(context, {
    placeOrder: async (request) => {
      requests.push(request);
      return { kind: 'placed', reply };
    },
  });
  const answer = await call({
    method: 'POST',
    path: '/api/checkout',
    token: storefrontToken,
    headers: { 'idempotency-key': 'key-1' },
    body: { ...checkout, pricePaise: 1, amountPaise: 1, gateway: undefined },
  });
  assert.equal(answer.status, 201);
  assert.deepEqual(answer.json, { ...reply });
  assert.equal(answer.headers.location, '/api/orders/ord-1');
  assert.deepEqual(requests, [
    {
      ...checkout,
      customer: { ...checkout.customer, phone: '+919876543210' },
      discountCode: null,
      gateway: 'cashfree',
      idempotencyKey: 'key-1',
    },
  ]);
});

const operator = { $gt: '' };
const badCheckouts: [name: string, change: object, field: string][] = [
  ['operator object as productId', { productId: operator }, 'productId'],
  ['missing productId', { productId: undefined }, 'productId'],
  ['operator object as ramGb', { ramGb: operator }, 'ramGb'],
  ['text as ramGb', { ramGb: '8' }, 'ramGb'],
  ['fraction as ramGb', { ramGb: 7.5 }, 'ramGb'],
  ['operator object as os', { os: operator }, 'os'],
  ['unknown os', { os: 'Windows 95' }, 'os'],
  ['os by its supplier code', { os: 'ubuntu' }, 'os'],
  ['customer as text', { customer: 'x' }, 'customer'],
  ['operator object as name', { customer: { ...checkout.customer, name: operator } }, 'customer.name'],
  ['empty name', { customer: { ...checkout.customer, name: ' ' } }, 'customer.name'],
  ['name with a line break', { customer: { ...checkout.customer, name: 'A\r\nBcc: x' } }, 'customer.name'],
  ['name of 101 characters', { customer: { ...checkout.customer, name: 'n'.repeat(101) } }, 'customer.name'],
  ['operator object as email', { customer: { ...checkout.customer, email: operator } }, 'customer.email'],
  [
    'two addresses as email',
    { customer: { ...checkout.customer, email: 'a@b.example, c@d.example' } },
    'customer.email',
  ],
  ['operator object as phone', { customer: { ...checkout.customer, phone: operator } }, 'customer.phone'],
  ['phone of 7 digits', { customer: { ...checkout.customer, phone: '1234567' } }, 'customer.phone'],
  ['phone of 16 digits', { customer: { ...checkout.customer, phone: '1'.repeat(16) } }, 'customer.phone'],
  ['operator object as gateway', { gateway: operator }, 'gateway'],
  ['unknown gateway', { gateway: 'cash' }, 'gateway'],
  ['operator object as discountCode', { discountCode: operator }, 'discountCode'],
];

for (const [name, change, field] of badCheckouts) {
  test(`a checkout with ${name} is a 400 that names ${field}, and nothing is placed`, async (context) => {
    const { call } = await serveApp(context);
    const body = { ...checkout, ...change };
    const answer = await call({ method: 'POST', path: '/api/checkout', token: storefrontToken, body });
    assert.equal(answer.status, 400);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    assert.equal(answer.json.type, '/problems/invalid-request');
    assert.deepEqual(
      (answer.json.errors as { field: string }[]).map((error) => error.field),
      [field],
    );
    assert.match(String(answer.json.detail), new RegExp(`${field} is `));
  });
}

test('all wrong fields of a checkout are named at once', async (context) => {
  const { call } = await serveApp(context);
  const answer = await call({
    method: 'POST',
    path: '/api/checkout',
    token: storefrontToken,
    headers: { 'idempotency-key': 'with space' },
    body: { customer: { name: 'A' } },
  });
  assert.deepEqual(
    (answer.json.errors as { field: string }[]).map((error) => error.field),
    ['productId', 'ramGb', 'os', 'customer.email', 'customer.phone', 'Idempotency-Key'],
  );
});

const bodies: [
  name: string,
  body: string | Buffer | undefined,
  type: string | undefined,
  status: number,
  problem: string,
][] = [
  ['broken JSON', '{"productId": "x', 'application/json', 400, 'broken-json'],
  ['an array', '[]', 'application/json', 400, 'invalid-request'],
  ['null', 'null', 'application/json', 400, 'invalid-request'],
  ['no body', undefined, undefined, 400, 'invalid-request'],
  ['a form', 'productId=x', 'application/x-www-form-urlencoded', 415, 'unsupported-media-type'],
  ['no content type', '{}', undefined, 415, 'unsupported-media-type'],
  ['an unknown charset', '{}', 'application/json; charset=klingon', 415, 'unsupported-media-type'],
  ['more than 100 kB', Buffer.alloc(100 * 1024 + 1, 32), 'application/json', 413, 'body-too-large'],
];

for (const [name, body, type, status, problem] of bodies) {
  test(`a checkout of ${name} is answered with ${status} as a problem`, async (context) => {
    const { call } = await serveApp(context);
    const answer = await call({
      method: 'POST',
      path: '/api/checkout',
      token: storefrontToken,
      headers: type === undefined ? {} : { 'content-type': type },
      ...(body === undefined ? {} : { body }),
    });
    assert.equal(answer.status, status);
    assert.equal(answer.json.type, `/problems/${problem}`);
    assert.equal(answer.json.status, status);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    assert.doesNotMatch(answer.text, /productId": "x/);
  });
}

const refusals: [
  reason: Extract<CheckoutOutcome, { kind: 'refused' }>['reason'],
  status: number,
  type: string,
][] = [
  ['unknownProduct', 422, 'unknown-product'],
  ['productDisabled', 409, 'product-disabled'],
  ['sizeNotSold', 422, 'size-not-sold'],
  ['unknownDiscountCode', 422, 'unknown-discount-code'],
  ['discountExpired', 422, 'discount-not-usable'],
  ['discountUsed', 422, 'discount-not-usable'],
  ['discountHeld', 422, 'discount-not-usable'],
  ['discountWorthless', 422, 'discount-not-usable'],
  ['gatewayOff', 422, 'gateway-off'],
  ['gatewayRefused', 422, 'gateway-refused'],
  ['idempotencyKeyReused', 422, 'idempotency-key-reused'],
];

test('each refusal of a checkout is a problem of its own that names the field', async (context) => {
  for (const [reason, status, type] of refusals) {
    const { call } = await serveApp(context, {
      placeOrder: async () => ({ kind: 'refused', reason, field: 'some', sentence: 'Not so.' }),
    });
    const answer = await call({
      method: 'POST',
      path: '/api/checkout',
      token: storefrontToken,
      body: checkout,
    });
    assert.equal(answer.status, status, reason);
    assert.equal(answer.json.type, `/problems/${type}`);
    assert.equal(answer.json.detail, 'Not so.');
    assert.deepEqual(answer.json.errors, [{ field: 'some', message: 'Not so.' }]);
  }
});

test('a gateway that fails is a 502 that names the order', async (context) => {
  const { call } = await serveApp(context, {
    placeOrder: async () => ({
      kind: 'gatewayFailed',
      orderId: 'ord-9',
      sentence: 'Order ord-9 is kept. Try again.',
    }),
  });
  const answer = await call({
    method: 'POST',
    path: '/api/checkout',
    token: storefrontToken,
    body: checkout,
  });
  assert.equal(answer.status, 502);
  assert.equal(answer.json.orderId, 'ord-9');
});

test('an order is shown by its id, and an unknown or malformed id is a 404', async (context) => {
  const { call } = await serveApp(context, {
    findOrder: async ({ orderId }) => (orderId === 'ord-1' ? order : null),
  });
  const answer = await call({ path: '/api/orders/ord-1', token: storefrontToken });
  assert.deepEqual(answer.json, { ...order });
  for (const id of ['ord-2', 'ord_1', '$gt', '%7B%22a%22%3A1%7D', 'o'.repeat(41)]) {
    const missing = await call({ path: `/api/orders/${id}`, token: storefrontToken });
    assert.equal(missing.status, 404, id);
    assert.equal(missing.json.type, '/problems/unknown-order');
  }
  assert.equal((await call({ path: '/api/orders/%ZZ', token: storefrontToken })).status, 400);
});

test('an order is shown by its signed link too: without what staff reads, and the address only once it is theirs', async (context) => {
  const link = { orderId: 'ord-1', purpose: 'order', until: '99', key: 'good' };
  let shown = order;
  const { call } = await serveApp(context, {
    findOrder: async () => shown,
    isValidLink: (asked) => JSON.stringify(asked) === JSON.stringify(link),
  });
  const ask = (query: string, token?: string) =>
    call({ path: `/api/orders/ord-1?${query}`, ...(token === undefined ? {} : { token }) });
  const { statusText, ...delivered } = order;
  assert.deepEqual((await ask('until=99&key=good')).json, delivered);
  const failure = { code: 'wrongPackage', message: 'SmartVPS said so.', since: order.statusSince } as const;
  shown = { ...order, status: 'failed', failure, next: { text: 'refund', at: null } };
  const { server, ...late } = { ...delivered, status: 'failed' };
  assert.deepEqual((await ask('until=99&key=good')).json, late);
  assert.deepEqual((await ask('until=99&key=good', storefrontToken)).json, { ...shown });
  for (const query of [
    '',
    'until=99&key=bad',
    'until=98&key=good',
    'key=good',
    'until=99&key=good&key=good',
  ]) {
    assert.equal((await ask(query)).status, 401, query);
  }
  assert.equal((await ask('until=99&key=good', 'x'.repeat(40))).status, 401, 'a wrong token');
});

const accepted: OrderActOutcome = {
  kind: 'accepted',
  orderId: 'ord-1',
  orderStatus: 'queued',
  next: 'Waits its turn.',
};

test('both retry routes answer 202 with what happens next, and say who asked', async (context) => {
  const requests: OrderWish[] = [];
  const { call } = await serveApp(context, {
    retryOrder: async (request) => {
      requests.push(request);
      return accepted;
    },
  });
  const post = (path: string, body?: object) =>
    call({ method: 'POST', path, token: adminToken, ...(body === undefined ? {} : { body }) });
  const answers = [
    await post('/api/orders/provision', { orderId: 'ord-1' }),
    await post('/api/orders/provision', { orderId: 'ord-1', reason: ' stock is back ', by: 'ops' }),
    await post('/api/orders/ord-1/retry'),
    await post('/api/orders/ord-1/retry', { by: null, reason: 'again' }),
  ];
  for (const answer of answers) {
    assert.equal(answer.status, 202);
    assert.deepEqual(answer.json, { orderId: 'ord-1', orderStatus: 'queued', next: 'Waits its turn.' });
  }
  assert.deepEqual(requests, [
    { orderId: 'ord-1', by: 'api token' },
    { orderId: 'ord-1', reason: 'stock is back', by: 'ops' },
    { orderId: 'ord-1', by: 'api token' },
    { orderId: 'ord-1', reason: 'again', by: 'api token' },
  ]);
});

test('a retry of an order in progress is a 409 with its state and age', async (context) => {
  const { call } = await serveApp(context, {
    retryOrder: async () => ({
      kind: 'refused',
      orderStatus: 'provisioning',
      since: '2026-11-23T08:30:00.000Z',
      ageSeconds: 90,
      sentence: 'Order ord-1 is being provisioned (started 90 s ago). Please wait.',
    }),
  });
  const answer = await call({
    method: 'POST',
    path: '/api/orders/provision',
    token: adminToken,
    body: { orderId: 'ord-1' },
  });
  assert.equal(answer.status, 409);
  const { errorId, ...rest } = answer.json;
  assert.equal(typeof errorId, 'string');
  assert.deepEqual(rest, {
    type: '/problems/order-in-progress',
    title: 'The order is in progress',
    status: 409,
    detail: 'Order ord-1 is being provisioned (started 90 s ago). Please wait.',
    orderStatus: 'provisioning',
    since: '2026-11-23T08:30:00.000Z',
    ageSeconds: 90,
  });
});

test('a retry of an unknown order is a 404, one that cannot be delivered a 503', async (context) => {
  const outcomes: OrderActOutcome[] = [
    { kind: 'notFound' },
    { kind: 'unavailable', sentence: 'Temporal is down.' },
  ];
  const { call } = await serveApp(context, { retryOrder: async () => outcomes.shift() ?? accepted });
  const post = () => call({ method: 'POST', path: '/api/orders/ord-1/retry', token: adminToken });
  assert.equal((await post()).status, 404);
  const unavailable = await post();
  assert.equal(unavailable.status, 503);
  assert.equal(unavailable.json.detail, 'Temporal is down.');
  assert.match(unavailable.headers['retry-after'] ?? '', /^\d+$/);
});

test('a retry with an operator object as orderId, by or reason is a 400 that names it', async (context) => {
  const { call } = await serveApp(context);
  for (const field of ['orderId', 'by', 'reason']) {
    const body = { orderId: 'ord-1', [field]: operator };
    const answer = await call({ method: 'POST', path: '/api/orders/provision', token: adminToken, body });
    assert.equal(answer.status, 400);
    assert.deepEqual(
      (answer.json.errors as { field: string }[]).map((error) => error.field),
      [field],
    );
  }
});

test('health needs nothing, readiness names what is missing', async (context) => {
  const checks = [
    { name: 'temporal', ok: true },
    { name: 'mongodb', ok: true },
  ];
  const { call } = await serveApp(context, { readiness: async () => checks });
  assert.deepEqual((await call({ path: '/healthz' })).json, { status: 'ok' });
  assert.equal((await call({ path: '/readyz' })).status, 200);
  checks[1] = { name: 'mongodb', ok: false };
  const answer = await call({ path: '/readyz' });
  assert.equal(answer.status, 503);
  assert.equal(answer.json.detail, 'Not ready: mongodb.');
});

test('an unknown path is a 404 and a wrong method a 405 that says which are allowed', async (context) => {
  const { call } = await serveApp(context);
  const missing = await call({ path: '/nothing?token=leak' });
  assert.equal(missing.status, 404);
  assert.equal(missing.json.type, '/problems/not-found');
  const wrong = await call({ method: 'DELETE', path: '/api/checkout' });
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.allow, 'POST');
  assert.equal((await call({ method: 'PUT', path: '/api/orders/ord-1' })).headers.allow, 'GET, HEAD');
});

test('an error of ours is a 500 that tells nothing but an errorId, which the log explains', async (context) => {
  const { call, lines } = await serveApp(context, {
    listProducts: async () => {
      throw new Error('inner secret');
    },
  });
  const answer = await call({ path: '/api/products', token: storefrontToken });
  assert.equal(answer.status, 500);
  assert.doesNotMatch(answer.text, /inner secret/);
  const { errorId } = answer.json;
  const logged = lines.filter(({ members }) => members.errorId === errorId);
  assert.deepEqual(logged.map(({ level }) => level).sort(), ['error', 'info']);
  const error = logged.find(({ level }) => level === 'error')?.members.err;
  assert.equal((error as Error).message, 'inner secret');
});

test('a database that is away is a 503 with Retry-After', async (context) => {
  const { call } = await serveApp(context, {
    listProducts: async () => {
      throw Object.assign(new Error('no primary'), { code: 'databaseUnavailable' });
    },
  });
  const answer = await call({ path: '/api/products', token: storefrontToken });
  assert.equal(answer.status, 503);
  assert.match(answer.headers['retry-after'] ?? '', /^\d+$/);
});

test('each request is one info line without query, body and token', async (context) => {
  const { call, lines } = await serveApp(context, { placeOrder: async () => ({ kind: 'placed', reply }) });
  await call({ method: 'POST', path: '/api/checkout?key=leak', token: storefrontToken, body: checkout });
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.sentence, 'POST /api/checkout 201');
  const line = JSON.stringify(lines);
  for (const secret of ['leak', storefrontToken, 'customer@example.com', '98765']) {
    assert.ok(!line.includes(secret), secret);
  }
});

test('every answer forbids sniffing and caching and hides what made it', async (context) => {
  const { call } = await serveApp(context);
  for (const path of ['/healthz', '/api/products', '/nothing']) {
    const { headers } = await call({ path });
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['x-powered-by'], undefined);
    assert.equal(headers.etag, undefined);
  }
});
