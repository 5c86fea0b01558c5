import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AskDependencies, createAsking } from '../../activities/ask-gateways.ts';
import { collectionsOf } from '../../src/database.ts';
import type { PaymentGateway } from '../../src/payments/gateway.ts';
import { anOrder } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const db = collectionsOf((await freshDatabase()).db);
const now = () => '2026-11-23T12:00:00.000Z';

test('a paid order whose payment went back in full is asked about once more, and then no more', async () => {
  const asked: string[] = [];
  const gateway = {
    findOrder: async ({ orderId }) => {
      asked.push(orderId);
      return { gatewayOrderId: 'g', sessionId: 's', status: 'paid' };
    },
    findPayments: async () => [],
  } as Partial<PaymentGateway> as PaymentGateway;
  const { askGateways } = createAsking({
    db,
    now,
    gatewayOf: () => gateway,
    acceptPayment: async () => assert.fail('nothing was captured'),
    readPolicy: async () => ({ checkoutExpiryMs: 3_600_000 }),
    log: { info: () => undefined, warn: () => undefined },
  } as unknown as AskDependencies);
  const due = '2026-11-23T11:00:00.000Z';
  const ended = { status: 'refunded', money: 'refunded', open: false, askGatewayAt: due } as const;
  await db.orders.insertOne(anOrder({ _id: 'back', ...ended }));
  await db.orders.insertOne(
    anOrder({ _id: 'unpaid', money: 'unpaid', status: 'pendingPayment', owner: null }),
  );
  const asks = await askGateways({ which: 'paid', after: null });
  assert.deepEqual([asks.asked, asks.troubles], [1, 0]);
  assert.equal((await db.orders.findOne({ _id: 'back' }))?.askGatewayAt, null);
  // One that we have no money of is nothing to pass over.
  assert.equal((await askGateways({ which: 'open', after: null })).troubles, 1);
  assert.equal((await db.orders.findOne({ _id: 'unpaid' }))?.status, 'pendingPayment');
  assert.deepEqual(asked, ['back', 'unpaid']);
});
