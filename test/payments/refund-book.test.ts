import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Collections } from '../../src/database.ts';
import { GatewayError } from '../../src/payments/gateway.ts';
import { noteRefundNews, type RefundDependencies, type RefundWish } from '../../src/payments/refund-book.ts';
import { recordPartByHand } from '../../src/payments/refund-by-hand.ts';
import { lookAtRefund, startRefund } from '../../src/payments/refund-payment.ts';
import { aPayment } from '../support/builders.ts';
import { createInterleaving } from '../support/interleaving.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';
import { type Answer, captured, createTrustingGateway, type Ledger } from './trusting-gateway.ts';

const payments = ['cashfree:p1', 'cashfree:p2'] as const;

async function createBook(beforeCall?: () => Promise<void>): Promise<Collections> {
  const db = createMemoryCollections(beforeCall);
  for (const _id of payments) {
    const paymentId = _id.slice('cashfree:'.length);
    const payment = aPayment({ orderId: 'o', paymentId, amountPaise: captured });
    const row = { verdict: null, recordedAt: 'now', refundablePaise: captured, refundIds: [] };
    await db.payments.insertOne({ ...payment, ...row, _id });
  }
  return db;
}

const wishes: readonly RefundWish[] = payments.flatMap((paymentKey): RefundWish[] => [
  { orderId: 'o', paymentKey },
  { orderId: 'o', paymentKey, part: { name: 'difference', amountPaise: 300 } },
  { orderId: 'o', paymentKey, part: { name: 'difference', amountPaise: 400 } },
  { orderId: 'o', paymentKey, part: { name: 'rest', amountPaise: 700 } },
]);

const anAct = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ act: fc.constant('start' as const), wish: fc.nat(wishes.length - 1) }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('look' as const), refund: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('settle' as const),
      refund: fc.nat(9),
      status: fc.constantFrom('success' as const, 'cancelled' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ act: 'wait' as const }) },
  // A webhook that tells the truth of now, or comes late with a success that is over.
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant('news' as const), refund: fc.nat(9), late: fc.boolean() }),
  },
);

const aStep = fc.record({
  acts: fc.array(fc.record({ what: anAct, diesAt: fc.option(fc.nat(7), { nil: null }) }), {
    minLength: 1,
    maxLength: 3,
  }),
});

test('whatever is refunded in parts or whole, dies between any two writes, is refused, lost or cancelled: never more than was captured, one refund per id', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(aStep, { minLength: 1, maxLength: 8 }),
      fc.array(
        fc.constantFrom<Answer>('taken', 'taken', 'lostBefore', 'lostAfter', 'refused', 'settledAtOnce'),
        { minLength: 20, maxLength: 20 },
      ),
      fc.integer({ min: 1 }),
      async (steps, answers, seed) => {
        let mixed = seed;
        const dice = (sides: number) => {
          mixed = (Math.imul(mixed, 1_103_515_245) + 12_345) & 0x7fffffff;
          return (mixed >>> 8) % sides;
        };
        const world = createInterleaving(dice);
        const callsLeft = new Map<string, number>();
        const step = async () => {
          const actor = world.actor();
          if (actor === undefined) return;
          const left = callsLeft.get(actor);
          if (left === 0) await world.killMe();
          if (left !== undefined) callsLeft.set(actor, left - 1);
          await world.sleep(dice(2));
        };
        const queue = [...answers];
        const { ledger, gateway } = createTrustingGateway(() => queue.shift() ?? 'taken', step);
        const db = await createBook(step);
        const deps = { db, gatewayOf: () => gateway as never, now: world.now };
        const perform = async (what: (typeof steps)[number]['acts'][number]['what']) => {
          try {
            if (what.act === 'wait') await world.sleep(61_000);
            else await act(what, deps, ledger);
          } catch (error) {
            if (!(error instanceof Error) || !/^Failed to refund/.test(error.message)) throw error;
          }
          return 'done';
        };
        for (const [index, { acts }] of steps.entries()) {
          const actors = acts.map(({ what, diesAt }, n) => {
            const name = `${index}.${n}`;
            if (diesAt !== null) callsLeft.set(name, diesAt);
            return [name, () => perform(what)] as const;
          });
          const ends = await world.play(Object.fromEntries(actors));
          for (const end of Object.values(ends)) assert.match(end, /^(done|killed)$/);
          assertNeverTooMuch(ledger);
        }
        const later = new Date(world.nowMs() + 120_000).toISOString();
        await healQuietly({ ...deps, now: () => later }, ledger, () => queue.splice(0));
        assertNeverTooMuch(ledger);
        await assertBookIs(db, ledger);
      },
    ),
    { numRuns: 400 },
  ));

