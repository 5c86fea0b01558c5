import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { killProcess } from '../../support/kill-process.ts';
import { assertLedgersAgree } from '../../support/oracle.ts';
import { catalogueOf, productOf, startTestService } from '../../support/service.ts';

/* The remedy reprovision (A): the right server is bought and mailed, then the wrong one is ended. */

const [wrong, delivered, hopeless, crashed] = [
  '103.189.10',
  '103.189.20',
  '103.189.30',
  '103.189.40',
] as const;
const packages = [wrong, delivered, hopeless, crashed];
const empty = { addresses: [], ipv4Stale: 20, fallback: '103.190.20' };
const service = await startTestService({
  catalogue: catalogueOf(...packages),
  scenario: {
    packages: [
      { id: 211, name: wrong, ...empty },
      { id: 212, name: delivered, addresses: [`${delivered}.10-60`] },
      { id: 213, name: hopeless, ...empty },
      { id: 214, name: crashed, addresses: [`${crashed}.10-60`] },
      { id: 215, name: '103.190.20', addresses: ['103.190.20.10-60'] },
    ],
  },
  policy: {
    askGatewayEvery: '300ms',
    refundLimit: '30s',
    wipeLimit: '20s',
    automaticRetries: [],
  },
});
const { simulator, db } = service;

async function compensate(orderId: string, body: object) {
  const answer = await service.actAsAdmin(`/api/orders/${orderId}/compensate`, { by: 'ops', ...body });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
}

const order = (packageName: string) => service.order({ productId: productOf(packageName) });
const stateOf = async (ip: string) => (await db.servers.findOne({ _id: `smartvps:${ip}` }))?.tenancy.state;
const refundsOf = async (orderId: string) =>
  (await simulator.cashfree()).refunds.filter((refund) => refund.orderId === orderId);

test('the right server is bought for a failed order, its login is mailed, and the held one is stopped and wiped', async () => {
  const orderId = await order(wrong);
  assert.equal((await service.orderIn(orderId, 'failed')).failure?.code, 'wrongPackage');
  const held = (await db.servers.findOne({ 'tenancy.orderId': orderId }))?.ip ?? '';
  await simulator.updatePackage(wrong, { addresses: [`${wrong}.10-60`] });
  await compensate(orderId, { option: 'A', reason: 'refilled' });
  const { server } = await service.orderIn(orderId, 'active');
  assert.ok(server?.ip.startsWith(`${wrong}.`), server?.ip);
  assert.deepEqual([await stateOf(server?.ip ?? ''), await stateOf(held)], ['delivered', 'stranded']);
  const atSupplier = await simulator.server(held);
  const calls = atSupplier.calls.map(({ call }) => call);
  assert.deepEqual(calls.slice(-2), ['stop', 'format'], 'the wrong one was switched off and wiped');
  await service.mailTo('customer', 'Your server is ready', orderId, server?.ip ?? '');
  const stored = await db.orders.findOne({ _id: orderId });
  assert.deepEqual([stored?.needsReprovision, stored?.money, stored?.open], [null, 'kept', false]);
  assert.deepEqual(await refundsOf(orderId), []);
});

test('a delivered server is replaced: the customer keeps it until the new login is mailed', async () => {
  const orderId = await order(delivered);
  const before = (await service.orderIn(orderId, 'active')).server?.ip ?? '';
  await compensate(orderId, { option: 'reprovision' });
  const after = await eventually({
    what: 'another server is delivered',
    read: () => service.storefront.order(orderId),
    isRight: ({ status, server }) => status === 'active' && server?.ip !== before,
    withinMs: 40_000,
  });
  assert.deepEqual([await stateOf(after.server?.ip ?? ''), await stateOf(before)], ['delivered', 'stranded']);
  const mail = await service.mailTo('customer', orderId, `It replaces ${before}`);
  assert.ok(mail.text?.includes(after.server?.ip ?? 'nothing'));
});

test('where the right server cannot be had the deadline gives the money back, and every server is ended', async () => {
  const orderId = await order(hopeless);
  await service.orderIn(orderId, 'failed');
  await service.setPolicy({ decisionDeadline: '2s', reminders: [] });
  await compensate(orderId, { option: 'A' });
  await service.orderIn(orderId, 'refunded');
  await service.setPolicy({ decisionDeadline: '48h' });
  const servers = await db.servers.find({ 'tenancy.orderId': orderId }).toArray();
  assert.ok(servers.length >= 1);
  for (const { ip, tenancy } of servers) assert.equal(tenancy.state, 'stranded', ip);
  const back = (await refundsOf(orderId)).filter(({ status }) => status === 'SUCCESS');
  assert.deepEqual(
    back.map(({ amountPaise }) => amountPaise),
    [89_900],
  );
});

test('a worker killed while the new server is at the supplier: one purchase more, and the remedy ends', async () => {
  const orderId = await order(crashed);
  const before = (await service.orderIn(orderId, 'active')).server?.ip ?? '';
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: crashed, times: 1 },
    do: { kind: 'delay', ms: 2_000 },
  });
  await compensate(orderId, { option: 'A' });
  const salesOf = async () =>
    (await simulator.ledger()).purchases.filter(({ request }) => request.ip === crashed);
  await eventually({ what: 'it is asked for', read: salesOf, isRight: (sales) => sales.length === 2 });
  await killProcess({ process: service.worker, signal: 'SIGKILL' });
  await service.startWorker();
  const ended = await eventually({
    what: 'the remedy has ended, or a case waits',
    read: () => service.storefront.order(orderId),
    isRight: ({ status, server, failure }) =>
      (status === 'active' && server?.ip !== before) || failure?.code === 'purchaseUnknown',
    withinMs: 60_000,
  });
  assert.equal((await salesOf()).length, 2);
  if (ended.status === 'active') assert.equal(await stateOf(before), 'stranded');
  else assert.equal(await stateOf(before), 'delivered', 'the customer keeps what they have');
});

test('both ledgers agree', () => assertLedgersAgree(service));
