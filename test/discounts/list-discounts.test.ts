import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectionsOf } from '../../src/database.ts';
import { createDiscount } from '../../src/discounts/create-discount.ts';
import { holdDiscount } from '../../src/discounts/hold-discount.ts';
import { disableDiscount, findDiscount, listDiscounts } from '../../src/discounts/list-discounts.ts';
import { anOrder } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const db = collectionsOf((await freshDatabase()).db);
const deps = { db, now: () => '2026-11-23T08:00:00.000Z' };

async function make(code: string, expiresAt = '2026-12-23T08:00:00.000Z'): Promise<void> {
  const value = { kind: 'percent' as const, percent: 10 };
  await createDiscount(deps, {
    discountId: code,
    code,
    value,
    customerEmail: null,
    expiresAt,
    note: 'a test',
  });
}

const hold = (code: string, orderId: string) =>
  holdDiscount(deps, { orderId, code, email: 'customer@example.com', listPricePaise: 49_900 });

test('a discount is free, held, used, expired or disabled; what an ended order holds is free', async () => {
  await Promise.all([make('FREE'), make('HELD'), make('ENDED'), make('OLDER', '2026-11-22T08:00:00.000Z')]);
  await db.orders.insertMany([
    anOrder({ _id: 'ord-1', status: 'pendingPayment', money: 'unpaid' }),
    anOrder({ _id: 'ord-2', status: 'expired', money: 'unpaid', open: false }),
  ]);
  await hold('HELD', 'ord-1');
  await hold('ENDED', 'ord-2');
  const states = async () =>
    Object.fromEntries((await listDiscounts(deps, { state: null })).map(({ code, state }) => [code, state]));
  assert.deepEqual(await states(), { FREE: 'free', HELD: 'held', ENDED: 'free', OLDER: 'expired' });
  const outcome = await disableDiscount(deps, { code: 'held', by: 'ada', reason: 'leaked' });
  assert.deepEqual(outcome, {
    kind: 'accepted',
    next: 'HELD cannot be used any more. Order ord-1 keeps its price.',
  });
  assert.deepEqual(
    (await listDiscounts(deps, { state: 'held' })).map(({ code, orderId }) => [code, orderId]),
    [['HELD', 'ord-1']],
  );
  await disableDiscount(deps, { code: 'FREE', by: 'ada', reason: null });
  assert.equal((await findDiscount(deps, { code: ' free ' }))?.state, 'disabled');
  const again = await disableDiscount(deps, { code: 'FREE', by: 'ada', reason: null });
  assert.deepEqual(again, { kind: 'refused', sentence: 'FREE is disabled already.' });
  assert.equal(await findDiscount(deps, { code: 'NEVER-WAS' }), null);
});
