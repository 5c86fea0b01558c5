import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { followStock, knownCountOf, type Sighting, stockLevelOf } from '../../src/domain/stock-level.ts';
import {
  findMarkProblem,
  findPageAlert,
  isReported,
  judgeSale,
  marksOf,
  type StockMarks,
} from '../../src/domain/stock-marks.ts';

const at = '2026-11-21T10:00:00.000Z';
const marks: StockMarks = {
  lowStockWarning: 5,
  stockPageAlert: 10,
  stockDailyReport: 5,
  stockAutoDisable: 3,
  stockReEnable: 10,
};
const levelOf = (available: number, dry: unknown = null) =>
  stockLevelOf({ counts: { available, readAt: at }, dry });

interface Walk {
  disabled: null | { auto?: boolean; at: number };
  switches: { to: 'off' | 'on'; available: number }[];
}

function walk(counts: (number | null)[], wanted: StockMarks, start: Walk['disabled'] = null): Walk {
  const state: Walk = { disabled: start, switches: [] };
  for (const count of counts) {
    const level =
      count === null
        ? stockLevelOf({ counts: { available: 0, readAt: at }, stale: { since: at, why: 'down' }, dry: null })
        : levelOf(count);
    const verdict = judgeSale({ level, disabled: state.disabled, marks: wanted, now: at });
    if (verdict.kind === 'disable') state.disabled = { auto: true, at: verdict.available };
    if (verdict.kind === 'enable') state.disabled = null;
    if (verdict.kind !== 'keep') {
      state.switches.push({
        to: verdict.kind === 'disable' ? 'off' : 'on',
        available: verdict.available,
      });
    }
  }
  return state;
}

test('over 100 random walks a product never flaps: off only at or below its mark, on only above the higher one', () => {
  const steps = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 50, maxLength: 300 });
  const bounds = fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 12 }));
  let switched = 0;
  fc.assert(
    fc.property(steps, bounds, (moves, [low, gap]) => {
      const wanted = { ...marks, stockAutoDisable: low, stockReEnable: low + gap };
      let count = low + 2;
      const counts = moves.map((move) => {
        count = Math.max(0, Math.min(30, count + move));
        return count;
      });
      const { switches } = walk(counts, wanted);
      switched += switches.length;
      switches.forEach(({ to, available }, index) => {
        assert.equal(to, index % 2 === 0 ? 'off' : 'on', 'off and on take turns');
        if (to === 'off') assert.ok(available <= low);
        else assert.ok(available > low + gap);
      });
      // Steps of two at most: between two switches the count has to walk the whole gap.
      assert.ok(switches.length <= 1 + (2 * moves.length) / (gap + 1));
    }),
    { numRuns: 100 },
  );
  assert.ok(switched > 10, `the walks crossed the marks ${switched} times`);
});

test('a count that stands still switches once at most, also where a new policy lies across a mark of the product', () => {
  const mark = fc.nat(12);
  fc.assert(
    fc.property(mark, mark, fc.nat(15), fc.boolean(), (stockAutoDisable, stockReEnable, count, isOff) => {
      const crossed = { ...marks, stockAutoDisable, stockReEnable };
      const start = isOff ? { auto: true, at: count } : null;
      assert.ok(walk([count, count, count], crossed, start).switches.length <= 1);
    }),
  );
});

test('a count that walks between the marks changes nothing, from either side', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 4, max: 10 }), { minLength: 1 }), (counts) => {
      assert.deepEqual(walk(counts, marks).switches, []);
      assert.deepEqual(walk(counts, marks, { auto: true, at: 3 }).switches, []);
    }),
  );
});

