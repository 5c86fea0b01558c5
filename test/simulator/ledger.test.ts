import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type PurchaseCall, summarise } from '../../src/simulator/ledger.ts';
import { startTestSimulator } from '../support/simulator.ts';
import { callSmartvps } from './supplier-calls.ts';

function purchase(input: {
  id: string;
  start: number;
  end: number | null;
  ip?: string;
  sold?: string;
}): PurchaseCall {
  const { id, start, end, ip = '103.181.91', sold } = input;
  const time = (at: number) => new Date(at * 10).toISOString();
  return {
    callId: id,
    startedAt: time(start),
    committedAt: null,
    answeredAt: end === null ? null : time(end),
    endedAt: end === null ? null : time(end),
    startSequence: start,
    endSequence: end,
    request: { ip, ram: '8' },
    username: 'shop',
    soldAddress: sold ?? null,
    packageOfAddress: sold === undefined ? null : ip,
    answer: 'success',
    rawAnswer: null,
    closedEarlyByClient: false,
  };
}

test('calls of one package one after the other have hand-offs and no overlap', () => {
  const summary = summarise([
    purchase({ id: 'a', start: 1, end: 2, sold: '103.181.91.10' }),
    purchase({ id: 'b', start: 5, end: 6, sold: '103.181.91.11' }),
  ]);
  assert.deepEqual(summary.overlaps, []);
  assert.deepEqual(summary.handOffsMs, [30]);
  assert.equal(summary.sales, 2);
  assert.deepEqual(
    [summary.firstStart, summary.lastEnd],
    [new Date(10).toISOString(), new Date(60).toISOString()],
  );
});

test('calls of one package that run at once overlap, those of two packages do not', () => {
  const summary = summarise([
    purchase({ id: 'a', start: 1, end: 4 }),
    purchase({ id: 'b', start: 2, end: 3, ip: '103.182.44' }),
    purchase({ id: 'c', start: 3, end: 5 }),
  ]);
  assert.deepEqual(summary.overlaps, [{ package: '103.181.91', first: 'a', second: 'c' }]);
  assert.deepEqual(summary.handOffsMs, []);
});

test('a call that still runs overlaps every later one', () => {
  const running = purchase({ id: 'a', start: 1, end: null });
  assert.equal(summarise([running, purchase({ id: 'b', start: 9, end: 10 })]).overlaps.length, 1);
});

test('overlaps equal those found by comparing every pair', () => {
  const interval = fc.tuple(
    fc.integer({ min: 0, max: 60 }),
    fc.option(fc.integer({ min: 1, max: 30 })),
    fc.boolean(),
  );
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 12 }), (intervals) => {
      const calls = intervals.map(([start, length, other], index) =>
        purchase({
          id: String(index),
          start: start * 100 + index,
          end: length === null ? null : (start + length) * 100 + index + 50,
          ip: other ? 'x' : 'y',
        }),
      );
      const bounds = (call: PurchaseCall) => ({ from: call.startSequence, to: call.endSequence ?? Infinity });
      const expected = calls.flatMap((left, index) =>
        calls.slice(index + 1).filter((right) => {
          const [one, two] = [bounds(left), bounds(right)];
          return left.request.ip === right.request.ip && one.from < two.to && two.from < one.to;
        }),
      );
      assert.equal(summarise(calls).overlaps.length, expected.length);
    }),
  );
});

test('the running simulator reports parallel purchases as overlaps and sequential ones as hand-offs', async (t) => {
  const simulator = await startTestSimulator();
  t.after(simulator.stop);
  const buy = (ip: string) => callSmartvps({ simulator, name: 'buyvps', body: { ip, ram: '8' } });
  await buy('103.181.91');
  await buy('103.181.91');
  const sequential = (await simulator.control.ledger()).summary;
  assert.deepEqual(sequential.overlaps, []);
  assert.equal(sequential.handOffsMs.length, 1);
  await Promise.all([buy('103.181'), buy('103.181'), buy('103.83.x')]);
  const { summary, purchases } = await simulator.control.ledger();
  assert.equal(summary.overlaps.length, 1);
  assert.equal(summary.overlaps[0]?.package, '103.181');
  assert.equal(new Set(purchases.map((call) => call.soldAddress)).size, 5);
  assert.ok(!JSON.stringify(purchases).includes('secret'));
});
