import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesPackage } from '../../src/domain/package-name.ts';
import { orderTimelineQuery, orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import { eventually } from '../support/eventually.ts';
import { assertLedgersAgree } from '../support/oracle.ts';
import { startTestService } from '../support/service.ts';

const packageName = '103.181.91';
const service = await startTestService({
  scenario: {
    packages: [
      { id: 5, name: packageName, addresses: ['103.181.91.1-50'], fallback: '103.182.44' },
      { id: 6, name: '103.182.44', addresses: ['103.182.44.18-60'] },
    ],
  },
});
const isOfPackage = (address: string) => matchesPackage({ address, packageName, matchPolicy: 'exact' });

test('test case 1: with 50 addresses the customer gets an address of 103.181.91', async () => {
  const order = await service.orderIn(await service.order(), 'active', 'failed');
  assert.equal(order.status, 'active', JSON.stringify(order));
  assert.ok(isOfPackage(order.server?.ip ?? ''), order.server?.ip);
  const { timeline = [] } = (await service.db.orders.findOne({ _id: order.orderId })) ?? {};
  assert.ok(!timeline.some(({ text }) => text.includes('running low')));
});

test('test case 3: with 3 addresses the order succeeds, with the warning in timeline and mail', async () => {
  await service.simulator.updatePackage(packageName, { addresses: ['103.181.91.61-63'] });
  const order = await service.orderIn(await service.order(), 'active', 'failed');
  assert.equal(order.status, 'active', JSON.stringify(order));
  assert.ok(isOfPackage(order.server?.ip ?? ''), order.server?.ip);
  const warning =
    'Package 103.181.91 is running low on IPs: 3 available; ' +
    'concurrent orders may get an address of another package';
  const { timeline = [] } = (await service.db.orders.findOne({ _id: order.orderId })) ?? {};
  assert.equal(timeline.filter(({ text }) => text === warning).length, 1);
  const handle = service.client.workflow.getHandle(orderWorkflowId(order.orderId));
  assert.ok((await handle.query(orderTimelineQuery)).some(({ text }) => text === warning));
  await service.mailTo('admin', order.orderId, warning);
  await eventually({
    what: 'the warning in the log',
    read: async () => service.logLines,
    isRight: (lines) => lines.some((line) => line.includes(order.orderId) && line.includes(warning)),
  });
});

test('test case 2: ten at once with too few addresses, and the last fails as wrong package', async () => {
  await service.simulator.updatePackage(packageName, { addresses: ['103.181.91.70-78'], ipv4Stale: 10 });
  await service.sync();
  const orderIds: string[] = [];
  for (let count = 0; count < 10; count += 1) orderIds.push(await service.order({ pay: false }));
  await Promise.all(orderIds.map((orderId) => service.simulator.pay({ orderId })));
  const orders = await Promise.all(orderIds.map((orderId) => service.orderIn(orderId, 'active', 'failed')));
  const [failed, ...others] = orders.filter(({ status }) => status === 'failed');
  assert.equal(others.length, 0, JSON.stringify(others));
  assert.equal(failed?.failure?.code, 'wrongPackage');
  const { purchases } = await service.simulator.ledger();
  const last = purchases.sort((left, right) => left.startSequence - right.startSequence).at(-1);
  assert.equal(last?.soldAddress, '103.182.44.18');
  const row = await service.db.purchases.findOne({ ip: '103.182.44.18' });
  assert.equal(row?.orderId, failed?.orderId, 'the last purchase is the wrong one');
  await assertLedgersAgree(service);
});

test('test case 3, taken before the monitor acted: 3 addresses, success with warning, and nothing is sold after it', async () => {
  await service.simulator.updatePackage(packageName, { addresses: ['103.181.91.100-119'], ipv4Stale: null });
  await service.sync();
  const orderId = await service.order({ pay: false });
  await service.simulator.updatePackage(packageName, { addresses: ['103.181.91.100-102'] });
  assert.equal((await service.sync()).disabled.length, 1);
  const checkout = { productId: 'vps-103-181-91', ramGb: 8, os: 'Ubuntu 22' };
  const { status, body } = await service.storefront.checkout(checkout);
  assert.equal(status, 409);
  assert.match(body.detail ?? '', /Auto-disabled: Only 3 IPs left \(/);
  await service.simulator.pay({ orderId });
  const order = await service.orderIn(orderId, 'active', 'failed');
  assert.equal(order.status, 'active', JSON.stringify(order));
  assert.ok(isOfPackage(order.server?.ip ?? ''), order.server?.ip);
  const { timeline = [] } = (await service.db.orders.findOne({ _id: orderId })) ?? {};
  assert.ok(timeline.some(({ text }) => text.includes('is running low on IPs: 3 available')));
});
