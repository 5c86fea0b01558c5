import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertDescribed } from '../http/assert-described.ts';
import { startTestService } from '../support/service.ts';

test('what the API really answers is what its description promises, in every route that a client calls', async () => {
  const service = await startTestService();
  const { apiUrl, secrets, storefront, simulator } = service;
  const call = async (method: string, path: string, token: string | null = null, body?: object) => {
    const response = await fetch(`${apiUrl}${path}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const contentType = response.headers.get('content-type') ?? '';
    assertDescribed({ method, path, status: response.status, contentType, text });
    return response.status;
  };
  const { storefrontToken, adminToken } = secrets;
  const wish = { productId: 'vps-103-181-91', ramGb: 8, os: 'Ubuntu 22' };
  const customer = { name: 'A Customer', email: 'customer@example.com', phone: '+919876543210' };
  const { orderId, orderUrl } = (await storefront.checkout(wish)).body;
  const order = `/api/orders/${orderId}`;
  assert.equal(await call('GET', order, storefrontToken), 200, 'before the payment');
  await simulator.pay({ orderId });
  assert.equal((await service.orderIn(orderId, 'active', 'failed')).status, 'active');
  const { pathname, search } = new URL(orderUrl);
  const asked: [number, string, string, (string | null)?, object?][] = [
    [200, 'GET', '/healthz'],
    [200, 'GET', '/readyz'],
    [200, 'GET', '/metrics'],
    [200, 'GET', '/openapi.json'],
    [200, 'GET', '/api/products', storefrontToken],
    [201, 'POST', '/api/checkout', storefrontToken, { ...wish, customer }],
    [422, 'POST', '/api/checkout', storefrontToken, { ...wish, customer, productId: 'nothing' }],
    [200, 'GET', order, storefrontToken],
    [200, 'GET', `/api${pathname}${search}`],
    [200, 'GET', `${pathname}${search}`],
    [200, 'GET', `${order}/timeline`, adminToken],
    [409, 'POST', '/api/orders/provision', adminToken, { orderId }],
    [409, 'POST', `${order}/retry`, adminToken],
    [409, 'POST', `${order}/cancel`, adminToken, {}],
    [409, 'POST', `${order}/compensate`, adminToken, { option: 'B', productId: 'nothing' }],
    [409, 'POST', `${order}/resolve`, adminToken, { outcome: 'notBought' }],
    [200, 'POST', '/api/smartvps/sync', adminToken],
    [401, 'POST', '/webhooks/cashfree', null, {}],
    [403, 'GET', `${pathname}/renew?until=1&key=x`],
    [202, 'POST', `${order}/compensate`, adminToken, { option: 'refund' }],
  ];
  for (const [status, method, path, token, body] of asked) {
    assert.equal(await call(method, path, token, body), status, `${method} ${path}`);
  }
});
