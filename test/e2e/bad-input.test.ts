import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askGatewaysType } from '../../workflows/contract/ask-gateways.ts';
import { monitorStockType, reportLowStockType } from '../../workflows/contract/monitor-stock.ts';
import { watchOrdersType } from '../../workflows/contract/watch-orders.ts';
import { paidBody, signWebhook } from '../payments/signed-webhook.ts';
import { allRuns } from '../support/histories.ts';
import { startTestService } from '../support/service.ts';

const bySchedule = [askGatewaysType, monitorStockType, reportLowStockType, watchOrdersType];
const service = await startTestService();
await service.db.products.updateOne(
  { _id: 'vps-103-182-44' },
  { $set: { disabled: { note: 'Auto-disabled', at: new Date().toISOString(), by: 'admin' } } },
);
const { storefrontToken, adminToken, cashfreeClientSecret } = service.secrets;

const customer = { name: 'A Customer', email: 'a@example.com', phone: '+919876543210' };
const order = { productId: 'vps-103-181-91', ramGb: 8, os: 'Ubuntu 22', customer };
const gt = { $gt: '' };

interface BadRequest {
  path: string;
  body: string | Buffer | object;
  token?: string | null;
  headers?: Record<string, string>;
  status: number;
  /** Fields the answer names; empty where the whole request is refused. */
  fields: string[];
}

const checkout = (change: object, status: number, ...fields: string[]): BadRequest => ({
  path: '/api/checkout',
  body: { ...order, ...change },
  status,
  fields,
});

function webhook(change: Parameters<typeof paidBody>[0], status: number, ...fields: string[]): BadRequest {
  const signed = signWebhook({ body: paidBody(change), at: new Date(), secret: cashfreeClientSecret });
  return {
    path: '/webhooks/cashfree',
    body: signed.rawBody,
    headers: signed.headers,
    token: null,
    status,
    fields,
  };
}

const requests: Record<string, BadRequest> = {
  'an unknown product': checkout({ productId: 'vps-of-another-shop' }, 422, 'productId'),
  'a memory size that is not sold': checkout({ ramGb: 5 }, 422, 'ramGb'),
  'a disabled product': checkout({ productId: 'vps-103-182-44' }, 409, 'productId'),
  'a system that is not sold': checkout({ os: 'Windows 95' }, 400, 'os'),
  'an unknown discount code': checkout({ discountCode: 'FREE' }, 422, 'discountCode'),
  'a gateway that we do not know': checkout({ gateway: 'paypal' }, 400, 'gateway'),
  'a memory size as text': checkout({ ramGb: '8' }, 400, 'ramGb'),
  'no customer': checkout({ customer: null }, 400, 'customer'),
  'a customer without a mail address': checkout(
    { customer: { ...customer, email: 'x' } },
    400,
    'customer.email',
  ),
  'operators as product': checkout({ productId: gt }, 400, 'productId'),
  'operators as system': checkout({ os: gt }, 400, 'os'),
  'operators as memory size': checkout({ ramGb: gt }, 400, 'ramGb'),
  'operators as customer': checkout(
    { customer: { name: gt, email: gt, phone: gt } },
    400,
    'customer.name',
    'customer.email',
    'customer.phone',
  ),
  'operators as discount code': checkout({ discountCode: gt }, 400, 'discountCode'),
  'broken JSON': { ...checkout({}, 400, 'body'), body: '{"productId":' },
  'a list instead of an object': { ...checkout({}, 400, 'body'), body: '[1]' },
  'no body at all': { ...checkout({}, 400, 'body'), body: '' },
  'a body over the limit': checkout({ padding: 'x'.repeat(200_000) }, 413),
  'no token': { ...checkout({}, 401), token: null },
  'a wrong token': { ...checkout({}, 401), token: 'x'.repeat(64) },
  'operators as order of a retry': {
    path: '/api/orders/provision',
    body: { orderId: gt },
    token: adminToken,
    status: 400,
    fields: ['orderId'],
  },
  'a retry by the storefront': {
    path: '/api/orders/provision',
    body: { orderId: 'ord-1' },
    status: 403,
    fields: [],
  },
  'a webhook with a bad signature': {
    ...webhook({}, 401, 'x-webhook-signature'),
    headers: signWebhook({ body: paidBody(), at: new Date(), secret: 'another' }).headers,
  },
  'a webhook without a signature': { ...webhook({}, 401, 'x-webhook-signature'), headers: {} },
  'a webhook older than its limit': {
    ...webhook({}, 401, 'x-webhook-timestamp'),
    headers: signWebhook({ body: paidBody(), at: new Date(0), secret: cashfreeClientSecret }).headers,
  },
  'a signed webhook with operators as order': webhook(
    { order: { order_id: gt } },
    400,
    'data.order.order_id',
  ),
  'a signed webhook with operators as amount': webhook(
    { payment: { payment_amount: gt } },
    400,
    'data.payment.payment_amount',
  ),
  'a webhook over the limit': {
    path: '/webhooks/cashfree',
    body: Buffer.alloc(1024 * 1024 + 1, 32),
    token: null,
    status: 413,
    fields: [],
  },
};

