import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { MonthOffer } from '../../src/domain/free-month.ts';
import type { CheckoutReply, MonthCheckout, PayForm } from '../../src/domain/storefront.ts';
import type { HttpPorts } from '../../src/http/ports.ts';
import { openSite } from '../site/site-browser.ts';
import { openBrowser } from '../support/browser.ts';
import { serveApp } from './serve-app.ts';

const orderId = 'ord-01m7z22vtkd37c4mpb6p';
const renewalId = 'ord-01m7z22vtkd37c4mpb6q';
const later = Math.floor(Date.now() / 1000) + 86_400;
const link = (act: string, until = later, key = 'good') =>
  `/orders/${orderId}/${act}?until=${until}&key=${key}`;
const offer: MonthOffer = {
  ...{ kind: 'open', orderId, act: 'renew', ip: '103.181.91.10', productName: 'Silver <b>8</b>' },
  ...{ amountPaise: 89_900, currency: 'INR', until: '2026-12-21T10:00:00.000Z' },
};
const reply: CheckoutReply = {
  ...{ orderId: renewalId, status: 'pendingPayment', currency: 'INR' },
  ...{ listPricePaise: 89_900, discountPaise: 0, amountPaise: 89_900 },
  orderUrl: `https://shop.example/orders/${renewalId}?until=9&key=own`,
  payment: { gateway: 'razorpay', gatewayOrderId: 'order_1', sessionId: 'order_1' },
};
const form: PayForm = {
  url: 'https://razorpay.example/v1/checkout/embedded',
  fields: { order_id: 'order_1' },
};

function serve(context: TestContext, ports: Partial<HttpPorts> = {}) {
  return serveApp(
    context,
    {
      isValidLink: ({ key, until }) => key === 'good' && Number(until) === later,
      offerMonth: async ({ act }) => ({ ...offer, act }),
      checkOutMonth: async () => ({ kind: 'placed', reply }),
      payForm: () => form,
      ...ports,
    },
    {},
    'Asia/Kolkata',
  );
}

const asJson = { accept: 'application/json' };

test('the page of a link says what is offered, its price, what happens and until when, and changes nothing', async (context) => {
  const { call } = await serve(context, {
    checkOutMonth: async () => assert.fail('Looking must not order anything.'),
  });
  const renew = await call({ path: link('renew') });
  assert.equal(renew.status, 200);
  assert.match(String(renew.headers['content-type']), /text\/html/);
  assert.match(renew.text, /103\.181\.91\.10<\/span>, free until 21 Dec 2026, 15:30/);
  assert.match(renew.text, /₹899\.00 for one more month/);
  assert.match(renew.text, /Address, login and data stay as they are/);
  assert.match(renew.text, /<form method="post"><button>Keep this server and pay<\/button>/);
  assert.ok(renew.text.includes('Silver &lt;b&gt;8&lt;/b&gt;'), 'names are escaped');
  assert.doesNotMatch(renew.text, /<script/);
  assert.equal(renew.headers['set-cookie'], undefined);
  const other = await call({ path: link('switch') });
  assert.match(other.text, /Once it is yours, the server you have now is switched off and wiped/);
  assert.match(other.text, /Order this server and pay/);
});

test('who has chosen gets order, amount and the way to the gateway, and no bare session id', async (context) => {
  const { call } = await serve(context);
  const { status, text, headers } = await call({ method: 'POST', path: link('renew') });
  assert.equal(status, 201);
  assert.ok(text.includes(renewalId));
  assert.match(text, /₹899\.00/);
  assert.match(
    text,
    /<form method="post" action="https:\/\/razorpay\.example\/v1\/checkout\/embedded"><input type="hidden" name="order_id" value="order_1"><button>Pay ₹899\.00 with Razorpay<\/button>/,
  );
  assert.ok(
    text.includes(`href="${reply.orderUrl.replace('&', '&amp;')}"`),
    'the signed link of the new order',
  );
  assert.match(text, /open the link in our mail again/);
  const policy = String(headers['content-security-policy']);
  assert.match(policy, /form-action 'self' https: https:\/\/razorpay\.example;/);
  assert.match(policy, /default-src 'none'/);
});

test('a script gets offer and payment as JSON, a page never does', async (context) => {
  const { call } = await serve(context);
  assert.deepEqual((await call({ path: link('renew'), headers: asJson })).json, offer);
  const placed = await call({ method: 'POST', path: link('renew'), headers: asJson });
  assert.deepEqual([placed.status, placed.json], [201, reply]);
});

