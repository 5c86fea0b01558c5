import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  availableToSell,
  type CountedPurchase,
  capacitySentence,
  countPromised,
  oldestFirst,
  type StockPromises,
} from '../../src/domain/stock-promises.ts';

const readAt = '2026-11-21T10:00:00.000Z';
const earlier = '2026-11-21T09:59:00.000Z';
const later = '2026-11-21T10:01:00.000Z';
const now = '2026-11-21T10:02:00.000Z';
const nothing: StockPromises = { readAt, now, holds: [], paid: [], purchases: [] };

function purchase(orderId: string, changes: Partial<CountedPurchase> = {}): CountedPurchase {
  return {
    purchaseId: `${orderId}#1`,
    orderId,
    state: 'bought',
    sentAt: later,
    settledAt: later,
    ...changes,
  };
}
const none = { state: 'none' } as const;
const buying = (orderId: string) => ({ state: 'buying' as const, purchaseId: `${orderId}#1` });

test('an unpaid checkout holds one address until its time is over', () => {
  const hold = (until: string) => countPromised({ ...nothing, holds: [{ orderId: 'a', until }] });
  assert.deepEqual([hold(earlier), hold(now), hold('2026-11-21T10:02:00.001Z')], [0, 0, 1]);
});

test('a purchase counts while the count cannot know it', () => {
  const counted = (changes: Partial<CountedPurchase>) =>
    countPromised({ ...nothing, purchases: [purchase('a', changes)] });
  assert.equal(counted({}), 1, 'sent since');
  assert.equal(counted({ sentAt: earlier, settledAt: earlier }), 0, 'in the count');
  assert.equal(counted({ sentAt: earlier }), 1, 'ended since');
  assert.equal(counted({ sentAt: earlier, state: 'unknown', settledAt: null }), 1, 'may still be sold');
  for (const state of ['refused', 'notBought', 'void', 'wrong']) assert.equal(counted({ state }), 0, state);
});

test('an order counts once on its way from hold to payment to purchase, wherever it was seen', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.boolean(), fc.boolean(), (isHeld, isPaid, isSent) => {
      const holds = isHeld ? [{ orderId: 'a', until: '2026-11-21T11:00:00.000Z' }] : [];
      const paid = isPaid ? [{ orderId: 'a', goods: isSent ? buying('a') : none }] : [];
      const purchases = isSent ? [purchase('a', { state: 'sent', settledAt: null })] : [];
      const promised = countPromised({ ...nothing, holds, paid, purchases });
      assert.equal(promised, isHeld || isPaid || isSent ? 1 : 0);
      assert.equal(countPromised({ ...nothing, holds, paid, purchases }, 'a'), 0, 'not against itself');
    }),
  );
});

test('a paid order counts until its purchase is in the count', () => {
  const paid = [{ orderId: 'a', goods: buying('a') }];
  const promised = (purchases: CountedPurchase[]) => countPromised({ ...nothing, paid, purchases });
  assert.equal(promised([]), 1);
  assert.equal(promised([purchase('a', { state: 'intended', sentAt: null })]), 1);
  assert.equal(promised([purchase('a', { state: 'refused' })]), 1);
  assert.equal(promised([purchase('a')]), 1);
  assert.equal(promised([purchase('a', { sentAt: earlier, settledAt: earlier })]), 0);
  const delivered = [{ orderId: 'a', goods: { state: 'delivered' as const, purchaseId: 'a#1' } }];
  assert.equal(countPromised({ ...nothing, paid: delivered }), 0);
});

test('what is free is never below zero, and falls by one with every promise', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.nat(10), fc.nat(60), (count, reserve, promised) => {
      const free = availableToSell({ count, reserve, promised });
      assert.equal(free, Math.max(0, count - reserve - promised));
    }),
  );
});

test('as many as there is stock for are woken, the oldest payment first', () => {
  const order = fc.record({
    orderId: fc.string({ minLength: 1 }),
    paidAt: fc.constantFrom(earlier, readAt, later),
  });
  const orders = fc.uniqueArray(order, { selector: ({ orderId }) => orderId });
  fc.assert(
    fc.property(orders, fc.integer({ min: -3, max: 12 }), (waiting, free) => {
      const woken = oldestFirst(waiting, free);
      assert.equal(woken.length, Math.max(0, Math.min(free, waiting.length)));
      const rest = waiting.filter((one) => !woken.includes(one));
      for (const one of woken) for (const other of rest) assert.ok(one.paidAt <= other.paidAt);
    }),
  );
});

test('the refusal has the words of the owner', () => {
  assert.equal(
    capacitySentence({ packageName: '103.181.91', remaining: 5 }),
    'Package "103.181.91" is at capacity (5 IPs remaining). Please choose another package or contact support.',
  );
});
