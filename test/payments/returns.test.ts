import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Collections } from '../../src/database.ts';
import { planReturn } from '../../src/payments/plan-return.ts';
import { recordPayment } from '../../src/payments/record-payment.ts';
import { noteRefundNews, type RefundDependencies } from '../../src/payments/refund-book.ts';
import { recordPartByHand } from '../../src/payments/refund-by-hand.ts';
import { lookAtRefund, startRefund } from '../../src/payments/refund-payment.ts';
import { anOrder, aPayment } from '../support/builders.ts';
import { createInterleaving } from '../support/interleaving.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';
import { type Answer, captured, createTrustingGateway, type Ledger } from './trusting-gateway.ts';

/* One order and several payments for it: webhooks, returns, transfers by hand and news of the gateway in any order,
 * at once, and dying between any two writes. */

/** The order costs what each payment captured; two of them are of another currency, so they are never right. */
const paid = [
  aPayment({ orderId: 'o', paymentId: 'p1', amountPaise: captured }),
  aPayment({ orderId: 'o', paymentId: 'p2', amountPaise: captured }),
  aPayment({ orderId: 'o', paymentId: 'p3', amountPaise: captured, currency: 'USD' }),
];
const keyOf = (nth: number) => `cashfree:p${nth + 1}`;

type Deps = RefundDependencies & { db: Collections };

type Act =
  | { act: 'webhook' | 'return' | 'byHand'; payment: number }
  | { act: 'settle'; refund: number; status: 'success' | 'cancelled' }
  | { act: 'news'; refund: number }
  | { act: 'wait' };

const nth = fc.nat(paid.length - 1);
const anAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ act: fc.constant('webhook' as const), payment: nth }) },
  { weight: 5, arbitrary: fc.record({ act: fc.constant('return' as const), payment: nth }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('byHand' as const), payment: nth }) },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('settle' as const),
      refund: fc.nat(5),
      status: fc.constantFrom('success' as const, 'success' as const, 'cancelled' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('news' as const), refund: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.constant({ act: 'wait' as const }) },
);
const aStep = fc.array(fc.record({ what: anAct, diesAt: fc.option(fc.nat(9), { nil: null }) }), {
  minLength: 1,
  maxLength: 3,
});

test('of all payments the order keeps one right one at most, and every other goes back exactly once, whatever dies', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(aStep, { minLength: 2, maxLength: 9 }),
      fc.array(
        fc.constantFrom<Answer>('taken', 'taken', 'lostBefore', 'lostAfter', 'refused', 'settledAtOnce'),
        {
          minLength: 12,
          maxLength: 12,
        },
      ),
      fc.integer({ min: 1 }),
      async (steps, answers, seed) => {
        const { world, step, dieAt } = createWorld(seed);
        const queue = [...answers];
        const { ledger, gateway } = createTrustingGateway(() => queue.shift() ?? 'taken', step);
        const db = createMemoryCollections(step);
        await db.orders.insertOne(
          anOrder({
            _id: 'o',
            status: 'pendingPayment',
            money: 'unpaid',
            owner: null,
            amountPaise: captured,
          }),
        );
        const deps: Deps = { db, gatewayOf: () => gateway as never, now: world.now };
        const byHand = new Map<string, number>();
        for (const [index, acts] of steps.entries()) {
          const actors = acts.map(({ what, diesAt }, n) => {
            const name = `${index}.${n}`;
            dieAt(name, diesAt);
            const sleep = () => world.sleep(61_000);
            return [name, () => perform({ what, deps, ledger, byHand, sleep })] as const;
          });
          for (const end of Object.values(await world.play(Object.fromEntries(actors)))) {
            assert.match(end, /^(done|killed)$/);
          }
          assertNeverTooMuch(ledger, byHand);
        }
        queue.splice(0);
        let laterMs = world.nowMs();
        const now = () => {
          laterMs += 120_000;
          return new Date(laterMs).toISOString();
        };
        const calm: Deps = { ...deps, now };
        await heal(calm, ledger);
        assertNeverTooMuch(ledger, byHand);
        await assertAllBack(db, ledger);
      },
    ),
    { numRuns: 600 },
  ));

function createWorld(seed: number) {
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
  const dieAt = (name: string, calls: number | null) => {
    if (calls !== null) callsLeft.set(name, calls);
  };
  return { world, step, dieAt };
}

interface Performance {
  what: Act;
  deps: Deps;
  ledger: Ledger;
  byHand: Map<string, number>;
  sleep: () => Promise<unknown>;
}

