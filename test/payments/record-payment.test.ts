import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Collections, collectionsOf } from '../../src/database.ts';
import type { CapturedPayment } from '../../src/domain/payment.ts';
import type { RecordedPayment } from '../../src/domain/recorded-payment.ts';
import { recordPayment } from '../../src/payments/record-payment.ts';
import { anOrder, aPayment } from '../support/builders.ts';
import { createFaultyCollections } from '../support/faulty-collections.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';
import { freshDatabase } from '../support/stack.ts';

const { db: database } = await freshDatabase();
const real = collectionsOf(database);
const now = () => '2026-11-21T10:00:05.000Z';

function unpaid(_id: string) {
  return anOrder({ _id, status: 'pendingPayment', money: 'unpaid', owner: null, paidAt: null });
}

function record(db: Collections, payment: CapturedPayment): Promise<RecordedPayment> {
  return recordPayment({ db, now }, { orderId: payment.orderId, payment });
}

test('the first right payment keeps the money and says so; its repeat changes nothing', async () => {
  await real.orders.insertOne(unpaid('a'));
  const payment = aPayment({ orderId: 'a' });
  assert.deepEqual(await record(real, payment), {
    paymentId: 'pay-a',
    verdict: 'right',
    known: false,
    sentence: 'Payment pay-a of ₹499.00 received.',
  });
  assert.deepEqual(await record(real, payment), {
    paymentId: 'pay-a',
    verdict: 'right',
    known: true,
    sentence: 'Payment pay-a of ₹499.00 received.',
  });
  const { money, paymentKey, paidAt } = (await real.orders.findOne({ _id: 'a' })) ?? {};
  assert.deepEqual(
    { money, paymentKey, paidAt },
    { money: 'kept', paymentKey: 'cashfree:pay-a', paidAt: payment.paidAt },
  );
  const stored = await real.payments.findOne({ _id: 'cashfree:pay-a' });
  assert.deepEqual(stored, {
    ...payment,
    _id: 'cashfree:pay-a',
    verdict: 'right',
    recordedAt: now(),
    refundablePaise: 49_900,
    refundIds: [],
    owedBack: false,
    owedMarks: 1,
  });
});

test('another amount or currency is a mismatch while nothing was paid, and extra afterwards', async () => {
  await real.orders.insertOne(unpaid('b'));
  const wrong = (paymentId: string, changes: Partial<CapturedPayment>) =>
    record(real, aPayment({ orderId: 'b', paymentId, ...changes }));
  const less = await wrong('b1', { amountPaise: 49_899 });
  assert.deepEqual(
    [less.verdict, less.sentence],
    ['mismatch', 'Payment b1 of ₹498.99 is not what the order costs (₹499.00): it goes back.'],
  );
  assert.equal((await wrong('b2', { currency: 'USD' })).verdict, 'mismatch');
  assert.equal((await real.orders.findOne({ _id: 'b' }))?.money, 'unpaid');
  assert.equal((await wrong('b3', {})).verdict, 'right');
  const extra = await wrong('b4', {});
  assert.deepEqual(
    [extra.verdict, extra.sentence],
    ['extra', 'Payment b4 of ₹499.00 is not needed by the order: it goes back.'],
  );
  assert.equal((await wrong('b5', { amountPaise: 1 })).verdict, 'extra');
  assert.equal((await wrong('b1', { amountPaise: 49_899 })).verdict, 'mismatch');
});

test('a payment for an order that nobody knows is recorded as unmatched', async () => {
  const { verdict, sentence } = await record(real, aPayment({ orderId: 'nobody' }));
  assert.deepEqual(
    [verdict, sentence],
    ['unmatched', 'Payment pay-nobody of ₹499.00 belongs to no order that we know.'],
  );
  assert.equal((await real.payments.findOne({ _id: 'cashfree:pay-nobody' }))?.verdict, 'unmatched');
});

test('an expired order is still kept by its first right payment, a cancelled one is not', async () => {
  await real.orders.insertOne({ ...unpaid('late'), status: 'expired', open: false });
  await real.orders.insertOne({ ...unpaid('off'), status: 'cancelled', open: false });
  assert.equal((await record(real, aPayment({ orderId: 'late' }))).verdict, 'right');
  assert.equal((await real.orders.findOne({ _id: 'late' }))?.open, true);
  assert.equal((await record(real, aPayment({ orderId: 'off' }))).verdict, 'extra');
  const off = await real.orders.findOne({ _id: 'off' });
  assert.deepEqual([off?.money, off?.open], ['unpaid', false]);
});