async function act(what: Act, deps: RefundDependencies, ledger: Ledger): Promise<void> {
  if (what.act === 'start') {
    const wish = wishes[what.wish];
    if (wish) await startRefund(deps, wish);
    return;
  }
  const known = [...ledger.refunds.values()];
  const refund = known[what.refund % Math.max(1, known.length)];
  if (refund === undefined) return;
  const { refundId } = refund;
  if (what.act === 'settle') {
    if (refund.status !== 'cancelled') refund.status = what.status;
  } else if (what.act === 'look') await lookAtRefund(deps, { refundId });
  else if (what.late && refund.status === 'cancelled')
    await noteRefundNews(deps, { gateway: 'cashfree', refundId, status: 'success' });
  else if (refund.status !== 'pending')
    await noteRefundNews(deps, { gateway: 'cashfree', refundId, status: refund.status });
}

type Act =
  | { act: 'start'; wish: number }
  | { act: 'look'; refund: number }
  | { act: 'settle'; refund: number; status: 'success' | 'cancelled' }
  | { act: 'news'; refund: number; late: boolean };

function assertNeverTooMuch({ conflicts, excesses }: Ledger): void {
  assert.deepEqual({ conflicts, excesses }, { conflicts: [], excesses: [] });
}

/** Everything that broke off is tried again, alone and with a gateway that answers. */
async function healQuietly(deps: RefundDependencies, ledger: Ledger, calm: () => void): Promise<void> {
  calm();
  for (let round = 0; round < 2; round += 1) {
    for (const refund of ledger.refunds.values()) {
      if (refund.status === 'pending') continue;
      const { refundId, status } = refund;
      await noteRefundNews(deps, { gateway: 'cashfree', refundId, status });
    }
    for (const wish of wishes) {
      await startRefund(deps, wish).catch((error: unknown) => {
        assert.match(String(error), /its money is refunded or being refunded already/);
      });
    }
  }
}

/** The book's shares are those of the gateway's living refunds, and its states are the gateway's. */
async function assertBookIs(db: Collections, ledger: Ledger): Promise<void> {
  const rows = await db.refunds.find({}).toArray();
  for (const { refundId, status } of ledger.refunds.values()) {
    const row = rows.find(({ _id }) => _id === refundId);
    assert.ok(row, `${refundId} is in the book`);
    const wanted = { pending: ['pending'], success: ['success', 'pending'], cancelled: ['cancelled'] }[
      status
    ];
    assert.ok(wanted.includes(row.state), `${refundId} is ${status}, the book says ${row.state}`);
  }
  for (const _id of payments) {
    const living = [...ledger.refunds.values()].filter(
      ({ paymentId, status }) => _id === `cashfree:${paymentId}` && status !== 'cancelled',
    );
    const payment = await db.payments.findOne({ _id });
    assert.deepEqual(payment?.refundIds.toSorted(), living.map(({ refundId }) => refundId).toSorted());
    const given = living.reduce((sum, { amountPaise }) => sum + amountPaise, 0);
    assert.equal(payment?.refundablePaise, captured - given);
  }
}

const always = (answer: Answer) =>
  createTrustingGateway(
    () => answer,
    async () => undefined,
  );

test('a refund that is cancelled long after its success gives its share back once and is marked for the admin', async () => {
  const { ledger, gateway } = always('settledAtOnce');
  const db = await createBook();
  const now = () => '2026-11-21T10:00:00.000Z';
  const deps = { db, gatewayOf: () => gateway as never, now };
  const started = await startRefund(deps, { orderId: 'o', paymentKey: 'cashfree:p1' });
  assert.ok(started.kind === 'taken');
  const { refundId } = started;
  assert.deepEqual(await lookAtRefund(deps, { refundId }), { kind: 'success' });
  const news = { gateway: 'cashfree', refundId, status: 'cancelled' } as const;
  const refund = ledger.refunds.get(refundId);
  if (refund) refund.status = 'cancelled';
  for (let times = 0; times < 3; times += 1) assert.equal(await noteRefundNews(deps, news), 'noted');
  assert.equal(await noteRefundNews(deps, { ...news, status: 'success' }), 'noted');
  const { state, takenBackAt } = (await db.refunds.findOne({ _id: refundId })) ?? {};
  assert.deepEqual([state, takenBackAt], ['cancelled', now()]);
  assert.deepEqual(await lookAtRefund(deps, { refundId }), {
    kind: 'cancelled',
    sentence:
      'The gateway called the refund refund-p1 paid and then took it back; the customer has not got the money.',
  });
  const payment = await db.payments.findOne({ _id: 'cashfree:p1' });
  assert.deepEqual([payment?.refundablePaise, payment?.refundIds], [captured, []]);
  const again = await startRefund(deps, { orderId: 'o', paymentKey: 'cashfree:p1' });
  assert.equal(again.kind === 'taken' && again.refundId, 'refund-p1-2');
});

