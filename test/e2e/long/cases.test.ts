import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../../../src/dev/child-process.ts';
import { eventually } from '../../support/eventually.ts';
import { assertFaultsFired, assertLedgersAgree } from '../../support/oracle.ts';
import { assertNothingLeaked } from '../../support/secrets.ts';
import { catalogueOf, productOf, startTestService } from '../../support/service.ts';

const entry = join(import.meta.dirname, '..', '..', '..', 'src', 'bin', 'run.mjs');
const [open, ended, empty, late] = ['103.191.1', '103.192.1', '103.193.5', '103.194.1'] as const;
const packages = [open, ended, empty, late];
const service = await startTestService({
  catalogue: catalogueOf(...packages),
  scenario: {
    packages: packages.map((name, index) => {
      return { id: 70 + index, name, addresses: name === empty ? [] : [`${name}.10-60`] };
    }),
  },
  policy: { longestPurchase: '2s', settleAfter: '200ms' },
});
const { simulator, db } = service;

/** Runs a command of the operator as a process of its own. */
async function ops(...args: string[]) {
  const { PATH = '' } = process.env;
  const { code, stdout, stderr } = await runCommand({
    command: process.execPath,
    args: [entry, 'ops', ...args],
    env: { PATH, ...service.env },
  });
  return { code, output: `${stdout}${stderr}` };
}

const resolve = (orderId: string, body: object) => service.actAsAdmin(`/api/orders/${orderId}/resolve`, body);

async function lostOrder(packageName: string) {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: packageName, times: 1 },
    do: { kind: 'answerLost' },
  });
  const orderId = await service.order({ productId: productOf(packageName) });
  const failed = await service.orderIn(orderId, 'failed', 'active');
  assert.equal(failed.failure?.code, 'purchaseUnknown', JSON.stringify(failed));
  const { purchases } = await simulator.ledger();
  const ip = purchases.find(({ request }) => request.ip === packageName)?.soldAddress ?? '';
  return { orderId, ip };
}

const eventsOf = async (ip: string) => (await simulator.server(ip)).events.map(({ what }) => what);
const tenancyOf = async (ip: string) => (await db.servers.findOne({ _id: `smartvps:${ip}` }))?.tenancy;

test('a case that is resolved as bought through the API goes on to its delivery', async () => {
  const { orderId, ip } = await lostOrder(open);
  const listed = await ops('cases', 'list');
  assert.match(listed.output, new RegExp(`${orderId}#1 +order ${orderId} +open for .+\n`), listed.output);
  const wrong = await resolve(orderId, { outcome: 'bought', ip: '103.99.1.7' });
  assert.equal(wrong.status, 409, JSON.stringify(wrong.body));
  assert.equal(wrong.body.type, '/problems/case-not-resolved');
  const right = await resolve(orderId, { outcome: 'bought', ip, reason: 'seen in the panel' });
  assert.equal(right.status, 202, JSON.stringify(right.body));
  assert.deepEqual([right.body.orderId, right.body.purchaseId], [orderId, `${orderId}#1`]);
  const delivered = await service.orderIn(orderId, 'active');
  assert.equal(delivered.server?.ip, ip);
  const again = await resolve(orderId, { outcome: 'notBought' });
  assert.equal(again.status, 409, JSON.stringify(again.body));
});