test('each threshold holds from above and from below', () => {
  const verdictAt = (available: number, disabled: null | { auto?: boolean } = null) =>
    judgeSale({ level: levelOf(available), disabled, marks, now: at });
  assert.deepEqual(verdictAt(4), { kind: 'keep' });
  assert.deepEqual(verdictAt(3), {
    kind: 'disable',
    available: 3,
    note: 'Auto-disabled: Only 3 IPs left (2026-11-21T10:00:00.000Z)',
  });
  assert.deepEqual(verdictAt(10, { auto: true }), { kind: 'keep' });
  assert.deepEqual(verdictAt(11, { auto: true }), { kind: 'enable', available: 11 });
  const alert = (available: number) => findPageAlert({ packageName: 'X', level: levelOf(available), marks });
  assert.deepEqual([alert(11), alert(10)], [null, 'Package "X" has only 10 IPs left!']);
  assert.deepEqual(
    [6, 5].map((count) => isReported({ level: levelOf(count), marks })),
    [false, true],
  );
});

test('what a person disabled is never enabled by the monitor', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), (counts) => {
      assert.deepEqual(walk(counts, marks, { at: 0 }).switches, []);
    }),
  );
});

test('a mark of 0 is off; own marks stand before those of the policy, and must not cross', () => {
  const off = marksOf(marks, { stockAutoDisable: 0, stockPageAlert: 0, stockDailyReport: 0 });
  assert.deepEqual(off, { ...marks, stockAutoDisable: 0, stockPageAlert: 0, stockDailyReport: 0 });
  assert.deepEqual(walk([5, 3, 1, 0], off).switches, []);
  assert.equal(findPageAlert({ packageName: 'X', level: levelOf(0), marks: off }), null);
  assert.equal(isReported({ level: levelOf(0), marks: off }), false);
  assert.match(findMarkProblem({ ...marks, stockAutoDisable: 10 }) ?? '', /must be above/);
  assert.equal(findMarkProblem(marks), null);
});

test('unknown is not zero: while nobody knows, nothing is disabled, enabled or alerted, and the last count stays', () => {
  assert.deepEqual(walk([null, null], marks).switches, []);
  assert.deepEqual(walk([null, null], marks, { auto: true, at: 3 }).switches, []);
  const never = stockLevelOf({ counts: null, dry: null });
  assert.deepEqual(never, { kind: 'unknown', last: null, stale: null });
  assert.equal(knownCountOf(never), null);
  assert.equal(findPageAlert({ packageName: 'X', level: never, marks }), null);
  assert.equal(isReported({ level: never, marks }), false);
});

test('a dry package counts as zero whatever its count says', () => {
  assert.deepEqual(levelOf(40, { since: at }), { kind: 'zero', readAt: at });
  assert.equal(knownCountOf(levelOf(0)), 0);
});

test('any run of answers keeps the last good count, and is stale since the first answer without one', () => {
  const sighting = fc.oneof(
    fc.record({ kind: fc.constant('seen' as const), available: fc.nat(50) }),
    fc.record({ kind: fc.constant('unseen' as const), why: fc.constantFrom('down', 'missing') }),
  );
  fc.assert(
    fc.property(fc.array(sighting, { minLength: 1 }), (sightings: Sighting[]) => {
      let kept: ReturnType<typeof followStock> = { counts: null, stale: null };
      const momentOf = (index: number) => new Date(Date.parse(at) + index * 1000).toISOString();
      sightings.forEach((seen, index) => {
        kept = followStock(kept, { sighting: seen, at: momentOf(index) });
      });
      const last = sightings.findLastIndex(({ kind }) => kind === 'seen');
      const good = sightings[last];
      const expected = good?.kind === 'seen' ? { available: good.available, readAt: momentOf(last) } : null;
      assert.deepEqual(kept.counts, expected);
      const isStale = last < sightings.length - 1;
      assert.equal(kept.stale?.since, isStale ? momentOf(last + 1) : undefined);
      assert.equal(stockLevelOf({ ...kept, dry: null }).kind === 'unknown', isStale);
    }),
  );
});

test('an answer that was asked for before the last good one changes nothing', () => {
  const kept = { counts: { available: 9, readAt: '2026-11-21T10:00:05.000Z' }, stale: null };
  assert.deepEqual(followStock(kept, { sighting: { kind: 'seen', available: 2 }, at }), kept);
  assert.deepEqual(followStock(kept, { sighting: { kind: 'unseen', why: 'down' }, at }), kept);
});
