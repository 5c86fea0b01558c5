import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { HttpPorts } from '../../src/http/ports.ts';
import type { OrderSearch } from '../../src/http/site/site-ports.ts';
import { send, signIn, visit } from '../http/site-client.ts';
import { anOrderReport } from './an-order-report.ts';

const { orderId } = anOrderReport();
const list = '/admin/manageOrders';

/** Somebody who is signed in; `post` sends a form and reads what the next page says of it. */
async function open(context: TestContext, ports: Partial<HttpPorts> = {}) {
  const { url, cookie } = await signIn(context, {
    searchOrders: async () => [],
    countOpen: async () => ({ byStatus: [], byCode: [], oldest: null, isCapped: false }),
    reportOrder: async () => anOrderReport(),
    ...ports,
  });
  const page = await visit(url, list, cookie);
  const post = async (path: string, fields: Record<string, string> | URLSearchParams) => {
    const given = new URLSearchParams(fields);
    given.set('csrfToken', page.csrfToken);
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: page.cookie, 'content-type': 'application/x-www-form-urlencoded' },
      body: given,
    });
    const { text } = await visit(url, response.headers.get('location') ?? list, page.cookie);
    return (
      /<div class="notice[^>]*>([\s\S]*?)<\/div>/
        .exec(text)?.[1]
        ?.replace(/<[^>]+>/g, ' ')
        .trim() ?? ''
    );
  };
  return { url, cookie: page.cookie, post };
}

test('a reason that is copied out of a table is one line', async (context) => {
  const reasons: unknown[] = [];
  const { post } = await open(context, {
    retryOrder: async ({ orderId, reason }) => {
      reasons.push(reason);
      return { kind: 'accepted', orderId, orderStatus: 'queued', next: 'It goes on.' };
    },
  });
  assert.equal(await post(`/admin/orders/${orderId}/retry`, { reason: '\tstock\tis back\t' }), 'It goes on.');
  assert.deepEqual(reasons, ['stock is back']);
});

test('chosen orders are retried the oldest first', async (context) => {
  const asked: string[] = [];
  const { post } = await open(context, {
    retryOrder: async ({ orderId }) => {
      asked.push(orderId);
      return { kind: 'accepted', orderId, orderStatus: 'queued', next: 'It goes on.' };
    },
  });
  const chosen = ['ord-3', 'ord-2', 'ord-1'].map((id): [string, string] => ['orderId', id]);
  await post(`${list}/retry`, new URLSearchParams([['reason', 'refilled'], ...chosen]));
  assert.deepEqual(asked, ['ord-1', 'ord-2', 'ord-3']);
});

test('where no worker answers, the retry of many is answered in time, and says which were not asked', async (context) => {
  const asked: string[] = [];
  const { post } = await open(context, {
    retryOrder: async ({ orderId }) => {
      asked.push(orderId);
      context.mock.timers.tick(12_000);
      return { kind: 'unavailable', sentence: 'No worker answers.' };
    },
  });
  const chosen = Array.from({ length: 9 }, (_, index): [string, string] => ['orderId', `ord-${index}`]);
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const said = await post(`${list}/retry`, new URLSearchParams([['reason', 'refilled'], ...chosen]));
  assert.equal(asked.length, 4);
  assert.match(said, /Retried 0 of 9\./);
  assert.match(said, /5 more: not asked, since it took too long/);
});

test('a failure that is chosen beside another status means failed orders, and the filter says so', async (context) => {
  const asked: OrderSearch[] = [];
  const { url, cookie } = await open(context, {
    searchOrders: async (search) => {
      asked.push(search);
      return [];
    },
  });
  const { text } = await visit(url, `${list}?status=active&code=wrongPackage`, cookie);
  assert.deepEqual([asked.at(-1)?.status, asked.at(-1)?.code], ['failed', 'wrongPackage']);
  assert.match(text, /<option value="failed" selected>/);
});

test('what lacks is said: the address of a search, an amount above nothing', async (context) => {
  const { post } = await open(context);
  assert.match(await post(`${list}/search`, { reason: 'they called', email: '' }), /write the mail address/);
  const fields = { reason: 'they called', option: 'priceAdjustment', amount: '0' };
  assert.match(await post(`/admin/orders/${orderId}/compensate`, fields), /write the amount in rupees/);
});

test('the address of a form that is opened as a page leads to the page that has it', async (context) => {
  const { url, cookie } = await open(context);
  for (const [path, page] of [
    [`/admin/orders/${orderId}/login`, `/admin/orders/${orderId}`],
    [`${list}/search`, list],
    ['/admin/ipStock/sync', '/admin/ipStock'],
    ['/admin/logout', list],
  ]) {
    const { status, headers } = await fetch(`${url}${path}`, { headers: { cookie }, redirect: 'manual' });
    assert.deepEqual([status, headers.get('location')], [303, page]);
  }
  const { status, text } = await visit(url, '/admin/orders/%zz', cookie);
  assert.equal(status, 400);
  assert.match(text, /<h1>The request is not valid<\/h1>/);
  assert.equal((await send(url, '/admin/orders/ord-1', { cookie, csrfToken: '' })).status, 405);
});
