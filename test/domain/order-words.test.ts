import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureCodes, orderStatuses } from '../../src/domain/order.ts';
import { recommendedActions, recommendedFor } from '../../src/domain/order-words.ts';

test('what needs a person has one recommended action; what goes its way has none', () => {
  for (const code of failureCodes) {
    assert.equal(recommendedFor({ status: 'failed', code }), recommendedActions[code]);
  }
  assert.match(recommendedFor({ status: 'waitingForStock', code: null }) ?? '', /^Refill the package/);
  for (const status of orderStatuses.filter((one) => one !== 'failed' && one !== 'waitingForStock')) {
    assert.equal(recommendedFor({ status, code: 'wrongPackage' }), null, status);
  }
});
