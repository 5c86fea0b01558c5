import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RemedyOption } from '../../src/domain/remedy.ts';
import { eventually } from '../support/eventually.ts';
import { killProcess } from '../support/kill-process.ts';
import { assertLedgersAgree } from '../support/oracle.ts';
import { catalogueOf, productOf, startTestService } from '../support/service.ts';

/*
 * The worker dies again and again while all four remedies run, each time as soon as one of them has taken a leg more.
 * The gateway's ledger and the supplier's say what was done: everything once, and every order has its end.
 */

const remedies = ['reprovision', 'priceAdjustment', 'refundAndFreeMonth', 'refund'] as const;
const packages = remedies.map((_, index) => `103.193.${10 + index}`);
const kills = 7;

const service = await startTestService({
  catalogue: catalogueOf(...packages),
  scenario: {
    packages: packages.map((name, index) => ({ id: 230 + index, name, addresses: [`${name}.10-60`] })),
  },
  policy: {
    askGatewayEvery: '500ms',
    freeMonth: '5s',
    freeMonthReminders: ['3s'],
    reminders: [],
    automaticRetries: ['1s', '1s', '1s'],
  },
});
const { simulator, db } = service;
type Begun = { orderId: string; option: RemedyOption; ip: string };

async function begin(option: (typeof remedies)[number], packageName: string): Promise<Begun> {
  const orderId = await service.order({ productId: productOf(packageName) });
  const { server } = await service.orderIn(orderId, 'active');
  const response = await fetch(`${service.apiUrl}/api/orders/${orderId}/compensate`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${service.secrets.adminToken}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      option,
      by: 'ops',
      ...(option === 'priceAdjustment' ? { amountPaise: 30_000 } : {}),
    }),
  });
  assert.equal(response.status, 202, await response.text());
  return { orderId, option, ip: server?.ip ?? '' };
}

async function legsOf(orders: readonly Begun[]): Promise<number> {
  const found = await db.orders.find({ _id: { $in: orders.map(({ orderId }) => orderId) } }).toArray();
  return found.reduce((sum, { timeline, open }) => sum + timeline.length + (open ? 0 : 100), 0);
}

const ends: Record<(typeof remedies)[number], string> = {
  reprovision: 'active',
  priceAdjustment: 'active',
  refundAndFreeMonth: 'refunded',
  refund: 'refunded',
};

test('every remedy ends, and nothing is done twice, with the worker killed after each leg', {
  timeout: 480_000,
}, async () => {
  const orders = await Promise.all(remedies.map((option, index) => begin(option, packages[index] ?? '')));
  let worker = service.worker;
  for (let kill = 0; kill < kills; kill += 1) {
    const before = await legsOf(orders);
    if (before >= 400) break;
    await eventually({
      what: `a leg before kill ${kill + 1}`,
      read: () => legsOf(orders),
      isRight: (legs) => legs > before,
      withinMs: 90_000,
    });
    await killProcess({ process: worker, signal: 'SIGKILL' });
    worker = await service.startWorker();
  }
  for (const { orderId, option, ip } of orders) {
    const order = await eventually({
      what: `${option} of ${orderId} has ended`,
      read: () => db.orders.findOne({ _id: orderId }),
      isRight: (found) => found?.open === false,
      withinMs: 200_000,
    });
    assert.equal(order?.status, ends[option as (typeof remedies)[number]], option);
    const { refunds, payments } = await simulator.cashfree();
    const paid = payments.find((payment) => payment.orderId === orderId)?.amountPaise ?? 0;
    const back = refunds
      .filter((refund) => refund.orderId === orderId && refund.status === 'SUCCESS')
      .map(({ amountPaise }) => amountPaise);
    const expected = {
      reprovision: [],
      priceAdjustment: [30_000],
      refundAndFreeMonth: [paid],
      refund: [paid],
    };
    assert.deepEqual(back, expected[option as (typeof remedies)[number]], `${option}: what went back`);
    const first = await db.servers.findOne({ _id: `smartvps:${ip}` });
    const stays = option === 'priceAdjustment';
    assert.equal(first?.tenancy.state, stays ? 'delivered' : 'stranded', `${option}: its first server`);
    const servers = await db.servers.find({ 'tenancy.orderId': orderId }).toArray();
    const living = servers.filter(({ tenancy }) => tenancy.state === 'delivered');
    assert.equal(living.length, order?.status === 'active' ? 1 : 0, `${option}: servers of the customer`);
    const { purchases } = await simulator.ledger();
    const sales = purchases.filter(({ soldAddress }) => servers.some(({ ip: own }) => own === soldAddress));
    assert.equal(sales.length, option === 'reprovision' ? 2 : 1, `${option}: sales`);
  }
  await assertLedgersAgree(service);
});
