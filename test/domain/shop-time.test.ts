import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatExactMoment } from '../../src/domain/shop-time.ts';

test("a line of a timeline is told to the second in the shop's zone, which it names", () => {
  const at = '2026-11-23T08:30:05.123Z';
  assert.equal(formatExactMoment({ at, timeZone: 'UTC' }), '23 Nov 2026, 08:30:05 UTC');
  assert.equal(formatExactMoment({ at, timeZone: 'Asia/Kolkata' }), '23 Nov 2026, 14:00:05 GMT+5:30');
  assert.equal(formatExactMoment({ at, timeZone: 'UTC' }), '23 Nov 2026, 08:30:05 UTC');
});
