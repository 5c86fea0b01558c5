import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { MonthOffer } from '../../src/domain/free-month.ts';
import type { HttpPorts } from '../../src/http/ports.ts';
import { openSite } from '../site/site-browser.ts';
import { openBrowser } from '../support/browser.ts';
import { serveApp } from './serve-app.ts';

const offer: MonthOffer = {
  ...{ kind: 'open', orderId: 'ord-1', act: 'renew', ip: '103.182.44.18', productName: '<b>Silver</b>' },
  ...{ amountPaise: 49_900, currency: 'INR', until: '2026-12-21T10:00:00.000Z' },
};
const path = '/orders/ord-1/renew?until=99&key=good';

test('the page of a free month has the look of the site, fits a phone, and its button chooses by the same link', async (context) => {
  const chosen: object[] = [];
  const ports: Partial<HttpPorts> = {
    isValidLink: ({ purpose, key }) => purpose === 'renew' && key === 'good',
    offerMonth: async () => offer,
    checkOutMonth: async (link) => {
      chosen.push(link);
      return { kind: 'closed', sentence: 'This offer is over.' };
    },
  };
  const { url } = await serveApp(context, ports);
  const browser = await openBrowser();
  after(() => browser.close());
  const site = await openSite({ browser, url, width: 360 });
  await site.open(path);
  assert.match(
    await site.page.locator('main').innerText(),
    /103\.182\.44\.18 \(<b>Silver<\/b>\)[\s\S]*₹499\.00/,
  );
  assert.deepEqual(await site.inspect('free-month'), []);
  const width = await site.page.locator('.card').evaluate((card) => card.clientWidth);
  assert.ok(width > 200 && width < 360, 'the stylesheet is in force');
  await site.page.getByRole('button', { name: 'Keep this server and pay' }).click();
  await site.page.getByText('This offer is over.').waitFor();
  assert.deepEqual(chosen, [{ orderId: 'ord-1', act: 'renew' }]);
  await site.page.context().close();
});
