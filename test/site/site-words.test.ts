import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { CompensateWish, HttpPorts } from '../../src/http/ports.ts';
import { serveApp } from '../http/serve-app.ts';
import { openBrowser } from '../support/browser.ts';
import { anOrderReport } from './an-order-report.ts';
import { openSite } from './site-browser.ts';

// What people who do not read code find on the pages.

const browser = await openBrowser();
after(() => browser.close());
const report = anOrderReport();
const path = `/admin/orders/${report.orderId}`;
const at = '2026-11-23T10:00:00.000Z';

async function visit(context: TestContext, ports: Partial<HttpPorts>) {
  const { url } = await serveApp(context, {
    hasAdmins: async () => true,
    logIn: async () => ({ kind: 'welcome', name: 'Asha', generation: 'first' }),
    searchOrders: async () => [],
    countOpen: async () => ({ byStatus: [], byCode: [], oldest: null, isCapped: false }),
    ...ports,
  });
  const site = await openSite({ browser, url });
  context.after(() => site.page.context().close());
  await site.signIn({ name: 'Asha', password: 'a password of some length' });
  const wordsAt = async (address: string) => {
    await site.open(address);
    return site.page.locator('main').innerText();
  };
  return { site, wordsAt };
}

test('a failed order says its reason once, and what happens by itself as one sentence with its moment', async (context) => {
  const next = { text: 'Refund, unless somebody decides before', at };
  const line = { ...report, next };
  const { wordsAt } = await visit(context, {
    reportOrder: async () => line,
    searchOrders: async () => [line],
  });
  for (const words of [await wordsAt(path), await wordsAt('/admin/manageOrders')]) {
    assert.match(words, /Refund, unless somebody decides before 23 Nov 2026, 10:00 UTC/);
    assert.doesNotMatch(words, /Needs a decision: /);
  }
  assert.match(await wordsAt(path), /It is not known whether it was sold\. \(purchaseUnknown\)/);
});

test('an order that waits says why, in the words of its latest step', async (context) => {
  const text = 'Package "103.181.91" has no address left. Waits for stock.';
  const { wordsAt } = await visit(context, {
    reportOrder: async () => ({
      ...report,
      ...{ status: 'waitingForStock', failure: null, openCase: null, decisionDeadline: null },
      timeline: [
        { at, source: 'order', text: 'Paid.' },
        { at, source: 'order', text },
        { at, source: 'mail', text: 'Mail "waitingForStock" to the admin: sent.' },
      ],
    }),
  });
  const words = await wordsAt(path);
  assert.match(
    words,
    /Latest\s+Package "103\.181\.91" has no address left\. Waits for stock\.\s+Next by itself/,
  );
});

test('records are told in words, not as our own marks', async (context) => {
  const payment = { paymentId: '7', gateway: 'cashfree', amount: report.amount, paidAt: at };
  const { wordsAt } = await visit(context, {
    reportOrder: async () => ({
      ...report,
      ...{ status: 'active', goods: { state: 'none' }, failure: null, next: null },
      payments: [
        { ...payment, verdict: 'right' },
        { ...payment, verdict: 'mismatch' },
        { ...payment, verdict: null },
      ],
    }),
  });
  const words = await wordsAt(path);
  assert.match(words, /Money\s+paid, with us/);
  assert.match(words, /the right amount[\s\S]*a wrong amount: goes back[\s\S]*not judged yet/);
  assert.match(words, /Next by itself\s+Nothing: the order has ended\./);
});

test('the amount of remedy B is written in rupees; what is no amount begins nothing', async (context) => {
  const wishes: CompensateWish[] = [];
  const { site } = await visit(context, {
    reportOrder: async () => report,
    compensateOrder: async (wish) => {
      wishes.push(wish);
      const { orderId } = wish;
      return { kind: 'accepted', orderId, orderStatus: 'compensating', next: 'It begins.' };
    },
  });
  await site.open(path);
  const begin = async (amount: string) => {
    const fields = { Remedy: 'priceAdjustment', 'in rupees': amount, Reason: 'they keep it' };
    await site.act({ summary: 'Begin a remedy', fields, button: 'Begin it' });
    return site.page.getByRole('status').innerText();
  };
  for (const amount of ['ten', '-1', '1e3', '1.005', '1,50']) {
    assert.match(await begin(amount), /write the amount in rupees/, amount);
  }
  assert.match(await begin('150'), /It begins/);
  assert.match(await begin('149.50'), /It begins/);
  assert.deepEqual(
    wishes.map(({ amountPaise }) => amountPaise),
    [15_000, 14_950],
  );
});

test('an address of the admin site that is not there is a page', async (context) => {
  const { site } = await visit(context, {});
  for (const address of ['/admin/nothing', '/admin/orders/ord-1/retry']) {
    const answer = await site.page.goto(`${site.url}${address}`);
    assert.match(answer?.headers()['content-type'] ?? '', /text\/html/, address);
    await site.page.getByRole('link', { name: 'Back to the orders' }).waitFor();
    await site.page.getByRole('heading', { level: 1 }).waitFor();
  }
});

test('a package that counts as empty, and the marks of a sale, are told in words', async (context) => {
  const { wordsAt } = await visit(context, {
    listStock: async () => [
      {
        ...{ supplier: 'smartvps', packageName: '103.182.44', level: 'zero', available: 0, lastCount: 9 },
        ...{ readAt: at, staleSince: null, staleWhy: null, dry: true, alert: null, held: 0, promised: 0 },
        products: [
          {
            ...{ productId: 'silver-44', name: 'Silver', reserve: 5, free: null, disabled: null },
            marks: {
              lowStockWarning: 5,
              stockPageAlert: 10,
              stockDailyReport: 5,
              stockAutoDisable: 3,
              stockReEnable: 10,
            },
          },
        ],
        history: [],
      },
    ],
  });
  const words = await wordsAt('/admin/ipStock');
  assert.match(words, /counts as empty[\s\S]*It sold an address of another package/);
  assert.match(words, /Kept in reserve: 5, warned of at 5, alert here at 10, daily mail at 5/);
  assert.doesNotMatch(words, /stockPageAlert|lowStockWarning|stockReEnable|\bdry\b/);
});

test('a mark of 0 is told as switched off', async (context) => {
  const off = {
    lowStockWarning: 0,
    stockPageAlert: 0,
    stockDailyReport: 0,
    stockAutoDisable: 0,
    stockReEnable: 10,
  };
  const auto = { note: 'Auto-disabled: Only 2 IPs left', auto: true };
  const { wordsAt } = await visit(context, {
    listStock: async () => [
      {
        ...{ supplier: 'smartvps', packageName: '103.182.44', level: 'count', available: 9, lastCount: 9 },
        ...{ readAt: at, staleSince: null, staleWhy: null, dry: false, alert: null, held: 0, promised: 0 },
        products: [
          { productId: 'a', name: 'Gold', reserve: 0, free: 9, disabled: null, marks: off },
          { productId: 'b', name: 'Silver', reserve: 0, free: 9, disabled: auto, marks: off },
        ],
        history: [],
      },
    ],
  });
  const words = await wordsAt('/admin/ipStock');
  const told = 'not warned of, no alert here, not in the daily mail, the sale does not stop by itself';
  assert.ok(words.includes(`${told}.`), words);
  assert.ok(words.includes(`${told}, and starts again above 10.`), words);
  assert.doesNotMatch(words, / at 0/);
});
