import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatClock, formatExactMoment } from '../../src/domain/shop-time.ts';

test("a line of a timeline is told to the second in the shop's zone, which it names", () => {
  const at = '2026-11-23T08:30:05.123Z';
  assert.equal(formatExactMoment({ at, timeZone: 'UTC' }), '23 Nov 2026, 08:30:05 UTC');
  assert.equal(formatExactMoment({ at, timeZone: 'Asia/Kolkata' }), '23 Nov 2026, 14:00:05 GMT+5:30');
  assert.equal(formatExactMoment({ at, timeZone: 'UTC' }), '23 Nov 2026, 08:30:05 UTC');
});

test("a moment of another day of the shop's zone is told with its day", () => {
  const at = '2026-11-23T20:30:00.000Z';
  const said = (now: string, timeZone: string) => formatClock({ at, now, timeZone });
  assert.equal(said('2026-11-23T00:10:00.000Z', 'UTC'), '20:30');
  assert.equal(said('2026-11-21T20:30:00.000Z', 'UTC'), '23 Nov, 20:30');
  assert.equal(said('2026-11-23T08:30:00.000Z', 'Asia/Kolkata'), '24 Nov, 02:00');
  assert.equal(said('2026-11-23T19:00:00.000Z', 'Asia/Kolkata'), '02:00');
});
