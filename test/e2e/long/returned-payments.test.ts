import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GatewayName } from '../../../src/domain/order.ts';
import {
  refundedByHandSignal,
  returnPaymentWorkflowId,
  returnStatusQuery,
} from '../../../workflows/contract/return-payment.ts';
import { eventually } from '../../support/eventually.ts';
import { assertGatewaysAgree } from '../../support/gateway-oracle.ts';
import { killProcess } from '../../support/kill-process.ts';
import { assertLedgersAgree } from '../../support/oracle.ts';
import { catalogueOf, productOf, startTestService } from '../../support/service.ts';

/* Every captured payment that its order does not keep goes back by itself; judged by the gateway's own books. */

const stocked = '103.186.10';
// A package that an order has found empty takes no further checkout.
const empty = { cashfree: '103.186.11', razorpay: '103.186.12' };
const emptied = '103.186.13';
const service = await startTestService({
  catalogue: catalogueOf(stocked, ...Object.values(empty), emptied),
  scenario: {
    packages: [
      { id: 90, name: stocked, addresses: [`${stocked}.10-90`] },
      ...[...Object.values(empty), emptied].map((name, index) => ({ id: 91 + index, name, addresses: [] })),
    ],
  },
  policy: { askGatewayEvery: '1s', reminders: ['2s'], refundLimit: '60s', waitForStock: '1h' },
});
const { simulator, db, client } = service;
const gateways = ['cashfree', 'razorpay'] as const;

async function checkOut(
  gateway: GatewayName,
  packageName = stocked,
): Promise<{ orderId: string; amountPaise: number }> {
  const wish = { productId: productOf(packageName), ramGb: 8, os: 'Ubuntu 22', gateway };
  const { status, body } = await service.storefront.checkout(wish);
  assert.equal(status, 201, JSON.stringify(body));
  return { orderId: body.orderId, amountPaise: Number(body.amountPaise) };
}

async function pay(gateway: GatewayName, input: { orderId: string; amountPaise?: number }): Promise<string> {
  const { orderId, amountPaise } = input;
  const amount = amountPaise === undefined ? {} : { amountRupees: amountPaise / 100 };
  const paid =
    gateway === 'cashfree' ? await simulator.pay({ orderId, ...amount }) : await simulator.payRazorpay(input);
  return paid.paymentId;
}

/** What the gateway's own book says it gave back for a payment, in full refunds that were paid. */
async function backAt(gateway: GatewayName, orderId: string, paymentId: string): Promise<number[]> {
  if (gateway === 'razorpay') {
    const { refunds } = await simulator.razorpay();
    const own = refunds.filter((refund) => refund.paymentId === paymentId && refund.status === 'processed');
    return own.map(({ amountPaise }) => amountPaise);
  }
  // Cashfree's refunds are of an order; ours name the payment in their id.
  const { refunds } = await simulator.cashfree();
  const own = refunds.filter((refund) => refund.orderId === orderId && refund.status === 'SUCCESS');
  return own.filter(({ refundId }) => refundId.includes(paymentId)).map(({ amountPaise }) => amountPaise);
}

async function untilBack(
  gateway: GatewayName,
  orderId: string,
  paymentId: string,
  amountPaise: number,
): Promise<void> {
  const back = await eventually({
    what: `payment ${paymentId} of order ${orderId} is back`,
    read: () => backAt(gateway, orderId, paymentId),
    isRight: (amounts) => amounts.length > 0,
    withinMs: 60_000,
  });
  assert.deepEqual(back, [amountPaise]);
}

const returnOf = (gateway: GatewayName, paymentId: string) =>
  client.workflow.getHandle(returnPaymentWorkflowId(`${gateway}:${paymentId}`));

/** The payment is closed in our book: the sweep looks at it no more. */
async function untilClosed(gateway: GatewayName, paymentId: string): Promise<void> {
  await eventually({
    what: `nothing of payment ${paymentId} is owed`,
    read: async () => (await db.payments.findOne({ _id: `${gateway}:${paymentId}` }))?.owedBack,
    isRight: (owedBack) => owedBack === false,
    withinMs: 60_000,
  });
}

async function untilBlocked(gateway: GatewayName, paymentId: string): Promise<void> {
  await eventually({
    what: `the return of ${paymentId} is blocked`,
    read: () =>
      returnOf(gateway, paymentId)
        .query(returnStatusQuery)
        .catch(() => null),
    isRight: (view) => view?.state === 'blocked',
    withinMs: 60_000,
  });
}

