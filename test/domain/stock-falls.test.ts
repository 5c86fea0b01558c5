import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isCountExact, isCountExplained, type KnownPurchase } from '../../src/domain/stock-falls.ts';

const packageId = 'id-103.182.44';
const startMs = Date.parse('2026-11-21T10:00:00.000Z');
const at = (seconds: number) => new Date(startMs + seconds * 1_000).toISOString();

interface Told {
  sent: number;
  /** null: not known to have sold. */
  settled: number | null;
  /** A reading of the package's count: when it began, and what it was. */
  read?: [from: number | null, available: number];
  from?: string;
}

function known({ sent, settled, read, from = packageId }: Told): KnownPurchase {
  return {
    sentAt: at(sent),
    sale: settled === null ? null : { packageId: from, settledAt: at(settled) },
    stockBefore: read
      ? {
          readFrom: read[0] === null ? null : at(read[0]),
          counts: [{ packageId, name: '103.182.44', available: read[1] }],
        }
      : null,
  };
}

/** The unknown purchase, sent in second 100. */
const lost = (available: number) => known({ sent: 100, settled: null, read: [98, available] });
const explains = (available: number, left: number, others: Told[]) =>
  isCountExplained({ purchase: lost(available), others: others.map(known), packageId, left });

test('a count that did not fall is explained, one that fell is not', () => {
  assert.equal(explains(20, 20, []), true);
  assert.equal(explains(20, 25, []), true, 'a refill');
  assert.equal(explains(20, 19, []), false);
});

test('a sale that was sent since explains a fall of one, no more and of no other package', () => {
  const sale = { sent: 100, settled: 140 };
  assert.equal(explains(20, 19, [sale]), true);
  assert.equal(explains(20, 18, [sale]), false);
  assert.equal(explains(20, 19, [{ ...sale, from: 'id-other' }]), false);
  assert.equal(explains(20, 19, [{ ...sale, settled: null }]), false);
});

test('a count that shows one of two known sales proves that the counter does not show all', () => {
  const sales = [
    { sent: 101, settled: 110 },
    { sent: 120, settled: 130 },
  ];
  assert.equal(explains(20, 18, sales), true);
  assert.equal(explains(20, 19, sales), false);
  assert.equal(explains(20, 20, sales), true, 'a counter that stands still says nothing');
});

test('a sale under way while the stock was read explains a fall from the reading before it, and only that fall', () => {
  const underWay: Told = { sent: 80, settled: 120, read: [78, 20] };
  assert.equal(explains(20, 19, [underWay]), true, 'sold after the reading');
  assert.equal(explains(19, 19, [underWay]), true, 'sold before it');
  assert.equal(explains(19, 18, [underWay]), false, 'sold before it, and one that nobody knows');
  assert.equal(explains(20, 18, [underWay]), false);
  assert.equal(explains(20, 19, [{ ...underWay, settled: null }]), false, 'not known to be a sale');
  assert.equal(explains(20, 19, [{ sent: 80, settled: 120 }]), false, 'no reading before it');
});

test('a sale that was over before the stock was read explains nothing, whatever a refill makes of the counts', () => {
  const over: Told = { sent: 80, settled: 97, read: [78, 20] };
  assert.equal(explains(20, 19, [over]), false);
  assert.equal(explains(21, 20, [{ ...over, settled: 120 }]), false, 'refilled before the reading');
});

test('a reading that another sale overlaps is no start, the one before that sale is', () => {
  const stray: Told = { sent: 70, settled: 90, read: [68, 20] };
  const second: Told = { sent: 85, settled: 120, read: [83, 20] };
  assert.equal(explains(19, 18, [stray, second]), true);
  assert.equal(explains(19, 18, [{ sent: 70, settled: 90 }, second]), false, 'nothing was read before it');
  assert.equal(
    explains(19, 18, [{ ...stray, read: [null, 20] }, second]),
    true,
    'no sale is before its start',
  );
  assert.equal(explains(19, 17, [stray, second]), false);
});

test('each reading since must show the sales before it: one that does not betrays a refill', () => {
  const underWay: Told = { sent: 80, settled: 110, read: [78, 20] };
  const later = (available: number): Told => ({ sent: 130, settled: 150, read: [128, available] });
  assert.equal(explains(20, 18, [underWay, later(19)]), true);
  assert.equal(explains(20, 18, [{ ...underWay, sent: 99 }, later(18)]), false, 'one more had fallen');
  assert.equal(explains(20, 18, [{ ...underWay, sent: 99 }, later(20)]), false, 'none had fallen');
});