test('news of another gateway, or of a refund that is not in the book, changes nothing', async () => {
  const { gateway } = always('taken');
  const db = await createBook();
  const deps = { db, gatewayOf: () => gateway as never, now: () => '2026-11-21T10:00:00.000Z' };
  await startRefund(deps, { orderId: 'o', paymentKey: 'cashfree:p1' });
  const tell = (gatewayName: 'cashfree' | 'razorpay', refundId: string) =>
    noteRefundNews(deps, { gateway: gatewayName, refundId, status: 'cancelled' });
  assert.deepEqual(
    [await tell('razorpay', 'refund-p1'), await tell('cashfree', 'refund-p9')],
    ['unknown', 'unknown'],
  );
  assert.equal((await db.refunds.findOne({ _id: 'refund-p1' }))?.state, 'pending');
});

test('two parts that fit are refunded, a whole one that does not fit any more is never sent', async () => {
  const { ledger, gateway } = always('taken');
  const db = await createBook();
  const deps = { db, gatewayOf: () => gateway as never, now: () => '2026-11-21T10:00:00.000Z' };
  const part = (name: string, amountPaise: number) =>
    startRefund(deps, { orderId: 'o', paymentKey: 'cashfree:p1', part: { name, amountPaise } });
  await part('difference', 300);
  await part('difference', 999);
  await part('rest', 700);
  await assert.rejects(startRefund(deps, { orderId: 'o', paymentKey: 'cashfree:p1' }), {
    name: 'BrokenRecord',
    message: 'Failed to refund cashfree:p1: its money is refunded or being refunded already.',
  });
  assert.deepEqual(
    [...ledger.refunds].map(([refundId, { amountPaise }]) => [refundId, amountPaise]),
    [
      ['refund-p1-difference', 300],
      ['refund-p1-rest', 700],
    ],
  );
});

test('a refund that the gateway never took can be given back by hand; one that it has, or may have, cannot', async () => {
  const wish = { orderId: 'o', paymentKey: payments[0] };
  const byHand = { ...wish, part: null, reference: 'UTR 1' };
  const cases: [Answer, unanswered: boolean, isRecorded: boolean][] = [
    ['lostBefore', false, true],
    ['lostAfter', false, false],
    ['taken', false, false],
    ['lostBefore', true, false],
  ];
  for (const [answer, unanswered, isRecorded] of cases) {
    const db = await createBook();
    const { gateway, ledger } = createTrustingGateway(
      () => answer,
      async () => undefined,
    );
    const findRefund = async (input: { refundId: string }) => {
      if (unanswered) throw new GatewayError({ code: 'unreachable', message: 'Failed to ask: no answer.' });
      return gateway.findRefund(input);
    };
    const deps: RefundDependencies = {
      db,
      gatewayOf: () => ({ ...gateway, findRefund }) as never,
      now: () => '2026-11-21T12:00:00.000Z',
    };
    await startRefund(deps, wish).catch(() => undefined);
    assert.equal(await recordPartByHand(deps, byHand), isRecorded, answer);
    assert.equal(ledger.refunds.size, answer === 'lostBefore' ? 0 : 1);
    const rows = await db.refunds.find({ paymentKey: payments[0] }).toArray();
    assert.equal(
      rows.some(({ state }) => state === 'success'),
      isRecorded,
    );
    // Recorded by hand, nothing of it is left for the gateway.
    if (isRecorded) await assert.rejects(startRefund(deps, wish), { name: 'BrokenRecord' });
  }
});

test('a refund that the gateway pays after its money went back by hand is told, and never asked for again', async () => {
  const db = await createBook();
  const { gateway } = always('lostBefore');
  const deps = { db, gatewayOf: () => gateway as never, now: () => '2026-11-21T10:00:00.000Z' };
  const wish = { orderId: 'o', paymentKey: payments[0] };
  await startRefund(deps, wish).catch(() => undefined);
  assert.equal(await recordPartByHand(deps, { ...wish, part: null, reference: 'UTR 1' }), true);
  const news = { gateway: 'cashfree', refundId: 'refund-p1', status: 'success' } as const;
  for (let times = 0; times < 2; times += 1) assert.equal(await noteRefundNews(deps, news), 'paidTwice');
  const refund = await db.refunds.findOne({ _id: 'refund-p1' });
  assert.deepEqual(
    [refund?.state, refund?.why],
    ['refused', 'The gateway has paid it all the same: it went back twice.'],
  );
});
