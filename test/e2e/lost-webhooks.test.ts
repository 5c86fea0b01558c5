import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GatewayName } from '../../src/domain/order.ts';
import { returnPaymentWorkflowId } from '../../workflows/contract/return-payment.ts';
import { eventually } from '../support/eventually.ts';
import { assertLedgersAgree } from '../support/oracle.ts';
import { startTestService } from '../support/service.ts';

const hourMs = 3_600_000;
const service = await startTestService({
  policy: { askGatewayEvery: '1s' },
  scenario: { packages: [{ id: 5, name: '103.181.91', addresses: ['103.181.91.10-60'] }] },
});
const { simulator, db } = service;
const wish = { productId: 'vps-103-181-91', ramGb: 8, os: 'Ubuntu 22' };

async function checkOut(gateway: GatewayName): Promise<string> {
  const { status, body } = await service.storefront.checkout({ ...wish, gateway });
  assert.equal(status, 201, JSON.stringify(body));
  assert.equal((body.payment as { gateway: string }).gateway, gateway);
  return body.orderId;
}

/** Paid at the gateway; its webhook is lost. */
async function payUnheard(gateway: GatewayName, orderId: string): Promise<string> {
  const pay = gateway === 'cashfree' ? simulator.pay : simulator.payRazorpay;
  return (await pay({ orderId, deliver: 0 })).paymentId;
}

/** A checkout that was made so long ago. */
async function ageBy(orderId: string, ageMs: number): Promise<void> {
  await db.orders.updateOne({ _id: orderId }, { $set: { createdAt: ago(ageMs) } });
}

const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

async function verdictsOf(orderId: string): Promise<(string | null)[]> {
  const rows = await db.payments.find({ orderId }).sort({ recordedAt: 1 }).toArray();
  return rows.map(({ verdict }) => verdict).sort();
}

for (const gateway of ['cashfree', 'razorpay'] as const) {
  test(`a payment at ${gateway} whose webhook was lost is found and delivered; the late webhook changes nothing`, async () => {
    const orderId = await checkOut(gateway);
    const paymentId = await payUnheard(gateway, orderId);
    await service.orderIn(orderId, 'active');
    const { deliveries } =
      gateway === 'cashfree'
        ? await simulator.redeliver({ paymentId })
        : await simulator.redeliverRazorpay({ paymentId });
    assert.ok(deliveries.length > 0 && deliveries.every(({ status }) => status === 200));
    assert.deepEqual(await verdictsOf(orderId), ['right']);
    assert.equal(await db.purchases.countDocuments({ orderId }), 1);
  });

  test(`a checkout at ${gateway} that is never paid expires, and is delivered where it is paid after all`, async () => {
    const orderId = await checkOut(gateway);
    const young = await checkOut(gateway);
    await ageBy(orderId, hourMs);
    await service.orderIn(orderId, 'expired');
    const expired = await db.orders.findOne({ _id: orderId });
    assert.deepEqual([expired?.open, expired?.money, expired?.owner], [false, 'unpaid', null]);
    assert.equal(expired?.timeline.at(-1)?.text, 'Not paid within 60 minutes: the checkout has expired.');
    const { statusSince = '', askGatewayAt } = expired ?? {};
    assert.equal(Date.parse(askGatewayAt ?? ''), Date.parse(statusSince) + hourMs);
    assert.equal((await db.orders.findOne({ _id: young }))?.status, 'pendingPayment', 'its time is not up');

    await payUnheard(gateway, orderId);
    const due = { statusSince: ago(hourMs), askGatewayAt: ago(1) };
    await db.orders.updateOne({ _id: orderId }, { $set: due });
    await service.orderIn(orderId, 'active');
    assert.deepEqual(await verdictsOf(orderId), ['right']);
  });
}

test('an expired order is asked about after an hour and after a day, and then no more', async () => {
  const orderId = await checkOut('cashfree');
  await ageBy(orderId, hourMs);
  await service.orderIn(orderId, 'expired');
  const askedAt = (wanted: (askGatewayAt: string | null | undefined) => boolean) =>
    eventually({
      what: 'the next moment',
      read: async () => (await db.orders.findOne({ _id: orderId }))?.askGatewayAt,
      isRight: wanted,
    });
  const statusSince = ago(hourMs);
  const dayLater = new Date(Date.parse(statusSince) + 24 * hourMs).toISOString();
  await db.orders.updateOne({ _id: orderId }, { $set: { statusSince, askGatewayAt: ago(1) } });
  await askedAt((at) => at === dayLater);
  const dayAgo = ago(24 * hourMs);
  await db.orders.updateOne({ _id: orderId }, { $set: { statusSince: dayAgo, askGatewayAt: ago(1) } });
  await askedAt((at) => at === null);
});

