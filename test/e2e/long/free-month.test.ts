import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from '@temporalio/worker';
import type { StoredMail } from '../../../src/simulator/state.ts';
import { workflowBundle } from '../../../src/temporal/workflow-bundle.ts';
import { eventually } from '../../support/eventually.ts';
import { killProcess } from '../../support/kill-process.ts';
import { assertLedgersAgree } from '../../support/oracle.ts';
import { catalogueOf, productOf, startTestService } from '../../support/service.ts';

/* The remedy refundAndFreeMonth (C), with a month of seconds: its three endings, and the ways out of it. */

const [wrong, plenty] = ['103.191.10', '103.191.20'] as const;
const service = await startTestService({
  catalogue: catalogueOf(wrong, plenty),
  scenario: {
    packages: [
      { id: 221, name: wrong, addresses: [], ipv4Stale: 20, fallback: '103.192.20' },
      { id: 222, name: plenty, addresses: [`${plenty}.10-60`] },
      { id: 223, name: '103.192.20', addresses: ['103.192.20.10-60'] },
    ],
  },
  policy: {
    askGatewayEvery: '300ms',
    refundLimit: '60s',
    wipeLimit: '30s',
    automaticRetries: [],
    freeMonth: '90s',
    freeMonthReminders: ['80s'],
    decisionDeadline: '48h',
  },
});
const { simulator, db, client } = service;