test('a known payment id is judged by what was recorded first', async () => {
  await real.orders.insertOne(unpaid('c'));
  const payment = aPayment({ orderId: 'c', amountPaise: 100 });
  const stored = {
    ...payment,
    _id: 'cashfree:pay-c',
    recordedAt: now(),
    refundablePaise: 100,
    refundIds: [],
  };
  await real.payments.insertOne({ ...stored, verdict: null });
  assert.equal((await record(real, aPayment({ orderId: 'c' }))).verdict, 'mismatch');
  assert.equal((await real.orders.findOne({ _id: 'c' }))?.money, 'unpaid');
});

test('of many right payments at once one is right, and each keeps its verdict', async () => {
  await real.orders.insertOne(unpaid('many'));
  const payments = Array.from({ length: 6 }, (_, n) => aPayment({ orderId: 'many', paymentId: `m${n}` }));
  const first = await Promise.all([...payments, ...payments].map((payment) => record(real, payment)));
  const verdicts = new Map(first.map(({ paymentId, verdict }) => [paymentId, verdict]));
  assert.ok(first.every(({ paymentId, verdict }) => verdicts.get(paymentId) === verdict));
  assert.deepEqual([...verdicts.values()].toSorted(), ['extra', 'extra', 'extra', 'extra', 'extra', 'right']);
  const order = await real.orders.findOne({ _id: 'many' });
  const right = [...verdicts].find(([, verdict]) => verdict === 'right')?.[0];
  assert.equal(order?.paymentKey, `cashfree:${right}`);
});

const aWebhook = fc.record({
  paymentId: fc.constantFrom('p1', 'p2', 'p3', 'p4'),
  kind: fc.constantFrom('right', 'less', 'dollars'),
  fault: fc.option(fc.record({ write: fc.nat(3), after: fc.boolean() }), { nil: null }),
  together: fc.boolean(),
});

test('whatever arrives in whatever order and dies at whatever write, money is kept once and verdicts stay', () =>
  fc.assert(
    fc.asyncProperty(fc.array(aWebhook, { minLength: 1, maxLength: 12 }), async (webhooks) => {
      const db = createMemoryCollections(async () => undefined);
      await db.orders.insertOne(unpaid('o'));
      const facts = new Map<string, Partial<CapturedPayment>>();
      let running: Promise<unknown>[] = [];
      for (const { paymentId, kind, fault, together } of webhooks) {
        const fact = { right: {}, less: { amountPaise: 1 }, dollars: { currency: 'USD' } }[kind];
        // One payment id is one payment: a repeat carries the same facts.
        const known = facts.get(paymentId) ?? fact;
        facts.set(paymentId, known);
        const when = fault?.after ? 'after' : 'before';
        const planned = fault ? { write: fault.write, when, kind: 'error' as const } : null;
        const own = createFaultyCollections(db, planned as Parameters<typeof createFaultyCollections>[1]);
        running.push(record(own.db, aPayment({ orderId: 'o', paymentId, ...known })).catch(() => undefined));
        if (!together) {
          await Promise.all(running);
          running = [];
        }
      }
      await Promise.all(running);
      const settle = () =>
        Promise.all(
          [...facts].map(([paymentId, fact]) => record(db, aPayment({ orderId: 'o', paymentId, ...fact }))),
        );
      const settled = await settle();
      const again = await settle();
      assert.deepEqual(
        again.map(({ verdict, known }) => ({ verdict, known })),
        settled.map(({ verdict }) => ({ verdict, known: true })),
      );
      const right = settled.filter(({ verdict }) => verdict === 'right');
      const anyRight = [...facts.values()].some((fact) => Object.keys(fact).length === 0);
      assert.equal(right.length, anyRight ? 1 : 0);
      const order = await db.orders.findOne({ _id: 'o' });
      assert.deepEqual(
        [order?.money, order?.paymentKey],
        anyRight ? ['kept', `cashfree:${right[0]?.paymentId}`] : ['unpaid', null],
      );
    }),
    { numRuns: 300 },
  ));
