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
const findOrder = async (asked: { orderId: string }) => (asked.orderId === orderId ? order : null);

test('who comes back from the gateway reads how the order stands, and nothing of who ordered or what failed', async (context) => {
  const { call } = await serveApp(context, { findOrder });
  const { status, text, headers } = await call({ path: `/orders/${orderId}` });
  assert.equal(status, 200);
  assert.match(String(headers['content-type']), /text\/html/);
  assert.match(text, /Delayed, we are on it; expected by 12:00\./);
  assert.ok(text.includes(orderId));
  assert.doesNotMatch(text, /wrongPackage|SmartVPS|103\.181|Needs a decision|Silver|499/);
  assert.doesNotMatch(text, /<script/);
  assert.equal(headers['set-cookie'], undefined);
});

test('an order that is not there is a page with a sentence', async (context) => {
  const { call } = await serveApp(context, { findOrder });
  for (const id of ['ord-00000000000000000000', '%3Cb%3E']) {
    const { status, text } = await call({ path: `/orders/${id}` });
    assert.equal(status, 404);
    assert.match(text, /There is no order at this address/);
    assert.doesNotMatch(text, /<b>/);
  }
});

test('the page fits a phone and has no serious barrier', async (context) => {
  const browser = await openBrowser();
  after(() => browser.close());
  const { url } = await serveApp(context, { findOrder });
  const site = await openSite({ browser, url, width: 360 });
  await site.open(`/orders/${orderId}`);
  assert.deepEqual(await site.inspect('customer-order'), []);
  await site.page.context().close();
});