async function api(method: 'GET' | 'POST', url: string, body?: object) {
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${service.secrets.adminToken}`,
      accept: 'application/json',
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const compensate = (orderId: string, body: object) =>
  api('POST', `${service.apiUrl}/api/orders/${orderId}/compensate`, { by: 'ops', ...body });

const stateOf = async (ip: string) => (await db.servers.findOne({ _id: `smartvps:${ip}` }))?.tenancy.state;

async function paidBack(orderId: string): Promise<number[]> {
  const { refunds } = await simulator.cashfree();
  return refunds
    .filter((refund) => refund.orderId === orderId && refund.status === 'SUCCESS')
    .map(({ amountPaise }) => amountPaise);
}

/** An order whose customer has a server for a free month, and the links of the mail about it. */
async function inMonth(input: { freeMonth: string; packageName?: string }) {
  await service.setPolicy({ freeMonth: input.freeMonth });
  const packageName = input.packageName ?? plenty;
  await db.packages.updateMany({}, { $set: { dry: null } });
  const orderId = await service.order({ productId: productOf(packageName) });
  await service.orderIn(orderId, packageName === wrong ? 'failed' : 'active');
  const answer = await compensate(orderId, { option: 'C', reason: 'not what was promised' });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  const order = await eventually({
    what: `the month of ${orderId} runs`,
    read: () => db.orders.findOne({ _id: orderId }),
    isRight: (found) => found?.status === 'active' && found.freeMonth?.state === 'running',
    withinMs: 60_000,
  });
  const mail = await service.mailTo('customer', orderId, 'free until');
  return { orderId, ip: order?.server?.ip ?? '', links: linksOf(mail) };
}

function linksOf({ text }: StoredMail) {
  const link = (purpose: string) => new RegExp(`http\\S+/${purpose}\\?\\S+`).exec(text ?? '')?.[0] ?? '';
  return { renew: link('renew'), switch: link('switch') };
}

/** Pays as a person does who has the link alone: page by page, form by form. Gives where the gateway leads back to. */
async function payAsCustomer(link: string): Promise<string> {
  const html = { accept: 'text/html' };
  const page = await (await fetch(link, { method: 'POST', headers: html })).text();
  const [, action = '', fields = ''] = /<form method="post" action="([^"]+)">(.*?)<button>/.exec(page) ?? [];
  const body = new URLSearchParams(
    [...fields.matchAll(/name="([^"]*)" value="([^"]*)"/g)].map(
      ([, name = '', value = '']): [string, string] => [name, value],
    ),
  );
  const gateway = await fetch(action, { method: 'POST', body, headers: html });
  assert.match(await gateway.text(), /<button name="action" value="pay">/);
  const paid = await fetch(gateway.url, {
    method: 'POST',
    body: new URLSearchParams({ action: 'pay' }),
    redirect: 'manual',
  });
  return paid.headers.get('location') ?? assert.fail(`The gateway answered ${paid.status}`);
}

test('a renewal by the link of the mail: paid once, renewed at the supplier once, and the month ends as kept', async () => {
  const { orderId, ip, links } = await inMonth({ freeMonth: '10m', packageName: wrong });
  assert.deepEqual(await paidBack(orderId), [89_900]);
  const offer = await api('GET', links.renew);
  assert.deepEqual([offer.status, offer.body.kind, offer.body.ip], [200, 'open', ip], JSON.stringify(offer));
  const page = await (await fetch(links.renew)).text();
  assert.match(page, /<form method="post">/);
  const before = (await simulator.server(ip)).expiryDate;
  const [placed, again] = [await api('POST', links.renew), await api('POST', links.renew)];
  assert.deepEqual([placed.status, again.body.orderId], [201, placed.body.orderId]);
  const renewalId = String(placed.body.orderId);
  await simulator.addFaults({
    call: 'renewvps',
    when: { address: ip, times: 1 },
    do: { kind: 'answerLost' },
  });
  const back = await payAsCustomer(links.renew);
  assert.equal(new URL(back).pathname, `/orders/${renewalId}`);
  await service.orderIn(renewalId, 'active');
  await eventually({
    what: 'the month has ended as renewed',
    read: () => db.orders.findOne({ _id: orderId }),
    isRight: (found) => found?.open === false && found.status === 'active',
    withinMs: 30_000,
  });
  const server = await simulator.server(ip);
  assert.equal(server.calls.filter(({ call }) => call === 'renewvps').length, 1, 'never renewed on a guess');
  assert.ok(server.expiryDate > before);
  const row = await db.servers.findOne({ _id: `smartvps:${ip}` });
  assert.equal(row?.tenancy.state, 'delivered');
  assert.equal(row?.tenancy.expiresAt?.slice(0, 10), server.expiryDate.slice(0, 10));
  await service.mailTo('customer', `Your server ${ip} is renewed`);
  const late = await api('POST', links.renew);
  assert.equal(late.status, 409, JSON.stringify(late.body));
  assert.deepEqual(await paidBack(renewalId), []);
});

test('a switch: the ordered server is delivered first, then the old one is ended; the worker may die on the way', async () => {
  const { orderId, ip, links } = await inMonth({ freeMonth: '10m', packageName: wrong });
  await simulator.updatePackage(wrong, { addresses: [`${wrong}.10-60`] });
  await db.packages.updateMany({}, { $set: { dry: null } });
  const placed = await api('POST', links.switch);
  assert.equal(placed.status, 201, JSON.stringify(placed.body));
  const newId = String(placed.body.orderId);
  assert.equal(await stateOf(ip), 'delivered');
  await simulator.pay({ orderId: newId });
  await service.orderIn(newId, 'preparing', 'active');
  await killProcess({ process: service.worker, signal: 'SIGKILL' });
  await service.startWorker();
  const { server } = await service.orderIn(newId, 'active');
  assert.ok(server?.ip.startsWith(`${wrong}.`), server?.ip);
  await service.orderIn(orderId, 'refunded');
  assert.deepEqual([await stateOf(ip), await stateOf(server?.ip ?? '')], ['stranded', 'delivered']);
  assert.deepEqual([await paidBack(orderId), await paidBack(newId)], [[89_900], []]);
});

test('no choice: the customer is reminded, then the server is ended; a payment that comes too late goes back', async () => {
  await service.setPolicy({ freeMonthReminders: ['22s'] });
  const { orderId, ip, links } = await inMonth({ freeMonth: '30s' });
  const placed = await api('POST', links.renew);
  assert.equal(placed.status, 201, JSON.stringify(placed.body));
  await service.mailTo('customer', `Your free server ${ip} ends soon`, orderId);
  await service.orderIn(orderId, 'refunded');
  assert.equal(await stateOf(ip), 'stranded');
  await service.mailTo('customer', 'Your free server has ended', orderId);
  assert.deepEqual(await paidBack(orderId), [89_900]);
  const late = String(placed.body.orderId);
  await simulator.pay({ orderId: late });
  await service.orderIn(late, 'refunded');
  assert.deepEqual(await paidBack(late), [89_900]);
  const stale = await api('GET', links.renew);
  assert.equal(stale.status, 403, JSON.stringify(stale.body));
});

test('a server that expires at the supplier before its month is over holds up no remedy', async () => {
  const { orderId, ip } = await inMonth({ freeMonth: '10m' });
  await simulator.expireServer(ip);
  const expiresAt = '2026-11-01T23:59:59.999Z';
  await db.servers.updateOne({ _id: `smartvps:${ip}` }, { $set: { 'tenancy.expiresAt': expiresAt } });
  assert.equal((await compensate(orderId, { option: 'refund', reason: 'its server is gone' })).status, 202);
  await service.orderIn(orderId, 'refunded');
  assert.equal(await stateOf(ip), 'retired');
  assert.deepEqual(await paidBack(orderId), [89_900]);
});

test('while the supplier is asked to renew nothing else is decided; messages to the month in heaps do no harm', async () => {
  const { orderId, ip, links } = await inMonth({ freeMonth: '10m' });
  const renewalId = String((await api('POST', links.renew)).body.orderId);
  const ms = 20_000;
  await simulator.addFaults({
    call: 'renewvps',
    when: { address: ip, times: 1 },
    do: { kind: 'delay', ms, afterSale: true },
  });
  await simulator.pay({ orderId: renewalId });
  await eventually({
    what: 'the supplier is asked to renew',
    read: () => db.orders.findOne({ _id: renewalId }),
    isRight: (found) => found?.status === 'queued' && Boolean(found.renewalSent),
    withinMs: 30_000,
  });
  const month = client.workflow.getHandle(`compensation-${orderId}`);
  await Promise.all(Array.from({ length: 150 }, () => month.signal('freeMonthChanged')));
  await Promise.all(Array.from({ length: 150 }, () => month.signal('ownerChanged')));
  const cancelled = await api('POST', `${service.apiUrl}/api/orders/${renewalId}/cancel`, { by: 'ops' });
  const remedied = await compensate(renewalId, { option: 'refund' });
  for (const { status, body } of [cancelled, remedied]) {
    assert.equal(status, 409, JSON.stringify(body));
    assert.match(String(body.detail), /is renewing its server at this moment/);
  }
  await service.orderIn(renewalId, 'active');
  await eventually({
    what: 'the month has ended as renewed',
    read: () => db.orders.findOne({ _id: orderId }),
    isRight: (found) => found?.open === false && found.status === 'active',
    withinMs: 30_000,
  });
  assert.deepEqual(await paidBack(renewalId), []);
  const replayed = Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, [
    { workflowId: month.workflowId, history: await month.fetchHistory() },
  ]);
  for await (const { error } of replayed) assert.ifError(error);
});

test('a link opens what it was signed for alone', async () => {
  const { orderId, links } = await inMonth({ freeMonth: '10m' });
  const other = links.renew.replace('/renew?', '/switch?');
  const forged = links.renew.replace(/key=.{3}/, 'key=abc');
  const later = links.renew.replace(/until=(\d+)/, (_, at) => `until=${Number(at) + 1}`);
  const elsewhere = links.renew.replace(orderId, 'ord-00000000000000000000');
  for (const url of [other, forged, later, elsewhere, links.renew.replace(/\?.*/, '')]) {
    for (const method of ['GET', 'POST'] as const) {
      assert.equal((await api(method, url)).status, 403, url);
    }
  }
  assert.ok(
    !service.logLines.some((line) => line.includes(new URL(links.renew).searchParams.get('key') ?? 'x')),
  );
  const remedy = client.workflow.getHandle(`compensation-${orderId}`);
  await remedy.terminate('by hand, as a test');
  await service.setPolicy({ watchOrdersEvery: '1s' });
  const refused = await compensate(orderId, { option: 'reprovision' });
  assert.equal(refused.status, 409, JSON.stringify(refused.body));
  assert.match(String(refused.body.detail), /out of its free month/);
  assert.equal((await compensate(orderId, { option: 'refund', reason: 'asked for' })).status, 202);
  await service.orderIn(orderId, 'refunded');
  assert.deepEqual(await paidBack(orderId), [89_900], 'nothing is refunded twice');
});

test('out of the month the customer can be let have the server for good', async () => {
  const { orderId, ip } = await inMonth({ freeMonth: '10m' });
  assert.equal((await compensate(orderId, { option: 'B', reason: 'goodwill' })).status, 202);
  await eventually({
    what: 'it is theirs',
    read: () => db.orders.findOne({ _id: orderId }),
    isRight: (found) => found?.status === 'active' && !found.open,
    withinMs: 30_000,
  });
  assert.equal(await stateOf(ip), 'delivered');
  assert.deepEqual(await paidBack(orderId), [89_900]);
});

test('both ledgers agree', () => assertLedgersAgree(service));
