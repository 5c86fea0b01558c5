import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, type TestContext, test } from 'node:test';
import type { HttpPorts } from '../../src/http/ports.ts';
import { serveApp } from '../http/serve-app.ts';
import { openBrowser } from '../support/browser.ts';
import { openSite, type SiteWindow } from './site-browser.ts';

const login = { name: 'Asha', password: 'a password of some length' };
const browser = await openBrowser();
after(() => browser.close());

async function serveSite(context: TestContext, ports: Partial<HttpPorts> = {}) {
  const { url } = await serveApp(context, {
    hasAdmins: async () => true,
    logIn: async () => ({ kind: 'welcome', name: login.name, generation: 'first' }),
    noteSignOut: async () => undefined,
    searchOrders: async () => [],
    countOpen: async () => ({ byStatus: [], byCode: [], oldest: null, isCapped: false }),
    listLocks: async () => [],
    ...ports,
  });
  return url;
}

async function open(context: TestContext, url: string): Promise<SiteWindow> {
  const site = await openSite({ browser, url });
  context.after(() => site.page.context().close());
  return site;
}

/** A page of another site with one link: what a mail is to a browser. */
async function serveLink(context: TestContext, target: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><title>Mail</title><a href="${target}">Look</a>`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${(server.address() as AddressInfo).port}/`;
}

async function signOut({ page }: SiteWindow): Promise<void> {
  const first = page.locator('form').first();
  assert.equal(await first.getAttribute('action'), '/admin/logout');
  await first.getByRole('button').click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  assert.match(page.url(), /\/admin\/login$/, await page.locator('main').innerText());
}

test('whichever form of the first page after the login is sent first, it is taken', async (context) => {
  const url = await serveSite(context, { searchByEmail: async () => [] });
  const leaving = await open(context, url);
  await leaving.signIn(login);
  await signOut(leaving);
  const searching = await open(context, url);
  await searching.signIn(login);
  await searching.act({
    summary: "Search by a customer's e-mail",
    fields: { 'E-mail address': 'customer@example.com', Reason: 'they called' },
    button: 'Search',
  });
  await searching.page.getByText('Orders of the address you searched for').waitFor({ timeout: 10_000 });
});

test('the first form of a page that a link from another site opened is taken, and other windows stay good', async (context) => {
  const url = await serveSite(context);
  const site = await open(context, url);
  await site.signIn(login);
  await site.open('/admin/manageOrders');
  const other = await site.page.context().newPage();
  await other.goto(await serveLink(context, `${url}/admin/manageOrders`));
  await other.getByRole('link', { name: 'Look' }).click();
  await other.getByRole('heading', { level: 1, name: 'Orders' }).waitFor();
  const tokensOf = (page: typeof other) =>
    page
      .locator('input[name=csrfToken]')
      .evaluateAll((fields) => fields.map((field) => (field as unknown as { value: string }).value));
  const tokens = new Set([...(await tokensOf(other)), ...(await tokensOf(site.page))]);
  assert.equal(tokens.size, 1);
  await signOut({ ...site, page: other });
});

test('a login page that a link from another site opened lets in', async (context) => {
  const url = await serveSite(context);
  const site = await open(context, url);
  await site.page.goto(await serveLink(context, `${url}/admin/manageOrders`));
  await site.page.getByRole('link', { name: 'Look' }).click();
  await site.page.getByLabel('Name').fill(login.name);
  await site.page.getByLabel('Password').fill(login.password);
  await site.page.getByRole('button', { name: 'Sign in' }).click();
  await site.page.getByRole('heading', { level: 1, name: 'Orders' }).waitFor();
});