test('a case outlives its order: resolved by command, its server is stopped and wiped once, and serves another order', async () => {
  const { orderId, ip } = await lostOrder(ended);
  // As the remedy that refunds an order will leave it.
  await service.client.workflow.getHandle(`order-${orderId}`).terminate('refunded');
  await db.orders.updateOne(
    { _id: orderId },
    { $set: { status: 'refunded', money: 'refunded', open: false } },
  );
  const args = ['cases', 'resolve', `${orderId}#1`, '--outcome', 'bought', '--ip', ip, '--by', 'a keeper'];
  const resolved = await ops(...args);
  assert.equal(resolved.code, 0, resolved.output);
  assert.match(resolved.output, new RegExp(`${ip} is stopped, wiped and stranded`));
  const repeated = await ops(...args);
  assert.equal(repeated.code, 0, repeated.output);
  assert.deepEqual(await eventsOf(ip), ['sold', 'stop', 'format']);
  const listed = await ops('servers', 'list', '--state', 'stranded');
  assert.match(
    listed.output,
    new RegExp(
      `${ip} +stranded +order ${orderId}.+₹899\\.00 +Resolved as bought.+\n1 servers?\\. Stranded: ₹899\\.00\\.`,
    ),
  );
  const { password } = await simulator.server(ip);

  await simulator.addFaults({
    call: 'buyvps',
    when: { package: ended, times: 1 },
    do: { kind: 'errorText', reason: 'Insufficient balance' },
  });
  const next = await service.order({ productId: productOf(ended) });
  const refusedOrder = await service.orderIn(next, 'failed', 'active');
  assert.equal(refusedOrder.failure?.code, 'purchaseRefused', JSON.stringify(refusedOrder));
  const foreign = await ops('servers', 'assign', '103.99.1.7', '--order', next);
  assert.deepEqual(
    [foreign.code, foreign.output.includes('is no server of ours')],
    [1, true],
    foreign.output,
  );
  const assigned = await ops('servers', 'assign', ip, '--order', next, '--reason', 'it is paid for');
  assert.equal(assigned.code, 0, assigned.output);
  const delivered = await service.orderIn(next, 'active');
  assert.equal(delivered.server?.ip, ip);
  const server = await simulator.server(ip);
  assert.notEqual(server.password, password);
  assert.deepEqual(await eventsOf(ip), ['sold', 'stop', 'format', 'format']);
  await service.mailTo('customer', next, server.password);
  const tenancy = await tenancyOf(ip);
  assert.deepEqual([tenancy?.state, tenancy?.orderId, tenancy?.purchaseId], ['delivered', next, `${next}#2`]);
  const { purchases } = await simulator.ledger();
  const sales = purchases.filter(({ request, soldAddress }) => request.ip === ended && soldAddress !== null);
  assert.equal(sales.length, 1, 'the second order bought nothing');
});

test('a server that its order still needs is not stranded', async () => {
  const orderId = await service.order({ productId: productOf(open) });
  const { server } = await service.orderIn(orderId, 'active');
  const ip = server?.ip ?? '';
  const { code, output } = await ops('servers', 'strand', ip, '--reason', 'a mistake');
  assert.deepEqual([code, output.includes(`it is delivered for order ${orderId}`)], [1, true], output);
  assert.equal((await tenancyOf(ip))?.state, 'delivered');
  assert.ok(!(await eventsOf(ip)).includes('stop'));
});

test('a held server of an order that was delivered with another one is stranded by command', async () => {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: open, times: 1 },
    do: { kind: 'sellAddress', address: '103.193.5.5' },
  });
  const orderId = await service.order({ productId: productOf(open) });
  const failed = await service.orderIn(orderId, 'failed', 'active');
  assert.equal(failed.failure?.code, 'wrongPackage', JSON.stringify(failed));
  const early = await ops('servers', 'strand', '103.193.5.5', '--reason', 'not ours to keep');
  assert.deepEqual([early.code, early.output.includes('not decided')], [1, true], early.output);
  assert.equal((await service.storefront.retry(orderId)).status, 202);
  await service.orderIn(orderId, 'active');
  const done = await ops('servers', 'strand', '103.193.5.5', '--reason', 'delivered with another one');
  assert.equal(done.code, 0, done.output);
  await eventually({
    what: 'the server is stranded',
    read: () => tenancyOf('103.193.5.5'),
    isRight: (tenancy) => tenancy?.state === 'stranded',
  });
});

