import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { OrderView } from '../../src/domain/storefront.ts';
import { openSite } from '../site/site-browser.ts';
import { openBrowser } from '../support/browser.ts';
import { serveApp } from './serve-app.ts';

const orderId = 'ord-01m7z22vtkd37c4mpb6p';
const order: OrderView = {
  orderId,
  status: 'failed',
  statusSince: '2026-11-21T10:00:00.000Z',
  statusText: 'Needs a decision: SmartVPS assigned an IP of another package.',
  customerText: 'Delayed, we are on it; expected by 12:00.',
  ...{ productId: 'silver-91', productName: 'Silver', ramGb: 8, os: 'Ubuntu 22' },
  ...{ listPricePaise: 49_900, discountPaise: 0, amountPaise: 49_900, currency: 'INR' },
  ...{ createdAt: '2026-11-21T10:00:00.000Z', paidAt: '2026-11-21T10:00:01.000Z' },
  failure: { code: 'wrongPackage', message: 'SmartVPS assigned an IP.', since: '2026-11-21T10:00:00.000Z' },
  server: { ip: '103.181.91.10' },
};
const good = `until=99&key=${'k'.repeat(43)}`;
const ports = {
  isValidLink: (link: object) =>
    JSON.stringify(link) === JSON.stringify({ orderId, purpose: 'order', until: '99', key: 'k'.repeat(43) }),
};
const findOrder = async (asked: { orderId: string }) => (asked.orderId === orderId ? order : null);

test('who comes back from the gateway reads how the order stands, and nothing of who ordered or what failed', async (context) => {
  const { call } = await serveApp(context, { ...ports, findOrder });
  const { status, text, headers } = await call({ path: `/orders/${orderId}?${good}` });
  assert.equal(status, 200);
  assert.match(String(headers['content-type']), /text\/html/);
  assert.match(text, /Delayed, we are on it; expected by 12:00\./);
  assert.ok(text.includes(orderId));
  assert.doesNotMatch(text, /wrongPackage|SmartVPS|103\.181|Needs a decision|Silver|499/);
  assert.doesNotMatch(text, /<script/);
  assert.equal(headers['set-cookie'], undefined);
  assert.equal(headers['referrer-policy'], 'no-referrer');
  const again = /href="(\/orders\/[^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
  assert.equal((await call({ path: again })).status, 200, 'looking again goes by the same link');
});

test('whoever merely knows the id sees nothing of the order, not even that it is there, and how to get the link', async (context) => {
  const { call } = await serveApp(context, ports);
  const answers = [];
  for (const path of [
    `/orders/${orderId}`,
    `/orders/${orderId}?until=99&key=${'k'.repeat(42)}x`,
    `/orders/${orderId}?until=98&key=${'k'.repeat(43)}`,
    `/orders/${orderId}?${good}&${good}`,
    `/orders/ord-00000000000000000000?${good}`,
    '/orders/%3Cb%3E',
  ]) {
    const { status, text } = await call({ path });
    assert.equal(status, 403, path);
    assert.match(text, /not complete, or it has expired/);
    assert.match(text, /“How your order stands” in the newest mail/);
    answers.push(text);
  }
  assert.equal(new Set(answers).size, 1);
});

test('a link to an order that is gone is a page with a sentence', async (context) => {
  const { call } = await serveApp(context, { ...ports, findOrder: async () => null });
  const { status, text } = await call({ path: `/orders/${orderId}?${good}` });
  assert.equal(status, 404);
  assert.match(text, /There is no order at this address any more/);
});

test('the page fits a phone and has no serious barrier', async (context) => {
  const browser = await openBrowser();
  after(() => browser.close());
  const { url } = await serveApp(context, { ...ports, findOrder });
  const site = await openSite({ browser, url, width: 360 });
  await site.open(`/orders/${orderId}?${good}`);
  assert.deepEqual(await site.inspect('customer-order'), []);
  await site.open(`/orders/${orderId}`);
  assert.deepEqual(await site.inspect('customer-order-refused'), []);
  await site.page.context().close();
});
