import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultPolicy, resolvePolicy } from '../../src/domain/policy.ts';

test('the default policy resolves to milliseconds and plain values', () => {
  const resolved = resolvePolicy(defaultPolicy);
  assert.equal(Object.keys(resolved).length, Object.keys(defaultPolicy).length);
  assert.equal(resolved.longestPurchaseMs, 240_000);
  assert.deepEqual(resolved.automaticRetriesMs, [300_000, 900_000, 2_700_000]);
  assert.deepEqual(resolved.freeMonthRemindersMs, [604_800_000, 86_400_000]);
  assert.equal(resolved.stockReEnable, 10);
  assert.equal(resolved.decisionDefault, 'refund');
  assert.equal(resolved.claimStranded, false);
  assert.deepEqual(JSON.parse(JSON.stringify(resolved)), resolved);
});

test('a duration that is none is named with its key', () => {
  assert.throws(() => resolvePolicy({ ...defaultPolicy, wipeLimit: 'soon' }), {
    name: 'RangeError',
    message: 'Failed to resolve the policy: wipeLimit is no duration: "soon".',
  });
});