test('an order that waits for stock gets a stranded server of its package', async () => {
  // Customers who checked out before anybody knew that nothing is left.
  await db.packages.updateOne({ packageKey: empty }, { $set: { counts: null } });
  const orderId = await service.order({ productId: productOf(empty), pay: false });
  const small = await service.order({ productId: productOf(empty), ramGb: 4, pay: false });
  for (const waiting of [orderId, small]) {
    await service.simulator.pay({ orderId: waiting });
    await service.orderIn(waiting, 'waitingForStock');
  }
  const refused = await ops('servers', 'assign', '103.193.5.5', '--order', small);
  assert.deepEqual([refused.code, refused.output.includes('has 8 GB of memory')], [1, true], refused.output);
  const assigned = await ops('servers', 'assign', '103.193.5.5', '--order', orderId, '--by', 'a keeper');
  assert.equal(assigned.code, 0, assigned.output);
  const delivered = await service.orderIn(orderId, 'active');
  assert.equal(delivered.server?.ip, '103.193.5.5');
  const order = await db.orders.findOne({ _id: orderId });
  assert.ok(order?.timeline.some(({ text }) => text.startsWith('assignServer by a keeper.')));
  assert.equal((await db.orders.findOne({ _id: small }))?.status, 'waitingForStock');
});

test('a contradicted case that is resolved by signal strands the held server, and buys nothing by that', async () => {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: late, times: 1 },
    do: { kind: 'errorText', reason: 'Insufficient balance', sold: true },
  });
  const orderId = await service.order({ productId: productOf(late) });
  const refused = await service.orderIn(orderId, 'failed', 'active');
  assert.equal(refused.failure?.code, 'purchaseRefused', JSON.stringify(refused));
  const salesOf = async () => {
    const { purchases } = await simulator.ledger();
    return purchases.filter(({ request, soldAddress }) => request.ip === late && soldAddress !== null);
  };
  const [sale] = await salesOf();
  const ip = sale?.soldAddress ?? '';
  // As a run that heard the supplier's true answer only now leaves it.
  const lateReply = {
    kind: 'answer',
    httpStatus: 200,
    body: `success|Congratulations. Your ip is: ${ip}`,
    receivedAt: new Date().toISOString(),
  } as const;
  await db.purchases.updateOne({ _id: `${orderId}#1` }, { $set: { lateReply, lateAfter: 'refused' } });
  assert.equal((await service.storefront.retry(orderId)).status, 202);
  await eventually({
    what: 'the order waits for the contradicted purchase',
    read: async () => (await db.orders.findOne({ _id: orderId }))?.failure?.code,
    isRight: (code) => code === 'purchaseUnknown',
  });
  assert.equal((await tenancyOf(ip))?.state, 'held');
  await service.client.workflow
    .getHandle(`order-${orderId}`)
    .signal('resolvePurchase', { outcome: 'bought', ip, by: 'a keeper', reason: 'seen in the panel' });
  const order = await eventually({
    what: 'the timeline says what became of the server',
    read: () => db.orders.findOne({ _id: orderId }),
    isRight: (seen) =>
      seen?.timeline.some(({ text }) => text.startsWith('resolvePurchase by a keeper')) === true,
  });
  const told = order?.timeline.find(({ text }) => text.startsWith('resolvePurchase by a keeper'))?.text ?? '';
  assert.match(
    told,
    new RegExp(`${ip} is stopped, wiped and stranded. The order waits for its own decision`),
  );
  assert.deepEqual([order?.status, order?.goods.state], ['failed', 'none']);
  assert.equal((await tenancyOf(ip))?.state, 'stranded');
  assert.equal((await salesOf()).length, 1, 'nothing is bought by the word on the old purchase');
  assert.equal((await service.storefront.retry(orderId)).status, 202);
  const delivered = await service.orderIn(orderId, 'active');
  assert.notEqual(delivered.server?.ip, ip);
  assert.equal((await salesOf()).length, 2);
});

test('every fault fired, both ledgers agree, and nothing leaked', async () => {
  await assertFaultsFired(service);
  await assertLedgersAgree(service);
  await assertNothingLeaked(service);
});
