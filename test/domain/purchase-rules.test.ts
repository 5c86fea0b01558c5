import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  isOneMonthAfter,
  judgeUnknownPurchase,
  type SettlingEvidence,
  type SettlingVerdict,
} from '../../src/domain/purchase-rules.ts';

const policy = { longestPurchaseMs: 240_000, notBoughtAfterMs: 180_000, lowStockWarning: 5 };
const sentAt = '2026-11-21T10:00:00.000Z';
const proofAt = '2026-11-21T10:07:00.000Z';
const right = { ip: '103.181.91.7', expiresOn: '2026-12-21' };
const stockAsBefore = { isOwnAsBefore: true, otherFalls: [] as string[] };

type Probed = Extract<SettlingEvidence['probes'], { kind: 'probed' }>;
const probed = (changes: Partial<Probed> = {}): Probed => ({
  kind: 'probed',
  asked: 200,
  unanswered: 0,
  candidates: [],
  ...changes,
});

/** Nothing was found, and everything is known: proof that nothing was bought. */
function evidenceOf(changes: Partial<SettlingEvidence> = {}): SettlingEvidence {
  return {
    sentAt,
    now: proofAt,
    foreignKnown: true,
    probes: probed(),
    rivals: [],
    stockBefore: 40,
    counterAlive: true,
    stockAfter: stockAsBefore,
    ...changes,
  };
}

const judge = (changes: Partial<SettlingEvidence> = {}): SettlingVerdict =>
  judgeUnknownPurchase({ evidence: evidenceOf(changes), policy });

function assertCase(changes: Partial<SettlingEvidence>, why: RegExp): void {
  const verdict = judge(changes);
  assert.equal(verdict.kind, 'case', JSON.stringify(verdict));
  assert.match((verdict as { why: string }).why, why);
}

const found = { probes: probed({ candidates: [right] }) };

test('one new address with the right expiry and no rival was bought', () => {
  assert.deepEqual(judge(found), { kind: 'bought', ip: right.ip });
});

test('it was bought also where the package was nearly empty, its counter stale, and long before proof of absence', () => {
  const verdict = judge({ ...found, stockBefore: 1, counterAlive: false, stockAfter: null, now: sentAt });
  assert.deepEqual(verdict, { kind: 'bought', ip: right.ip });
});

test('nothing new in a whole pool, far from empty, with a counter that lives and no count that fell, was not bought', () => {
  assert.deepEqual(judge(), {
    kind: 'notBought',
    why: 'No address of the package is new, and nothing else was sold.',
  });
});

test('before its time, absence is no proof: it asks to look again at that very moment', () => {
  assert.deepEqual(judge({ now: '2026-11-21T10:06:59.999Z' }), { kind: 'wait', until: proofAt });
});

test("without knowledge of the shop's older servers everything is a case that says how to import them", () => {
  assertCase({ foreignKnown: false }, /servers import FILE/);
  assertCase({ ...found, foreignKnown: false }, /servers import FILE/);
});

test('a pool that is too large is a case that says how large', () => {
  assertCase({ probes: { kind: 'tooLarge', poolSize: 65_536 } }, /65536 addresses/);
});

test('a package whose name is no pool of addresses is a case, never proof that nothing is there', () => {
  assertCase({ probes: { kind: 'noPool' } }, /does not say which addresses/);
});

test('an address without an answer is a case, with or without a candidate', () => {
  assertCase({ probes: probed({ unanswered: 1 }) }, /1 of 200 addresses/);
  assertCase({ probes: probed({ unanswered: 1, candidates: [right] }) }, /did not answer/);
});

test('two candidates are a case that names both', () => {
  const other = { ...right, ip: '103.181.91.8' };
  assertCase({ probes: probed({ candidates: [right, other] }) }, /103\.181\.91\.7, 103\.181\.91\.8/);
});

