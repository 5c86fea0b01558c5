import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RemedyOption } from '../../src/domain/remedy.ts';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import type { PlanDependencies } from '../../src/orders/plan-refund.ts';
import { planRemedy } from '../../src/orders/plan-remedy.ts';
import { changeRemedy, takeRemedy } from '../../src/orders/take-remedy.ts';
import { planReturn } from '../../src/payments/plan-return.ts';
import { recordPayment } from '../../src/payments/record-payment.ts';
import { noteRefundNews } from '../../src/payments/refund-book.ts';
import { lookAtRefund, startRefund } from '../../src/payments/refund-payment.ts';
import { createTrustingGateway } from '../payments/trusting-gateway.ts';
import { anOrder, aPayment, aProduct, aPurchase, aTenancy } from '../support/builders.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const now = () => '2026-11-21T12:00:00.000Z';
const workflowId = 'compensation-a';
const ip = '103.181.91.7';

async function setUp(changes: Partial<OrderDocument> = {}, expiresAt = '2026-12-21T10:00:00.000Z') {
  const db = createMemoryCollections();
  const goods = { state: 'delivered', purchaseId: 'a#1' } as const;
  await db.orders.insertOne(anOrder({ _id: 'a', status: 'active', goods, ...changes }));
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', state: 'bought', ip }));
  const tenancy = aTenancy({ purchaseId: 'a#1', orderId: 'a', state: 'delivered', expiresAt });
  await db.servers.insertOne({ _id: `smartvps:${ip}`, supplier: 'smartvps', ip, tenancy, history: [] });
  const wish = (option: RemedyOption) => {
    return { orderId: 'a', workflowId, option, by: 'ops', reason: null, endsAs: 'refunded' } as const;
  };
  return { db, deps: { db, now }, wish };
}

test('of a renewal only its money goes back: it has bought no server of its own', async () => {
  const freeMonthOf = { orderId: 'first', act: 'renew' } as const;
  const { deps, wish } = await setUp({ freeMonthOf, status: 'failed', goods: { state: 'none' } });
  for (const option of ['reprovision', 'priceAdjustment', 'refundAndFreeMonth'] as const) {
    const taken = await takeRemedy(deps, wish(option));
    assert.equal(taken.kind, 'refused', option);
    assert.match(taken.sentence, /^Order a renews the server of order first and buys none: choose refund/);
  }
  assert.equal((await takeRemedy(deps, wish('refund'))).kind, 'taken');
});

test('after a refund that the gateway took back no server is given for it any more, and it is owed again', async () => {
  const { db, deps, wish } = await setUp({
    paymentKey: null,
    money: 'unpaid',
    status: 'failed',
    goods: { state: 'none' },
  });
  const { gateway, ledger } = createTrustingGateway(
    () => 'taken',
    async () => {},
  );
  const payment = aPayment({ orderId: 'a' });
  const paymentKey = `${payment.gateway}:${payment.paymentId}`;
  assert.equal((await recordPayment(deps, { orderId: 'a', payment })).verdict, 'right');
  assert.equal((await takeRemedy(deps, wish('refund'))).kind, 'taken');
  await db.orders.updateOne({ _id: 'a' }, { $set: { money: 'refunding' } });
  const book = { ...deps, gatewayOf: () => gateway as never };
  const started = await startRefund(book, { orderId: 'a', paymentKey });
  assert.ok(started.kind === 'taken');
  const refund = ledger.refunds.get(started.refundId);
  assert.ok(refund);
  refund.status = 'success';
  assert.deepEqual(await lookAtRefund(book, { refundId: started.refundId }), { kind: 'success' });
  const news = { gateway: 'cashfree', refundId: started.refundId, status: 'cancelled' } as const;
  assert.equal(await noteRefundNews(deps, news), 'noted');
  const changed = await changeRemedy(deps, wish('reprovision'));
  assert.equal(changed.kind, 'refused');
  assert.match(changed.sentence, /has moved for the remedy refund: it goes on with that/);
  assert.equal((await planReturn(deps, { paymentKey })).kind, 'refund');
  await db.orders.updateOne({ _id: 'a' }, { $set: { money: 'kept' } });
  assert.equal((await planReturn(deps, { paymentKey })).kind, 'nothing', 'the order delivers for it');
});

test('an order that a price adjustment has renamed is again what was ordered once another remedy is chosen', async () => {
  const { db, deps, wish } = await setUp();
  await db.products.insertOne(aProduct());
  await db.products.insertOne(
    aProduct({
      _id: 'gold-44',
      name: 'Gold',
      packageKey: '103.182.44',
      sizes: [{ ramGb: 8, pricePaise: 39_900 }],
    }),
  );
  await db.orders.updateOne({ _id: 'a' }, { $set: { productId: 'silver-91', productName: 'Silver' } });
  const asGold = { ...wish('priceAdjustment'), productId: 'gold-44' };
  assert.equal((await takeRemedy(deps, asGold)).kind, 'taken');
  const plan = { orderId: 'a', workflowId, skip: [], did: [], monthOver: false, freeMonthMs: 0 };
  const step = await planRemedy(deps as unknown as PlanDependencies, plan);
  assert.deepEqual([step.kind, (await db.orders.findOne({ _id: 'a' }))?.productName], ['refund', 'Gold']);
  assert.equal((await changeRemedy(deps, wish('refundAndFreeMonth'))).kind, 'changed');
  const order = await db.orders.findOne({ _id: 'a' });
  assert.deepEqual(
    [order?.productId, order?.productName, order?.remedy?.adjustment],
    ['silver-91', 'Silver', null],
  );
  // Said anew, as another product or by another amount, an adjustment is weighed anew.
  assert.equal((await changeRemedy(deps, asGold)).kind, 'changed');
  await planRemedy(deps as unknown as PlanDependencies, plan);
  const anew = { ...wish('priceAdjustment'), amountPaise: 5_000 };
  assert.equal((await changeRemedy(deps, anew)).kind, 'changed');
  assert.equal((await db.orders.findOne({ _id: 'a' }))?.productName, 'Silver');
  const again = await planRemedy(deps as unknown as PlanDependencies, plan);
  assert.deepEqual(again.kind === 'refund' && again.part?.amountPaise, 5_000);
});

test('a server whose month is over by our book may be kept for free: its customer may have renewed it at the shop', async () => {
  const { deps, wish } = await setUp({}, '2026-11-20T23:59:59.999Z');
  assert.equal((await takeRemedy(deps, wish('refundAndFreeMonth'))).kind, 'taken');
});

test('no remedy begins while a renewal may still be carried out at the supplier', async () => {
  const sentAt = (at: string) => ({ at, expiresOn: '2026-12-21', isPaid: false, isRefused: false });
  const renewal = {
    freeMonthOf: { orderId: 'first', act: 'renew' },
    status: 'queued',
    goods: { state: 'none' },
    renewalSent: sentAt('2026-11-21T11:59:00.000Z'),
  } as const;
  const { db, deps, wish } = await setUp(renewal);
  const refused = await takeRemedy(deps, wish('refund'));
  assert.equal(refused.kind, 'refused');
  assert.match(refused.sentence, /^Order a is renewing its server at this moment/);
  const late = { status: 'failed', renewalSent: sentAt('2026-11-21T11:57:00.000Z') } as const;
  await db.orders.updateOne({ _id: 'a' }, { $set: late });
  const taken = await takeRemedy(deps, wish('refund'));
  assert.equal(taken.kind === 'taken' && taken.order.sent, true, 'it counts as sent');
});