test('while the gateway does not answer nothing expires', async () => {
  const orderId = await checkOut('razorpay');
  await simulator.addFaults({ id: 'dark', call: 'razorpay.listOrders', do: { kind: 'status', status: 503 } });
  await ageBy(orderId, 2 * hourMs);
  await eventually({
    what: 'the gateway was asked twice',
    read: async () => (await simulator.faults()).find(({ id }) => id === 'dark')?.fired ?? 0,
    isRight: (fired) => fired >= 2,
  });
  assert.equal((await db.orders.findOne({ _id: orderId }))?.status, 'pendingPayment');
  await simulator.clearFaults();
  await service.orderIn(orderId, 'expired');
});

test('of two payments whose webhooks were lost one delivers, the other is money to give back', async () => {
  const orderId = await checkOut('cashfree');
  await simulator.addFaults({ id: 'dark', call: 'cashfree.getOrder', do: { kind: 'status', status: 503 } });
  await payUnheard('cashfree', orderId);
  await payUnheard('cashfree', orderId);
  await simulator.clearFaults();
  await service.orderIn(orderId, 'active');
  await eventually({
    what: 'both payments are recorded',
    read: () => verdictsOf(orderId),
    isRight: (verdicts) => verdicts.length === 2,
  });
  assert.deepEqual(await verdictsOf(orderId), ['extra', 'right']);
  assert.equal(await db.purchases.countDocuments({ orderId }), 1);
});

test('a second payment whose webhook was lost is found a day later, and goes back', async () => {
  const orderId = await checkOut('cashfree');
  await simulator.pay({ orderId });
  await service.orderIn(orderId, 'active');
  const paymentId = await payUnheard('cashfree', orderId);
  const { askGatewayAt, paidAt } = (await db.orders.findOne({ _id: orderId })) ?? {};
  assert.ok(Date.parse(askGatewayAt ?? '') > Date.parse(paidAt ?? '') + 23 * hourMs);
  await db.orders.updateOne({ _id: orderId }, { $set: { askGatewayAt: ago(1) } });
  await eventually({
    what: 'the second payment is back',
    read: async () => (await db.refunds.findOne({ paymentId }))?.state,
    isRight: (state) => state === 'success',
  });
  assert.equal((await db.orders.findOne({ _id: orderId }))?.askGatewayAt, null);
  assert.equal(await db.purchases.countDocuments({ orderId }), 1);
});

for (const gateway of ['cashfree', 'razorpay'] as const) {
  test(`${gateway} tells by its webhook how a refund ended: paid, and then taken back after all`, async () => {
    const orderId = await checkOut(gateway);
    await payUnheard(gateway, orderId);
    await service.orderIn(orderId, 'active');
    // A second payment of the same order: it goes back by itself.
    const pay = gateway === 'cashfree' ? simulator.pay : simulator.payRazorpay;
    const paymentKey = `${gateway}:${(await pay({ orderId })).paymentId}`;
    const { _id: refundId } = await eventually({
      what: 'the refund of the second payment',
      read: () => db.refunds.findOne({ paymentKey }),
      isRight: (refund) => refund !== null,
    }).then((refund) => refund ?? assert.fail('no refund'));
    const stateIs = (wanted: string) =>
      eventually({
        what: `refund ${refundId} is ${wanted} in the book`,
        read: async () => (await db.refunds.findOne({ _id: refundId }))?.state,
        isRight: (state) => state === wanted,
      });
    await stateIs('success');
    // A run that still waits for the outcome would see a refusal, and pause before it tries again.
    await service.client.workflow.getHandle(returnPaymentWorkflowId(paymentKey)).result();
    if (gateway === 'cashfree') await simulator.settleRefund({ orderId, refundId, status: 'CANCELLED' });
    else await simulator.settleRazorpayRefund({ refundId, status: 'failed' });
    await stateIs('cancelled');
    // Its share was given back once, and the next refund has taken it.
    const again = await eventually({
      what: `the refund that follows ${refundId}`,
      read: async () => (await db.refunds.findOne({ _id: `${refundId}-2` }))?.state,
      isRight: (state) => state === 'success',
    });
    assert.equal(again, 'success');
    const payment = await db.payments.findOne({ _id: paymentKey });
    assert.deepEqual([payment?.refundablePaise, payment?.refundIds], [0, [`${refundId}-2`]]);
    await service.mailTo('admin', `A refund of order ${orderId} was cancelled after it was paid`);
  });
}

test('both ledgers agree', async () => {
  await assertLedgersAgree(service);
});