async function perform(input: Performance): Promise<string> {
  try {
    await carryOut(input);
  } catch (error) {
    if (!(error instanceof Error) || !/^Failed to refund/.test(error.message)) throw error;
  }
  return 'done';
}

async function carryOut({ what, deps, ledger, byHand, sleep }: Performance): Promise<void> {
  switch (what.act) {
    case 'wait':
      await sleep();
      return;
    case 'webhook': {
      const payment = paid[what.payment];
      if (payment) await recordPayment(deps, { orderId: 'o', payment });
      return;
    }
    case 'return':
      await giveBack(deps, keyOf(what.payment));
      return;
    case 'byHand': {
      const paymentKey = keyOf(what.payment);
      if ((await planReturn(deps, { paymentKey })).kind !== 'refund') return;
      const wish = { orderId: 'o', paymentKey, part: null, reference: 'UTR 1' };
      // A person pays only where the book has taken the share for it; the same one transfer, whoever asks.
      if (await recordPartByHand(deps, wish)) byHand.set(paymentKey, captured);
      return;
    }
    default: {
      const known = [...ledger.refunds.values()];
      const refund = known[what.refund % Math.max(1, known.length)];
      if (!refund) return;
      if (what.act === 'settle') {
        if (refund.status !== 'cancelled') refund.status = what.status;
      } else if (refund.status !== 'pending') {
        const { refundId, status } = refund;
        await noteRefundNews(deps, { gateway: 'cashfree', refundId, status });
      }
    }
  }
}

/** One try of the workflow `returnPayment`. */
async function giveBack(deps: Deps, paymentKey: string): Promise<void> {
  const step = await planReturn(deps, { paymentKey });
  if (step.kind !== 'refund') return;
  const { orderId, part } = step;
  const started = await startRefund(deps, { orderId, paymentKey, ...(part ? { part } : {}) });
  if (started.kind === 'taken') await lookAtRefund(deps, { refundId: started.refundId });
}

function assertNeverTooMuch(ledger: Ledger, byHand: ReadonlyMap<string, number>): void {
  const { conflicts, excesses } = ledger;
  assert.deepEqual({ conflicts, excesses }, { conflicts: [], excesses: [] });
  for (const [paymentKey, amountPaise] of byHand) {
    assert.ok(
      givenAt(ledger, paymentKey) + amountPaise <= captured,
      `${paymentKey} was paid twice, once by hand`,
    );
  }
}

function givenAt(ledger: Ledger, paymentKey: string): number {
  return [...ledger.refunds.values()]
    .filter(({ paymentId, status }) => paymentKey === `cashfree:${paymentId}` && status !== 'cancelled')
    .reduce((sum, { amountPaise }) => sum + amountPaise, 0);
}

/** Webhooks come again, the gateway pays what it has, and the returns are tried until nothing is owed. */
async function heal(deps: Deps, ledger: Ledger): Promise<void> {
  for (const payment of paid) await recordPayment(deps, { orderId: 'o', payment });
  for (let round = 0; round < 4; round += 1) {
    for (const refund of ledger.refunds.values()) {
      if (refund.status === 'pending') refund.status = 'success';
      const { refundId, status } = refund;
      await noteRefundNews(deps, { gateway: 'cashfree', refundId, status });
    }
    // As the sweep finds them: what is owed and not marked so is never given back.
    for (const { _id: paymentKey } of await deps.db.payments.find({ owedBack: true }).toArray()) {
      // What a person began to record and never finished holds its share: they say it again.
      await giveBack(deps, paymentKey).catch(async (error: unknown) => {
        assert.match(String(error), /its money is refunded or being refunded already/);
        const wish = { orderId: 'o', paymentKey, part: null, reference: 'UTR 1' };
        assert.ok(await recordPartByHand(deps, wish));
      });
    }
  }
}

async function assertAllBack(db: Collections, ledger: Ledger): Promise<void> {
  const order = await db.orders.findOne({ _id: 'o' });
  assert.equal(order?.money, 'kept');
  const rows = await db.payments.find({}).toArray();
  assert.deepEqual(
    rows.filter(({ verdict }) => verdict === 'right').map(({ _id }) => _id),
    [order.paymentKey],
  );
  for (const { _id, owedBack } of rows) {
    const byHand = await db.refunds.findOne({ _id: `by-hand-${_id}`, state: 'success' });
    const back = givenAt(ledger, _id) + (byHand?.amountPaise ?? 0);
    assert.equal(back, _id === order.paymentKey ? 0 : captured, `what went back of ${_id}`);
    assert.equal(owedBack, false, `${_id} is closed`);
  }
}
