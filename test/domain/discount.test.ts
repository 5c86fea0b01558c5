import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DiscountValue, discountPrice, isDiscountValue } from '../../src/domain/discount.ts';

const values = fc.oneof(
  fc.record({ kind: fc.constant('amount' as const), amountPaise: fc.integer({ min: 1, max: 10_000_000 }) }),
  fc.record({ kind: fc.constant('percent' as const), percent: fc.integer({ min: 1, max: 100 }) }),
);

test('a discounted price is whole paise, at least a rupee, and adds up to the list price', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 100_000_000 }), values, (listPricePaise, value) => {
      const price = discountPrice(listPricePaise, value);
      assert.equal(price.amountPaise + price.discountPaise, listPricePaise);
      assert.ok(Number.isSafeInteger(price.amountPaise) && price.amountPaise >= 100);
      assert.ok(price.discountPaise >= 0);
      if (value.kind === 'amount') assert.ok(price.discountPaise <= value.amountPaise);
    }),
  );
});

const prices: [number, DiscountValue, number][] = [
  [49_900, { kind: 'amount', amountPaise: 10_000 }, 39_900],
  [49_900, { kind: 'amount', amountPaise: 49_900 }, 100],
  [49_900, { kind: 'amount', amountPaise: 90_000 }, 100],
  [49_900, { kind: 'percent', percent: 100 }, 100],
  [49_999, { kind: 'percent', percent: 15 }, 42_500],
  [100, { kind: 'percent', percent: 50 }, 100],
  [50, { kind: 'amount', amountPaise: 10 }, 50],
];

for (const [listed, value, left] of prices) {
  test(`${JSON.stringify(value)} off ${listed} paise leaves ${left} paise`, () => {
    assert.equal(discountPrice(listed, value).amountPaise, left);
  });
}

test('nothing, parts of a paisa and more than all are no discounts', () => {
  for (const amountPaise of [0, -1, 0.5, Number.NaN, 2 ** 53]) {
    assert.equal(isDiscountValue({ kind: 'amount', amountPaise }), false, String(amountPaise));
  }
  for (const percent of [0, -1, 101, 2.5, Number.NaN]) {
    assert.equal(isDiscountValue({ kind: 'percent', percent }), false, String(percent));
  }
});
