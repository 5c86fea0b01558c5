import assert from 'node:assert/strict';
import type { GatewayName } from '../../src/domain/order.ts';
import type { TestService } from './service.ts';

/** A refund as the gateway's own book has it, by the id that we gave it. */
interface RefundAtGateway {
  refundId: string;
  amountPaise: number;
  isPaid: boolean;
  isLiving: boolean;
}

/**
 * Holds our books of payments and refunds against the gateways' own: nothing is refunded beyond what was captured, one
 * refund per id, both sides know the same ones, and no order is both refunded in full and holds a delivered server
 * (the free month apart).
 */
export async function assertGatewaysAgree({
  simulator,
  db,
}: Pick<TestService, 'simulator' | 'db'>): Promise<void> {
  const [cashfree, razorpay] = await Promise.all([simulator.cashfree(), simulator.razorpay()]);
  const captured = {
    cashfree: cashfree.payments
      .filter(({ status }) => status === 'SUCCESS')
      .map(({ paymentId, amountPaise }) => ({ paymentId, amountPaise })),
    razorpay: razorpay.payments
      .filter(({ status }) => status === 'captured')
      .map(({ id, amountPaise }) => ({ paymentId: id, amountPaise })),
  };
  const given: Record<GatewayName, RefundAtGateway[]> = {
    cashfree: cashfree.refunds.map(({ refundId, amountPaise, status }) => ({
      refundId,
      amountPaise,
      isPaid: status === 'SUCCESS',
      isLiving: status !== 'CANCELLED',
    })),
    razorpay: razorpay.refunds.map(({ receipt, amountPaise, status }) => ({
      refundId: receipt ?? 'without our id',
      amountPaise,
      isPaid: status === 'processed',
      isLiving: status !== 'failed',
    })),
  };
  for (const gateway of ['cashfree', 'razorpay'] as const) {
    await assertGatewayAgrees({ db, gateway, captured: captured[gateway], given: given[gateway] });
  }
  await assertNotBoth(db, [...given.cashfree, ...given.razorpay]);
}

async function assertGatewayAgrees(input: {
  db: TestService['db'];
  gateway: GatewayName;
  captured: { paymentId: string; amountPaise: number }[];
  given: RefundAtGateway[];
}): Promise<void> {
  const { db, gateway, captured, given } = input;
  const ids = given.map(({ refundId }) => refundId);
  assert.equal(new Set(ids).size, ids.length, `${gateway}: one refund per id`);
  const rows = await db.refunds.find({ gateway }).toArray();
  for (const { refundId, amountPaise } of given) {
    const row = rows.find(({ _id }) => _id === refundId);
    assert.equal(row?.amountPaise, amountPaise, `${gateway}: refund ${refundId} is in our book`);
  }
  for (const { paymentId, amountPaise } of captured) {
    const own = rows.filter((row) => row.paymentId === paymentId).map(({ _id }) => _id);
    const living = given.filter(({ refundId, isLiving }) => isLiving && own.includes(refundId));
    const back = living.reduce((sum, refund) => sum + refund.amountPaise, 0);
    assert.ok(back <= amountPaise, `${gateway}: ${back} of ${amountPaise} paise of ${paymentId} went back`);
  }
  for (const row of rows.filter(({ _id, state }) => state === 'success' && !_id.startsWith('by-hand-'))) {
    const paid = given.find(({ refundId }) => refundId === row._id);
    assert.ok(paid?.isPaid, `${gateway}: ${row._id}, paid by our book, is paid`);
  }
}

async function assertNotBoth(db: TestService['db'], given: readonly RefundAtGateway[]): Promise<void> {
  const living = new Set(given.filter(({ isLiving }) => isLiving).map(({ refundId }) => refundId));
  const orders = await db.orders.find({ 'goods.state': 'delivered' }).toArray();
  for (const { _id: orderId, paymentKey, remedy } of orders) {
    const payment = await db.payments.findOne({ _id: paymentKey ?? '' });
    const rows = await db.refunds.find({ orderId }).toArray();
    const back = rows
      .filter((row) => row.paymentKey === paymentKey && living.has(row._id))
      .reduce((sum, { amountPaise }) => sum + amountPaise, 0);
    const isBack = payment !== null && back >= payment.amountPaise;
    assert.ok(
      !isBack || remedy?.option === 'refundAndFreeMonth',
      `order ${orderId} is delivered although all of its payment went back`,
    );
  }
}
