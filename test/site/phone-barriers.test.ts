import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { HttpPorts } from '../../src/http/ports.ts';
import type { StockCard } from '../../src/http/site/site-ports.ts';
import { serveApp } from '../http/serve-app.ts';
import { openBrowser } from '../support/browser.ts';
import { anOrderReport } from './an-order-report.ts';
import { openSite } from './site-browser.ts';

// The states of pages that are seldom seen, each on a phone by day and by night.

const browser = await openBrowser();
after(() => browser.close());
const at = '2026-11-21T10:00:00.000Z';

const base: Partial<HttpPorts> = {
  hasAdmins: async () => true,
  logIn: async () => ({ kind: 'welcome', name: 'Asha', generation: 'first' }),
  searchOrders: async () => [],
  countOpen: async () => ({ byStatus: [], byCode: [], oldest: null, isCapped: false }),
};

async function assertFits(
  context: TestContext,
  input: { ports: Partial<HttpPorts>; path: string; look: string; words: RegExp },
): Promise<void> {
  const { url } = await serveApp(context, { ...base, ...input.ports });
  for (const dark of [false, true]) {
    const site = await openSite({ browser, url, width: 360, dark });
    await site.signIn({ name: 'Asha', password: 'a password of some length' });
    await site.open(input.path);
    assert.match(await site.page.locator('main').innerText(), input.words);
    assert.deepEqual(await site.inspect(input.look), []);
    const overflow = await site.page
      .locator('html')
      .evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
    assert.ok(overflow <= 0, `${input.look} is ${overflow} px too wide`);
    await site.page.context().close();
  }
}

test('the page of a fault fits a phone and has no serious barrier', async (context) => {
  const listLocks = async () => {
    throw new Error('away');
  };
  const words = /Something went wrong here/;
  await assertFits(context, { ports: { listLocks }, path: '/admin/locks', look: 'problem', words });
});

const report = anOrderReport();

test('a failed order with an open case fits a phone and has no serious barrier', async (context) => {
  const ports = { reportOrder: async () => report };
  const path = `/admin/orders/${report.orderId}`;
  await assertFits(context, { ports, path, look: 'order-open-case', words: /Settle the case/ });
});

test('stale and dry stock fit a phone and have no serious barrier', async (context) => {
  const card: StockCard = {
    ...{ supplier: 'smartvps', packageName: '103.181.91', level: 'unknown', available: null },
    ...{ lastCount: 4, readAt: at, staleSince: at, dry: false, alert: null, held: 1, promised: 2 },
    staleWhy: 'The supplier answered with HTTP 500.',
    products: [
      {
        ...{ productId: 'silver-91', name: 'Silver', reserve: 5, free: null },
        marks: { lowStockWarning: 5, stockAutoDisable: 3 },
        disabled: { note: `Auto-disabled: Only 3 IPs left (${at})`, auto: true },
      },
    ],
    history: [
      { at, available: 9 },
      { at: '2026-11-21T11:00:00.000Z', available: null },
      { at: '2026-11-21T12:00:00.000Z', available: 4 },
    ],
  };
  const dry: StockCard = {
    ...card,
    ...{ packageName: '103.182.44', level: 'critical', available: 2, lastCount: 2 },
    ...{ staleSince: null, staleWhy: null, dry: true },
    alert: 'Package "103.182.44" has only 2 IPs left!',
  };
  const ports = { listStock: async () => [card, dry] };
  const words = /HTTP 500[\s\S]*only 2 IPs left|only 2 IPs left[\s\S]*HTTP 500/;
  await assertFits(context, { ports, path: '/admin/ipStock', look: 'stock-stale-dry', words });
});
