import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayName } from '../../src/domain/order.ts';
import type { FaultDefinition } from '../../src/simulator/faults.ts';
import { eventually } from '../support/eventually.ts';
import { assertGatewaysAgree } from '../support/gateway-oracle.ts';
import { killProcess } from '../support/kill-process.ts';
import { assertLedgersAgree } from '../support/oracle.ts';
import { catalogueOf, productOf, startTestService } from '../support/service.ts';
import { createDice, seedOfThisRun } from './dice.ts';

/*
 * Orders that are paid rightly, wrongly, twice, late and unheard, cancelled and refunded, while gateways lose answers,
 * refuse and cancel refunds, and workers die. Afterwards everything is well again, and the gateways' own books are the
 * judge: what an order keeps stays, all else is back, once.
 */

const orderCount = 8;
const seed = seedOfThisRun();
const dice = createDice(seed);
const stocked = '103.186.10';
const empty = '103.186.11';
const service = await startTestService({
  catalogue: catalogueOf(stocked, empty),
  scenario: {
    packages: [
      { id: 90, name: stocked, addresses: [`${stocked}.10-120`] },
      { id: 91, name: empty, addresses: [] },
    ],
  },
  policy: {
    askGatewayEvery: '1s',
    reminders: ['2s'],
    refundLimit: '60s',
    watchOrdersEvery: '2s',
    automaticRetries: ['2s', '2s', '5s'],
  },
});
const { simulator, db } = service;

const refundFaults: FaultDefinition[] = (['cashfree', 'razorpay'] as const).flatMap((gateway) => [
  { call: `${gateway}.createRefund` as const, when: { every: 4 }, do: { kind: 'answerLost' as const } },
  {
    call: `${gateway}.createRefund` as const,
    when: { every: 5 },
    do: { kind: 'status' as const, status: 503 },
  },
  {
    call: `${gateway}.createRefund` as const,
    when: { every: 7 },
    do: { kind: 'status' as const, status: 400 },
  },
  {
    call: `${gateway}.createRefund` as const,
    when: { every: 6, times: 2 },
    do: { kind: 'refundOutcome' as const, status: 'CANCELLED' as const },
  },
]);

const acts = [
  'payRight',
  'payRight',
  'payWrong',
  'payTwice',
  'payUnheard',
  'cancel',
  'refund',
  'expire',
] as const;

