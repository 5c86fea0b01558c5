import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdminAct } from '../../src/domain/admin-act.ts';
import { clustersOf, overlapsOf as findOverlaps } from '../../src/domain/incident.ts';
import { offeredActs } from '../../src/domain/offered-acts.ts';
import { orderStatuses } from '../../src/domain/order.ts';
import { answerCancel } from '../../src/domain/order-lifecycle.ts';
import { joinStory, type StoryLine } from '../../src/domain/order-story.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 21, 10) + seconds * 1000).toISOString();
const act = (changes: Partial<AdminAct>): AdminAct => ({
  ...{
    actId: '1',
    at: at(5),
    by: 'Asha',
    act: 'retryOrder',
    reason: 'again',
    accepted: false,
    answer: 'Wait.',
  },
  subject: { kind: 'order', id: 'ord-1' },
  ...changes,
});

test('a story is told by time; lines of one moment keep their order', () => {
  const lines: StoryLine[] = [
    { at: at(2), source: 'mail', text: 'second' },
    { at: at(1), source: 'order', text: 'first' },
    { at: at(2), source: 'order', text: 'third' },
  ];
  assert.deepEqual(
    joinStory(lines, []).map(({ text }) => text),
    ['first', 'second', 'third'],
  );
});

test('an act that the order tells itself is told once; one that it does not is told with its answer', () => {
  const own: StoryLine = { at: at(6), source: 'order', text: 'Refused: retryOrder by Asha (again). Wait.' };
  assert.deepEqual(joinStory([own], [act({})]), [own]);
  const later = joinStory([own], [act({ at: at(600) })]);
  assert.deepEqual(later[1], {
    at: at(600),
    source: 'admin',
    text: 'retryOrder by Asha (again): refused. Wait.',
  });
  assert.equal(joinStory([own], [act({ by: 'Ravi' })]).length, 2);
});

test('orders paid within seconds of each other are a cluster, in the order of payment; single ones are none', () => {
  const paid = (orderId: string, seconds: number | null) => ({
    orderId,
    paidAt: seconds === null ? null : at(seconds),
  });
  const orders = [paid('c', 14), paid('a', 0), paid('b', 7), paid('alone', 60), paid('unpaid', null)];
  assert.deepEqual(clustersOf(orders), [{ from: at(0), to: at(14), orderIds: ['a', 'b', 'c'], last: 'c' }]);
});

test('purchases overlap where the second was sent before the first was answered', () => {
  const purchase = (purchaseId: string, sent: number | null, answered: number | null) => ({
    purchaseId,
    sentAt: sent === null ? null : at(sent),
    answeredAt: answered === null ? null : at(answered),
    settledAt: answered === null ? null : at(answered + 5),
  });
  const overlapsOf = (purchases: Parameters<typeof findOverlaps>[0]) =>
    findOverlaps(purchases, { longestPurchaseMs: 240_000 });
  const one = purchase('1', 0, 10);
  assert.deepEqual(overlapsOf([one, purchase('2', 10, 20), purchase('3', null, null)]), []);
  assert.deepEqual(overlapsOf([purchase('2', 9, 20), one]), [{ first: '1', second: '2' }]);
});

test('a purchase without an answer lasts until it was settled, and never longer than the longest one', () => {
  const silent = (settled: number | null) => ({
    ...{ purchaseId: 'silent', sentAt: at(0), answeredAt: null },
    settledAt: settled === null ? null : at(settled),
  });
  const second = (sent: number) => ({
    ...{ purchaseId: 'second', sentAt: at(sent), answeredAt: at(sent + 1), settledAt: at(sent + 1) },
  });
  const isOverlap = (settled: number | null, sent: number) =>
    findOverlaps([silent(settled), second(sent)], { longestPurchaseMs: 40_000 }).length === 1;
  assert.deepEqual([isOverlap(null, 39), isOverlap(null, 41)], [true, false], 'never settled');
  assert.deepEqual([isOverlap(20, 19), isOverlap(20, 21)], [true, false], 'settled soon');
  assert.deepEqual([isOverlap(50, 39), isOverlap(50, 41)], [true, false], 'settled long after its end');
});

test('a page never offers to cancel what the order would refuse by its table', () => {
  for (const status of orderStatuses) {
    for (const sent of [false, true]) {
      const offered = offeredActs({
        status,
        sent,
        goods: { state: 'none' },
        money: 'kept',
        hasOpenCase: false,
      });
      const state = { orderId: 'ord-1', status, sent, decided: null };
      // An unpaid one has no workflow: it is cancelled in its document.
      const isAccepted = status === 'pendingPayment' || answerCancel(state).kind === 'accepted';
      assert.equal(offered.includes('cancel'), isAccepted, `${status}, sent: ${sent}`);
    }
  }
});

test('an order with an open case offers to settle it first', () => {
  const parked = { state: 'parked', purchaseId: 'ord-1#1' } as const;
  const [first] = offeredActs({
    status: 'failed',
    sent: true,
    goods: parked,
    money: 'kept',
    hasOpenCase: true,
  });
  assert.equal(first, 'resolve');
});