test('a candidate beside a rival is a case that names the rival', () => {
  assertCase({ ...found, rivals: ['other#1'] }, /103\.181\.91\.7 may belong .* other#1/);
});

test('a candidate with another expiry, or with none that can be read, is a case', () => {
  for (const expiresOn of ['2026-12-18', '2026-12-24', '2027-12-21', '2026-11-21']) {
    assertCase({ probes: probed({ candidates: [{ ...right, expiresOn }] }) }, /not one month after/);
  }
  assertCase({ probes: probed({ candidates: [{ ...right, expiresOn: null }] }) }, /no readable date/);
});

test('every veto against "not bought" is a case that says which', () => {
  assertCase({ stockBefore: null }, /stock before the purchase is not known/);
  assertCase({ stockBefore: 5 }, /only 5 were left/);
  assertCase({ counterAlive: false }, /counter is not known to move/);
  assertCase({ stockAfter: null }, /stock could not be read/);
  assertCase({ stockAfter: { ...stockAsBefore, isOwnAsBefore: false } }, /count of the package is another/);
  assertCase({ stockAfter: { ...stockAsBefore, otherFalls: ['103.182.44'] } }, /fewer .* 103\.182\.44/);
});

test('one above the mark is far enough from empty', () => {
  assert.equal(judge({ stockBefore: 6 }).kind, 'notBought');
});

test('a month is counted in days, with two to spare on either side', () => {
  for (const day of ['19', '20', '21', '22', '23'])
    assert.ok(isOneMonthAfter(`2026-12-${day}`, '2026-11-21T23:59:59.999Z'), day);
  for (const day of ['18', '24'])
    assert.ok(!isOneMonthAfter(`2026-12-${day}`, '2026-11-21T00:00:00.000Z'), day);
});

test('a month after the last of January is the last of February, in leap years too', () => {
  assert.ok(isOneMonthAfter('2027-02-28', '2027-01-31T12:00:00.000Z'));
  assert.ok(isOneMonthAfter('2028-02-29', '2028-01-31T12:00:00.000Z'));
  assert.ok(isOneMonthAfter('2027-01-31', '2026-12-31T23:00:00.000Z'));
  assert.ok(!isOneMonthAfter('2027-03-03', '2027-01-31T12:00:00.000Z'));
});

test('a text that is no date is never the right expiry', () => {
  for (const text of ['', 'never', '31-12-2026']) assert.equal(isOneMonthAfter(text, sentAt), false);
});

const dates = fc.constantFrom(null, '2026-12-21', '2026-12-20', '2026-12-23', '2026-12-18', '2027-01-21', '');
const candidates = fc.uniqueArray(
  fc.record({ ip: fc.constantFrom('103.181.91.7', '103.181.91.8', '103.181.91.9'), expiresOn: dates }),
  { maxLength: 3, selector: ({ ip }) => ip },
);
const probes = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ unanswered: fc.constantFrom(0, 0, 0, 1, 200), candidates }).map(probed),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'tooLarge' as const, poolSize: 65_536 }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'noPool' as const }) },
);
const names = fc.array(fc.constantFrom('one', 'two'), { maxLength: 2 });
const stockAfter = fc.option(fc.record({ isOwnAsBefore: fc.boolean(), otherFalls: names }));
const evidences: fc.Arbitrary<SettlingEvidence> = fc.record({
  sentAt: fc.constant(sentAt),
  now: fc.constantFrom(sentAt, '2026-11-21T10:06:59.999Z', proofAt, '2026-11-22T00:00:00.000Z'),
  foreignKnown: fc.constantFrom(true, true, true, false),
  probes,
  rivals: names,
  stockBefore: fc.option(fc.integer({ min: 0, max: 12 })),
  counterAlive: fc.boolean(),
  stockAfter,
});

const isProof = (verdict: SettlingVerdict) => verdict.kind === 'bought' || verdict.kind === 'notBought';

test('bought is said only of exactly one candidate, with all answers, the right expiry, no rival and nothing foreign', () => {
  const verdicts = new Set<string>();
  fc.assert(
    fc.property(evidences, (evidence) => {
      const verdict = judgeUnknownPurchase({ evidence, policy });
      verdicts.add(verdict.kind);
      if (verdict.kind !== 'bought') return;
      assert.ok(evidence.foreignKnown && evidence.probes.kind === 'probed');
      assert.equal(evidence.probes.unanswered, 0);
      assert.deepEqual(
        evidence.probes.candidates.map(({ ip }) => ip),
        [verdict.ip],
      );
      assert.ok(isOneMonthAfter(evidence.probes.candidates[0]?.expiresOn ?? '', evidence.sentAt));
      assert.deepEqual(evidence.rivals, []);
    }),
    { numRuns: 20_000 },
  );
  assert.deepEqual([...verdicts].sort(), ['bought', 'case', 'notBought', 'wait']);
});

