import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { collectionsOf, prepareIndexes } from '../../src/database.ts';
import { createDiscount, type NewDiscount } from '../../src/discounts/create-discount.ts';
import { holdDiscount, releaseDiscount, useDiscount } from '../../src/discounts/hold-discount.ts';
import { anOrder } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const db = collectionsOf((await freshDatabase()).db);
await prepareIndexes(db);
const at = '2026-11-23T08:00:00.000Z';
const later = '2026-11-23T08:02:00.000Z';
const deps = { db, now: () => at };

beforeEach(async () => {
  await Promise.all([db.discounts.deleteMany({}), db.orders.deleteMany({})]);
});

function newDiscount(change: Partial<NewDiscount> = {}) {
  return createDiscount(deps, {
    discountId: 'apology-ord-0',
    value: { kind: 'amount', amountPaise: 10_000 },
    customerEmail: null,
    expiresAt: '2026-12-23T08:00:00.000Z',
    note: 'An apology',
    ...change,
  });
}

function hold(code: string, orderId: string, change: { email?: string; now?: string } = {}) {
  return holdDiscount(
    { db, now: () => change.now ?? at },
    { orderId, code, email: change.email ?? 'customer@example.com', listPricePaise: 49_900 },
  );
}

async function refusal(holding: ReturnType<typeof hold>): Promise<string> {
  const outcome = await holding;
  return outcome.kind === 'refused' ? outcome.reason : assert.fail('it was held');
}

test('a discount is made once per id, also by many at once: a repeat answers the same code', async () => {
  const made = await Promise.all(Array.from({ length: 12 }, () => newDiscount()));
  assert.equal(new Set(made.map(({ code }) => code)).size, 1);
  assert.equal(await db.discounts.countDocuments({}), 1);
  const again = await newDiscount({ value: { kind: 'percent', percent: 50 } });
  assert.deepEqual(again, made[0]);
});

test('two discounts never have one code', async () => {
  await newDiscount({ discountId: 'one', code: 'SORRY-100' });
  await assert.rejects(newDiscount({ discountId: 'two', code: ' sorry-100 ' }), /the code is taken/);
});

test('values, codes and moments that cannot be used are refused before anything is written', async () => {
  await assert.rejects(newDiscount({ value: { kind: 'percent', percent: 101 } }), /value is no discount/);
  await assert.rejects(newDiscount({ code: 'x y' }), /code cannot be used/);
  await assert.rejects(newDiscount({ expiresAt: '2026-12-23' }), /is no moment/);
  assert.equal(await db.discounts.countDocuments({}), 0);
});

test('of many checkouts at once one holds the code, whatever case it is typed in', async () => {
  const { code } = await newDiscount();
  const outcomes = await Promise.all(
    Array.from({ length: 16 }, (_, index) =>
      hold(index % 2 ? code.toLowerCase() : ` ${code} `, `ord-${index}`),
    ),
  );
  const held = outcomes.filter(({ kind }) => kind === 'held');
  assert.equal(held.length, 1);
  assert.deepEqual(held[0], {
    kind: 'held',
    discountId: 'apology-ord-0',
    code,
    price: { listPricePaise: 49_900, discountPaise: 10_000, amountPaise: 39_900 },
  });
  assert.ok(outcomes.every((one) => one.kind === 'held' || one.reason === 'discountHeld'));
});

test('an order finds its own hold again; given back it is free, once used it is used for good', async () => {
  const { code, _id: discountId } = await newDiscount();
  await hold(code, 'ord-1');
  assert.equal((await hold(code, 'ord-1')).kind, 'held');
  await releaseDiscount(deps, { discountId, orderId: 'ord-2' });
  assert.equal(await refusal(hold(code, 'ord-2')), 'discountHeld');
  await releaseDiscount(deps, { discountId, orderId: 'ord-1' });
  assert.equal((await hold(code, 'ord-2')).kind, 'held');
  assert.equal(await useDiscount(deps, { discountId, orderId: 'ord-1' }), false);
  assert.equal(await useDiscount(deps, { discountId, orderId: 'ord-2' }), true);
  await releaseDiscount(deps, { discountId, orderId: 'ord-2' });
  assert.equal(await refusal(hold(code, 'ord-3')), 'discountUsed');
  assert.equal(await useDiscount(deps, { discountId, orderId: 'ord-2' }), true);
});

test('of two payments at once that lost their hold one uses the code', async () => {
  const { _id: discountId } = await newDiscount();
  const used = await Promise.all(
    Array.from({ length: 12 }, (_, index) => useDiscount(deps, { discountId, orderId: `ord-${index}` })),
  );
  assert.equal(used.filter((won) => won).length, 1);
});

test("another customer's code, a disabled one and one that never was are equally unknown", async () => {
  const { code, _id } = await newDiscount({ customerEmail: 'Customer@Example.com' });
  assert.equal(await refusal(hold(code, 'ord-1', { email: 'other@example.com' })), 'unknownDiscountCode');
  assert.equal((await hold(code, 'ord-2', { email: 'CUSTOMER@example.com' })).kind, 'held');
  await releaseDiscount(deps, { discountId: _id, orderId: 'ord-2' });
  await db.discounts.updateOne({ _id }, { $set: { disabled: { at, by: 'ada', reason: null } } });
  assert.equal(await refusal(hold(code, 'ord-3')), 'unknownDiscountCode');
  assert.equal(await refusal(hold('NEVER-WAS', 'ord-3')), 'unknownDiscountCode');
});

test('an expired code is refused, except to the order that holds it', async () => {
  const { code } = await newDiscount({ expiresAt: '2026-11-23T08:01:00.000Z' });
  assert.equal((await hold(code, 'ord-1')).kind, 'held');
  assert.equal((await hold(code, 'ord-1', { now: later })).kind, 'held');
  assert.equal(await refusal(hold(code, 'ord-2', { now: later })), 'discountExpired');
});

test('what an order holds that ended unpaid, or was never stored, can be held by another one', async () => {
  const { code } = await newDiscount();
  await hold(code, 'ord-lost');
  assert.equal(await refusal(hold(code, 'ord-1')), 'discountHeld', 'its order may still be stored');
  assert.equal((await hold(code, 'ord-1', { now: later })).kind, 'held');
  await db.orders.insertOne(anOrder({ _id: 'ord-1', status: 'pendingPayment', money: 'unpaid', open: true }));
  assert.equal(await refusal(hold(code, 'ord-2', { now: later })), 'discountHeld');
  await db.orders.updateOne({ _id: 'ord-1' }, { $set: { status: 'expired', open: false } });
  assert.equal((await hold(code, 'ord-2', { now: later })).kind, 'held');
});