async function api(orderId: string, act: string, body: object = {}): Promise<void> {
  const response = await fetch(`${service.apiUrl}/api/orders/${orderId}/${act}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.secrets.adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
}

/** A payment at the gateway, told so many times at once. */
async function pay(
  gateway: GatewayName,
  orderId: string,
  input: { paise?: number; deliver?: number },
): Promise<void> {
  const { paise, deliver = 1 } = input;
  const told = { orderId, deliver, together: true };
  if (gateway === 'cashfree')
    await simulator.pay({ ...told, ...(paise === undefined ? {} : { amountRupees: paise / 100 }) });
  else await simulator.payRazorpay({ ...told, ...(paise === undefined ? {} : { amountPaise: paise }) });
}

async function live(gateway: GatewayName, packageName: string): Promise<void> {
  const wish = { productId: productOf(packageName), ramGb: 8, os: 'Ubuntu 22', gateway };
  const { body } = await service.storefront.checkout(wish);
  const { orderId } = body;
  const paise = Number(body.amountPaise);
  for (let left = 2 + dice(4); left > 0; left -= 1) {
    const act = acts[dice(acts.length)] ?? 'payRight';
    if (act === 'payRight') await pay(gateway, orderId, { deliver: 1 + dice(3) });
    else if (act === 'payWrong') await pay(gateway, orderId, { paise: paise + (dice(2) === 0 ? 1 : -1) });
    else if (act === 'payTwice')
      await Promise.all([pay(gateway, orderId, {}), pay(gateway, orderId, { deliver: 2 })]);
    else if (act === 'payUnheard') await pay(gateway, orderId, { deliver: 0 });
    else if (act === 'cancel') await api(orderId, 'cancel');
    else if (act === 'refund') await api(orderId, 'compensate', { option: 'refund' });
    else {
      const createdAt = new Date(Date.now() - 7_200_000).toISOString();
      await db.orders.updateOne({ _id: orderId }, { $set: { createdAt } });
    }
    await sleep(dice(1_500));
  }
}

/** What the gateways captured, by our key of the payment. */
async function capturedPayments(): Promise<{ key: string; orderId: string; amountPaise: number }[]> {
  const [cashfree, razorpay] = await Promise.all([simulator.cashfree(), simulator.razorpay()]);
  const receipts = new Map(razorpay.orders.map(({ id, receipt }) => [id, receipt ?? '']));
  return [
    ...cashfree.payments
      .filter(({ status }) => status === 'SUCCESS')
      .map(({ paymentId, ...payment }) => ({ key: `cashfree:${paymentId}`, ...payment })),
    ...razorpay.payments
      .filter(({ status }) => status === 'captured')
      .map(({ id, orderId, amountPaise }) => ({
        key: `razorpay:${id}`,
        orderId: receipts.get(orderId) ?? '',
        amountPaise,
      })),
  ];
}

/** Every payment that is neither kept by its order nor back, in words. */
async function unsettled(): Promise<string[]> {
  const troubles: string[] = [];
  for (const { key, orderId, amountPaise } of await capturedPayments()) {
    const order = await db.orders.findOne({ _id: orderId });
    const row = await db.payments.findOne({ _id: key });
    const refunds = await db.refunds.find({ orderId, state: 'success' }).toArray();
    const back = refunds
      .filter(({ paymentKey }) => paymentKey === key)
      .reduce((sum, refund) => sum + refund.amountPaise, 0);
    const isKept = order?.paymentKey === key && order.money === 'kept';
    const wanted = isKept ? 0 : amountPaise;
    if (row?.verdict == null || row.owedBack === true || back !== wanted)
      troubles.push(`${key} of ${orderId} (${order?.status}, ${row?.verdict}): ${back} of ${wanted} back`);
    if (isKept && order.status !== 'active' && order.status !== 'waitingForStock')
      troubles.push(`${orderId} keeps its money and is ${order.status}`);
  }
  return troubles;
}

/** What the clock and the admin do after a storm, again and again: what comes out late is mended too. */
async function mendByHand(): Promise<void> {
  // What was paid after the webhook was lost is looked for a day later: now.
  const askGatewayAt = new Date().toISOString();
  await db.orders.updateMany({ money: { $ne: 'unpaid' } }, { $set: { askGatewayAt } });
  await db.orders.updateMany({ open: false, money: 'unpaid' }, { $set: { askGatewayAt } });
  const blocked = await db.orders.find({ 'failure.code': 'compensationBlocked' }).toArray();
  for (const { _id: orderId } of blocked) await api(orderId, 'retry');
  // A worker that died, or starved, while it bought: a person decides what the customer gets.
  const unknown = await db.orders.find({ 'failure.code': 'purchaseUnknown' }).toArray();
  for (const { _id: orderId } of unknown) await api(orderId, 'compensate', { option: 'refund' });
}

test(`after a storm over ${orderCount} orders (seed ${seed}) each payment is kept by its order or back, once`, async () => {
  await simulator.addFaults(...refundFaults);
  const gateways = ['cashfree', 'razorpay'] as const;
  const lives = Array.from({ length: orderCount }, (_, index) =>
    live(gateways[index % 2] ?? 'cashfree', dice(4) === 0 ? empty : stocked),
  );
  let worker = service.worker;
  for (let deaths = 0; deaths < 3; deaths += 1) {
    await sleep(2_000);
    await killProcess({ process: worker, signal: 'SIGKILL' });
    worker = await service.startWorker();
  }
  await Promise.all(lives);
  await simulator.clearFaults();
  await eventually({
    what: 'every payment is kept or back',
    read: async () => {
      await mendByHand();
      await sleep(1_000);
      return unsettled();
    },
    isRight: (troubles) => troubles.length === 0,
    withinMs: 240_000,
  });
  await assertGatewaysAgree(service);
  await assertLedgersAgree(service);
});