test('not bought is said only of a whole pool, after its time, far from empty, with a living counter and no count that moved', () => {
  fc.assert(
    fc.property(evidences, (evidence) => {
      if (judgeUnknownPurchase({ evidence, policy }).kind !== 'notBought') return;
      assert.ok(evidence.foreignKnown && evidence.probes.kind === 'probed');
      assert.equal(evidence.probes.unanswered, 0);
      assert.deepEqual(evidence.probes.candidates, []);
      assert.ok(evidence.now >= proofAt);
      assert.ok(evidence.stockBefore !== null && evidence.stockBefore > policy.lowStockWarning);
      assert.ok(evidence.counterAlive);
      assert.equal(evidence.stockAfter?.isOwnAsBefore, true);
      assert.deepEqual(evidence.stockAfter?.otherFalls, []);
    }),
    { numRuns: 20_000 },
  );
});

/** Ways to know less, or to be told something that speaks against a verdict. */
const doubts: Record<string, (evidence: SettlingEvidence) => SettlingEvidence> = {
  'older servers are not known': (evidence) => ({ ...evidence, foreignKnown: false }),
  'an address stays without an answer': ({ probes: asked, ...rest }) => ({
    ...rest,
    probes: asked.kind === 'probed' ? { ...asked, unanswered: asked.unanswered + 1 } : asked,
  }),
  'the pool is too large': (evidence) => ({ ...evidence, probes: { kind: 'tooLarge', poolSize: 2_000 } }),
  'the pool is not known': (evidence) => ({ ...evidence, probes: { kind: 'noPool' } }),
  'a stranger is ours as well': ({ probes: asked, ...rest }) => ({
    ...rest,
    probes:
      asked.kind === 'probed'
        ? { ...asked, candidates: [...asked.candidates, { ip: '103.181.91.99', expiresOn: null }] }
        : asked,
  }),
  'one more rival': (evidence) => ({ ...evidence, rivals: [...evidence.rivals, 'three'] }),
  'the stock before is not known': (evidence) => ({ ...evidence, stockBefore: null }),
  'the package was nearly empty': (evidence) => ({ ...evidence, stockBefore: 3 }),
  'the counter is stale': (evidence) => ({ ...evidence, counterAlive: false }),
  'the stock cannot be read': (evidence) => ({ ...evidence, stockAfter: null }),
  'its own count moved': (evidence) => ({
    ...evidence,
    stockAfter: { otherFalls: evidence.stockAfter?.otherFalls ?? [], isOwnAsBefore: false },
  }),
  'another count fell': (evidence) => ({
    ...evidence,
    stockAfter: { isOwnAsBefore: evidence.stockAfter?.isOwnAsBefore ?? false, otherFalls: ['four'] },
  }),
};

test('one more doubt never makes a verdict of what was none, nor another one of what was', () => {
  fc.assert(
    fc.property(evidences, fc.constantFrom(...Object.keys(doubts)), (evidence, name) => {
      const before = judgeUnknownPurchase({ evidence, policy });
      const doubted = doubts[name]?.(evidence);
      assert.ok(doubted);
      const after = judgeUnknownPurchase({ evidence: doubted, policy });
      if (isProof(after)) assert.deepEqual(after, before, name);
    }),
    { numRuns: 20_000 },
  );
});

test('each doubt turns at least one of the two proofs into a case', () => {
  for (const [name, doubt] of Object.entries(doubts)) {
    const proofs = [evidenceOf(), evidenceOf(found)];
    const kinds = proofs.map((evidence) => judgeUnknownPurchase({ evidence: doubt(evidence), policy }).kind);
    assert.ok(kinds.includes('case'), name);
  }
});
