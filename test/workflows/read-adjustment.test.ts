import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sortInput } from '../../workflows/contract/read-signal.ts';
import { findOddAdjustment, readAdjustment } from '../../workflows/read-adjustment.ts';

const option = 'B';

test('an adjustment says a product, an amount, both or nothing', () => {
  for (const said of [{}, { productId: null, amountPaise: null }, { productId: '' }]) {
    const from = sortInput({ option, ...said });
    assert.deepEqual(readAdjustment(from), { productId: null, amountPaise: null });
    assert.equal(findOddAdjustment(from), null);
  }
  assert.equal(findOddAdjustment(sortInput('B')), null);
  const from = sortInput({ option, productId: ' silver ', amountPaise: 10_000 });
  assert.deepEqual(readAdjustment(from), { productId: 'silver', amountPaise: 10_000 });
  assert.equal(findOddAdjustment(from), null);
});

test('an amount or a product that cannot be read is named, never taken for one that was not said', () => {
  for (const amountPaise of [0, -1, 0.5, 1e300, '10000', true, [], {}]) {
    assert.match(findOddAdjustment(sortInput({ option, amountPaise })) ?? '', /^amountPaise is not/);
  }
  for (const productId of [7, true, [], {}, '  ']) {
    assert.match(findOddAdjustment(sortInput({ option, productId })) ?? '', /^productId is not/);
  }
});