for (const gateway of gateways) {
  test(`${gateway}: a second payment goes back by its own amount, and the order is delivered`, async () => {
    const { orderId, amountPaise } = await checkOut(gateway);
    const first = await pay(gateway, { orderId });
    const second = await pay(gateway, { orderId, amountPaise: amountPaise + 1 });
    await untilBack(gateway, orderId, second, amountPaise + 1);
    await service.orderIn(orderId, 'active');
    await untilClosed(gateway, second);
    assert.deepEqual(await backAt(gateway, orderId, first), [], 'what the order keeps stays');
    await service.mailTo('admin', orderId, 'paid once more', 'goes back by itself');
  });

  test(`${gateway}: a payment of another amount goes back at once; the right one delivers`, async () => {
    const { orderId, amountPaise } = await checkOut(gateway);
    const wrong = await pay(gateway, { orderId, amountPaise: amountPaise - 1 });
    await untilBack(gateway, orderId, wrong, amountPaise - 1);
    const failed = await service.orderIn(orderId, 'failed');
    assert.equal(failed.failure?.code, 'paymentMismatch');
    const right = await pay(gateway, { orderId });
    await service.orderIn(orderId, 'active');
    assert.deepEqual(await backAt(gateway, orderId, right), []);
  });

  test(`${gateway}: a payment for a cancelled order goes back and buys nothing`, async () => {
    const { orderId, amountPaise } = await checkOut(gateway);
    const cancelled = await service.actAsAdmin(`/api/orders/${orderId}/cancel`);
    assert.equal(cancelled.status, 202, JSON.stringify(cancelled.body));
    const paymentId = await pay(gateway, { orderId });
    await untilBack(gateway, orderId, paymentId, amountPaise);
    await untilClosed(gateway, paymentId);
    assert.equal(await db.purchases.countDocuments({ orderId }), 0);
    const order = await eventually({
      what: 'the timeline tells it',
      read: () => db.orders.findOne({ _id: orderId }),
      isRight: (seen) => /went back to the customer/.test(seen?.timeline.at(-1)?.text ?? ''),
    });
    assert.equal(order?.status, 'cancelled');
  });

  test(`${gateway}: what was paid after the checkout had expired goes back where the package is empty`, async () => {
    const { orderId, amountPaise } = await checkOut(gateway, empty[gateway]);
    await db.orders.updateOne(
      { _id: orderId },
      { $set: { createdAt: new Date(Date.now() - 7_200_000).toISOString() } },
    );
    await service.orderIn(orderId, 'expired');
    const paymentId = await pay(gateway, { orderId });
    await service.orderIn(orderId, 'refunded');
    await untilBack(gateway, orderId, paymentId, amountPaise);
    assert.equal(await db.purchases.countDocuments({ orderId }), 0);
  });

  test(`${gateway}: a refund that is taken back after it was paid is asked for again, once`, async () => {
    const { orderId, amountPaise } = await checkOut(gateway);
    await pay(gateway, { orderId });
    const second = await pay(gateway, { orderId });
    await untilBack(gateway, orderId, second, amountPaise);
    await untilClosed(gateway, second);
    const [refund] = await db.refunds.find({ paymentId: second }).toArray();
    const refundId = refund?._id ?? assert.fail('no refund');
    if (gateway === 'cashfree') await simulator.settleRefund({ orderId, refundId, status: 'CANCELLED' });
    else await simulator.settleRazorpayRefund({ refundId, status: 'failed' });
    await eventually({
      what: 'the next refund is paid',
      read: async () => (await db.refunds.findOne({ _id: `${refundId}-2` }))?.state,
      isRight: (state) => state === 'success',
      withinMs: 60_000,
    });
    assert.equal((await db.refunds.findOne({ _id: refundId }))?.state, 'cancelled');
    assert.equal((await backAt(gateway, orderId, second)).length, 1);
    await service.mailTo('admin', orderId, 'was cancelled after it was paid');
  });
}

test('the refund of an order that has ended is asked for again too where the gateway takes it back', async () => {
  const { orderId, amountPaise } = await checkOut('cashfree', emptied);
  const paymentId = await pay('cashfree', { orderId });
  await service.orderIn(orderId, 'waitingForStock');
  await client.workflow.getHandle(`order-${orderId}`).signal('compensateOrder', { option: 'refund' });
  await service.orderIn(orderId, 'refunded');
  const [refund] = await db.refunds.find({ orderId }).toArray();
  await simulator.settleRefund({ orderId, refundId: refund?._id ?? '', status: 'CANCELLED' });
  await untilBack('cashfree', orderId, paymentId, amountPaise);
  await untilClosed('cashfree', paymentId);
});