async function send({ path, body, token = storefrontToken, headers = {} }: BadRequest): Promise<Response> {
  const isObject = typeof body === 'object' && !Buffer.isBuffer(body);
  return fetch(`${service.apiUrl}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: isObject ? JSON.stringify(body) : body,
  });
}

/** Everything that is stored, without the documents of the catalogue. */
async function storedDocuments(): Promise<Record<string, number>> {
  const listed = await service.rawDb.listCollections({}, { nameOnly: true }).toArray();
  const counts = listed.map(async ({ name }) => [
    name,
    await service.rawDb.collection(name).countDocuments(),
  ]);
  return Object.fromEntries(await Promise.all(counts));
}

const before = await storedDocuments();

for (const [what, request] of Object.entries(requests)) {
  test(`${what} is a ${request.status} that says so, and nothing is stored`, async () => {
    const answer = await send(request);
    const problem = (await answer.json()) as {
      status: number;
      type: string;
      detail: string;
      errorId: string;
      errors?: { field: string }[];
    };
    assert.equal(answer.status, request.status, JSON.stringify(problem));
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    assert.match(problem.type, /^\/problems\//);
    assert.equal(problem.status, request.status);
    assert.ok(problem.detail.length > 10 && problem.errorId.length > 10);
    assert.deepEqual(
      (problem.errors ?? []).map(({ field }) => field),
      request.fields,
    );
    assert.deepEqual(await storedDocuments(), before);
  });
}

test('a price that the client sends is ignored, and only this order was ever started', async () => {
  const answer = await send({
    ...checkout({ pricePaise: 1, amountPaise: 1, price: 1, status: 'active', money: 'kept' }, 201),
  });
  const { orderId, amountPaise } = (await answer.json()) as { orderId: string; amountPaise: number };
  assert.deepEqual([answer.status, amountPaise], [201, 89_900]);
  const stored = await service.db.orders.findOne({ _id: orderId });
  assert.deepEqual(
    [stored?.status, stored?.money, stored?.amountPaise],
    ['pendingPayment', 'unpaid', 89_900],
  );
  await service.simulator.pay({ orderId });
  await service.orderIn(orderId, 'active');
  // What the clock starts by itself is nobody's request.
  const runs = (await allRuns(service.client)).filter(({ type }) => !bySchedule.includes(type));
  assert.deepEqual(runs.map(({ type, workflowId }) => `${type} ${workflowId}`).sort(), [
    'packageLock package-lock-smartvps-103.181.91',
    `provisionOrder order-${orderId}`,
  ]);
});

test('an order page of another shape of id is a 404, never a server error', async () => {
  for (const id of ['%7B%22$gt%22:%22%22%7D', '..%2F..%2Fetc', 'x'.repeat(200), 'ord-unknown']) {
    const answer = await fetch(`${service.apiUrl}/api/orders/${id}`, {
      headers: { authorization: `Bearer ${storefrontToken}` },
    });
    assert.equal(answer.status, 404, id);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  }
});