test('a package that was not in the list before is not explained', () => {
  const purchase = known({ sent: 100, settled: null });
  assert.equal(isCountExplained({ purchase, others: [], packageId, left: 20 }), false);
  assert.equal(isCountExact({ purchase, others: [], packageId, left: 20 }), false);
});

test('a count is exact where it shows the sales since, no more, no less, and no refill', () => {
  const exact = (left: number) =>
    isCountExact({ purchase: lost(20), others: [known({ sent: 100, settled: 140 })], packageId, left });
  assert.deepEqual([18, 19, 20, 21].map(exact), [false, true, false, false]);
});

/** A purchase as it really was: what it took, when, and what of that the ledger knows at the end. */
const purchases = fc.array(
  fc.record({
    sent: fc.integer({ min: 0, max: 200 }),
    lastedTo: fc.integer({ min: 1, max: 60 }),
    soldAfter: fc.integer({ min: 0, max: 60 }),
    readingTook: fc.integer({ min: 1, max: 8 }),
    took: fc.constantFrom('this', 'this', 'this', 'elsewhere', 'nothing'),
    isReadFromKnown: fc.constantFrom(true, true, true, false),
  }),
  { maxLength: 7 },
);
const worlds = fc.record({
  purchases,
  readingTook: fc.integer({ min: 1, max: 40 }),
  lookedAt: fc.integer({ min: 101, max: 320 }),
  hidden: fc.array(fc.integer({ min: 0, max: 320 }), { maxLength: 2 }),
  /** Where in its time a reading is really taken. */
  share: fc.double({ min: 0, max: 1, noNaN: true }),
});
type SoldWorld = typeof worlds extends fc.Arbitrary<infer World> ? World : never;

/** What the ledger holds of a world whose counter shows each sale at once, and the count at the end. */
function observe({ purchases: made, hidden, readingTook, lookedAt, share }: SoldWorld) {
  const sentBefore = made.filter(({ sent }) => sent < lookedAt);
  const soldAt = (one: (typeof made)[number]) => one.sent + Math.min(one.soldAfter, one.lastedTo - 1) + 0.5;
  const sales = [
    ...sentBefore.filter(({ took }) => took === 'this').map(soldAt),
    ...hidden.map((seconds) => seconds + 0.25),
  ];
  const countAt = (moment: number) => 50 - sales.filter((sold) => sold <= moment).length;
  const readBefore = (sent: number, took: number, isKnown: boolean): [number | null, number] => [
    isKnown ? sent - took : null,
    countAt(sent - 1 - (took - 1) * share),
  ];
  const others = sentBefore.map((one) => {
    const settled = one.sent + one.lastedTo;
    return known({
      sent: one.sent,
      settled: one.took === 'nothing' || settled > lookedAt ? null : settled,
      from: one.took === 'this' ? packageId : 'id-elsewhere',
      read: readBefore(one.sent, one.readingTook, one.isReadFromKnown),
    });
  });
  const purchase = known({ sent: 100, settled: null, read: readBefore(100, readingTook, true) });
  const isOpen = sentBefore.some(({ sent, lastedTo, took }) => took === 'this' && sent + lastedTo > lookedAt);
  return { purchase, others, packageId, left: countAt(lookedAt), isOpen };
}

test('a sale that nobody knows is never explained away, whatever else was sold and read meanwhile', () => {
  let hiddenInWindow = 0;
  fc.assert(
    fc.property(worlds, (world) => {
      if (!world.hidden.some((seconds) => seconds >= 100 && seconds < world.lookedAt)) return;
      hiddenInWindow += 1;
      assert.equal(isCountExplained(observe(world)), false);
    }),
    { numRuns: 40_000 },
  );
  assert.ok(hiddenInWindow > 5_000, `${hiddenInWindow} worlds`);
});

test('sales that are all known and settled explain their count, wherever a reading before them was quiet', () => {
  let underWay = 0;
  fc.assert(
    fc.property(worlds, (world) => {
      const observed = observe({ ...world, hidden: [] });
      const first = known({ sent: -20, settled: null, read: [-21, 50] });
      if (observed.isOpen) return;
      assert.equal(isCountExplained({ ...observed, others: [first, ...observed.others] }), true);
      const { others, left, purchase } = observed;
      const before = purchase.stockBefore?.counts[0]?.available ?? 0;
      const since = others.filter(
        ({ sentAt, sale }) => sentAt >= purchase.sentAt && sale?.packageId === packageId,
      );
      if (before - left > since.length) underWay += 1;
    }),
    { numRuns: 20_000 },
  );
  assert.ok(underWay > 500, `${underWay} worlds with a sale under way`);
});