test('a gateway that is off by now is said, with another way', async (context) => {
  const { call } = await serve(context, { payForm: () => null });
  const { text } = await call({ method: 'POST', path: link('renew') });
  assert.match(text, /This way to pay is not open at present\. Answer our mail/);
  assert.doesNotMatch(text, /<form/);
});

test('a link that is used up says how it stands; nothing is ordered', async (context) => {
  const closed = {
    kind: 'closed',
    sentence: 'Your server is renewed already; there is nothing to pay.',
  } as const;
  const { call } = await serve(context, {
    offerMonth: async () => closed,
    checkOutMonth: async () => closed,
  });
  for (const method of ['GET', 'POST']) {
    const page = await call({ method, path: link('renew') });
    assert.equal(page.status, 409);
    assert.match(page.text, /Your server is renewed already; there is nothing to pay\./);
    assert.match(page.text, /Nothing was charged by opening this page/);
    assert.doesNotMatch(page.text, /<form/);
    assert.ok(page.text.includes(`href="/orders/${orderId}?until=99&amp;key=new"`), 'a signed link');
    const json = await call({ method, path: link('renew'), headers: asJson });
    assert.deepEqual([json.status, json.json.sentence], [409, closed.sentence]);
  }
});

test('a link that has ended and one that is broken are told apart; neither asks what it was for', async (context) => {
  const { call } = await serve(context, {
    offerMonth: async () => assert.fail('The link is not ours.'),
    checkOutMonth: async () => assert.fail('The link is not ours.'),
  });
  for (const method of ['GET', 'POST']) {
    const ended = await call({ method, path: link('renew', 1_700_000_000) });
    assert.equal(ended.status, 403);
    assert.match(ended.text, /This link has ended together with the free month/);
    for (const path of [link('switch', later, 'bad'), `/orders/${orderId}/renew`, link('renew', later + 1)]) {
      const broken = await call({ method, path });
      assert.equal(broken.status, 403);
      assert.match(broken.text, /This link is not complete, or not ours/);
      assert.match(broken.text, /order one in the shop, or answer our mail/);
    }
  }
});

test('where the payment cannot be opened the customer can try again', async (context) => {
  const failed: MonthCheckout = { kind: 'failed', sentence: 'Order x is kept, but ...' };
  const { call } = await serve(context, { checkOutMonth: async () => failed });
  const { status, text } = await call({ method: 'POST', path: link('renew') });
  assert.equal(status, 502);
  assert.match(text, /Nothing was charged/);
  assert.match(text, /<form method="post"><button>Try again<\/button>/);
});

test('trouble of ours is a page for customers, with an error id and no way into the admin site; JSON for scripts', async (context) => {
  const away = async () => {
    throw Object.assign(new Error('no database'), { code: 'databaseUnavailable' });
  };
  const ports = { offerMonth: away, checkOutMonth: away, findOrder: away };
  const { call } = await serve(context, ports);
  for (const path of [link('renew'), `/orders/${orderId}?until=${later}&key=good`]) {
    const { status, text, headers } = await call({ path });
    assert.equal(status, 503);
    assert.match(String(headers['content-type']), /text\/html/);
    assert.match(text, /does not work at the moment/);
    assert.match(text, /If you have paid already, your payment is not lost/);
    assert.doesNotMatch(text, /Nothing was charged/);
    assert.match(text, /name the error \S+\.</);
    assert.doesNotMatch(text, /admin\/manageOrders|no database/);
  }
  const json = await call({ path: link('renew'), headers: asJson });
  assert.equal(json.status, 503);
  assert.match(String(json.headers['content-type']), /problem\+json/);
});

test('a gateway that comes back by POST is led to the page of the order; nothing that it posts is believed', async (context) => {
  const { call } = await serve(context);
  const { status, headers } = await call({
    method: 'POST',
    path: `/orders/${renewalId}?until=99&key=good&more=1`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'razorpay_payment_id=pay_1&razorpay_signature=x',
  });
  assert.deepEqual([status, headers.location], [303, `/orders/${renewalId}?until=99&key=good`]);
});

test('offer, payment and dead end fit a phone and have no serious barrier', async (context) => {
  const browser = await openBrowser();
  after(() => browser.close());
  const { url } = await serve(context);
  const site = await openSite({ browser, url, width: 360 });
  await site.open(link('renew'));
  assert.deepEqual(await site.inspect('month-offer'), []);
  await site.page.getByRole('button', { name: 'Keep this server and pay' }).click();
  await site.page.getByText('To pay').waitFor();
  assert.deepEqual(await site.inspect('month-payment'), []);
  await site.open(link('renew', 1_700_000_000));
  assert.deepEqual(await site.inspect('month-ended'), []);
  await site.page.context().close();
});
