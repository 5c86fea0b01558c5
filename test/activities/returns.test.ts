import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { createReturns } from '../../activities/returns.ts';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import { anOrder } from '../support/builders.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const now = '2026-11-21T10:00:00.000Z';
const text = '₹899.00 of payment cashfree:7 went back to the customer (refund-7-2).';

async function setUp(order: Partial<OrderDocument>) {
  const db = createMemoryCollections();
  await db.orders.insertOne(anOrder({ _id: 'a', timeline: [], ...order }));
  const told: object[] = [];
  const deps = {
    db,
    now: () => now,
    tellBlockedRemedy: async (input: object) => {
      told.push(input);
    },
  } as unknown as ActivityDependencies;
  return { db, told, ...createReturns(deps) };
}

test('a remedy that was blocked looks again once the return of the payment has paid', async () => {
  const failure = { code: 'compensationBlocked', message: 'taken back', retriesDone: 0, since: now } as const;
  const { told, noteOnOrder } = await setUp({ status: 'failed', failure });
  await noteOnOrder({ orderId: 'a', text });
  assert.deepEqual(told, [{ orderId: 'a', reason: text }]);
});

test('an order that waits for another decision, or has ended, gets the line alone', async () => {
  const failure = { code: 'wrongPackage', message: 'another', retriesDone: 0, since: now } as const;
  for (const order of [{ status: 'failed', failure } as const, { status: 'refunded' } as const]) {
    const { db, told, noteOnOrder } = await setUp(order);
    await noteOnOrder({ orderId: 'a', text });
    assert.deepEqual(told, []);
    assert.deepEqual((await db.orders.findOne({ _id: 'a' }))?.timeline, [{ at: now, text }]);
  }
});