test('a remedy whose refund was called paid and then taken back ends by itself once the money is back', async () => {
  const { orderId, amountPaise } = await checkOut('cashfree');
  const paymentId = await pay('cashfree', { orderId });
  await service.orderIn(orderId, 'active');
  // The remedy hears of nothing but the webhooks until the refund is taken back.
  await simulator.addFaults({ id: 'deaf', call: 'cashfree.getRefund', do: { kind: 'status', status: 503 } });
  const wish = { option: 'refund', by: 'ada' };
  const chosen = await service.actAsAdmin(`/api/orders/${orderId}/compensate`, wish);
  assert.equal(chosen.status, 202, JSON.stringify(chosen.body));
  const stateOf = async () => (await db.refunds.findOne({ orderId }))?.state;
  await eventually({
    what: 'the refund is paid',
    read: stateOf,
    isRight: (state) => state === 'success',
    withinMs: 60_000,
  });
  const [refund] = await db.refunds.find({ orderId }).toArray();
  await simulator.addFaults({
    id: 'shut',
    call: 'cashfree.createRefund',
    do: { kind: 'status', status: 503 },
  });
  await simulator.settleRefund({ orderId, refundId: refund?._id ?? '', status: 'CANCELLED' });
  await eventually({
    what: 'the refund is taken back',
    read: stateOf,
    isRight: (state) => state === 'cancelled',
    withinMs: 60_000,
  });
  // The next refund is not taken before the remedy has seen it, and waits for a decision.
  await simulator.clearFaults('deaf');
  await service.orderIn(orderId, 'failed');
  await simulator.clearFaults('shut');
  await untilBack('cashfree', orderId, paymentId, amountPaise);
  await service.orderIn(orderId, 'refunded');
  await untilClosed('cashfree', paymentId);
});

test('what the gateway refuses is told, tried again by itself, and ends by the word of a person', async () => {
  const refusal = { call: 'cashfree.createRefund' as const, do: { kind: 'status' as const, status: 400 } };
  await simulator.addFaults({ id: 'no', ...refusal });
  const { orderId, amountPaise } = await checkOut('cashfree');
  await pay('cashfree', { orderId });
  const byItself = await pay('cashfree', { orderId });
  await untilBlocked('cashfree', byItself);
  await service.mailTo('admin', orderId, 'does not go back', 'retryRefund');
  await service.mailTo('admin', `Reminder 1: money of order ${orderId} does not go back`);
  await simulator.clearFaults();
  await untilBack('cashfree', orderId, byItself, amountPaise);

  await service.setPolicy({ reminders: ['1h'] });
  await simulator.addFaults({ id: 'no', ...refusal });
  const byHand = await pay('cashfree', { orderId });
  await untilBlocked('cashfree', byHand);
  const handle = returnOf('cashfree', byHand);
  for (const odd of [undefined, 'by hand', 7, { reference: '' }, { reference: ['x'] }]) {
    await handle.signal(refundedByHandSignal.name, ...(odd === undefined ? [] : [odd]));
  }
  await handle.signal(refundedByHandSignal.name, { reference: 'UTR 1234', by: 'ada' });
  await handle.result();
  const refund = await db.refunds.findOne({ _id: `by-hand-cashfree:${byHand}` });
  assert.deepEqual([refund?.state, refund?.why], ['success', 'Given back by hand: UTR 1234']);
  assert.deepEqual(await backAt('cashfree', orderId, byHand), []);
  const acts = await db.auditLog.find({ 'subject.id': orderId, act: 'refundedByHand' }).toArray();
  assert.deepEqual(
    acts.filter(({ accepted }) => accepted).map(({ by, reason }) => [by, reason]),
    [['ada', 'UTR 1234']],
  );
  assert.equal(acts.filter(({ accepted }) => !accepted).length, 5);
  await simulator.clearFaults();
  await service.setPolicy({ reminders: ['2s'] });
});

test('a return whose worker is killed and whose workflow is terminated goes on, and pays once', async () => {
  const { orderId, amountPaise } = await checkOut('razorpay');
  await simulator.addFaults({
    id: 'slow',
    call: 'razorpay.createRefund',
    when: { times: 1 },
    do: { kind: 'delay', ms: 1_500, afterSale: true },
  });
  await pay('razorpay', { orderId });
  // Its purchase has ended: only the return is under way when the worker is killed.
  await service.orderIn(orderId, 'active');
  const second = await pay('razorpay', { orderId });
  await eventually({
    what: 'the gateway has the refund',
    read: async () =>
      (await simulator.razorpay()).refunds.filter(({ paymentId }) => paymentId === second).length,
    isRight: (count) => count > 0,
    withinMs: 30_000,
  });
  await killProcess({ process: service.worker, signal: 'SIGKILL' });
  await returnOf('razorpay', second)
    .terminate('a test')
    .catch(() => undefined);
  await service.startWorker();
  await untilBack('razorpay', orderId, second, amountPaise);
  await untilClosed('razorpay', second);
  await simulator.clearFaults();
  // Only what has to beat is noticed within seconds when its worker is dead.
  const { events } = await returnOf('razorpay', second).fetchHistory();
  const asked = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) =>
    /^(start|await)Refund$/.test(scheduled?.activityType?.name ?? '') ? [scheduled] : [],
  );
  assert.ok(asked.length > 0);
  for (const scheduled of asked) assert.equal(Number(scheduled?.heartbeatTimeout?.seconds), 15);
});

test("the gateways' own books agree with ours", async () => {
  await assertGatewaysAgree(service);
  await assertLedgersAgree(service);
});
