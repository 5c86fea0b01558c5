import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rememberFigures } from '../../src/desk/remember-figures.ts';

function measuring() {
  const pending: PromiseWithResolvers<number>[] = [];
  let nowMs = 0;
  const figures = rememberFigures({
    forMs: 10,
    nowMs: () => nowMs,
    measure: () => {
      const next = Promise.withResolvers<number>();
      pending.push(next);
      return next.promise;
    },
  });
  return { figures, pending, pass: (ms: number) => (nowMs += ms) };
}

test('figures are kept from the end of their measurement on, and a long one is not begun twice', async () => {
  const { figures, pending, pass } = measuring();
  const first = figures();
  pass(1_000);
  const second = figures();
  assert.equal(pending.length, 1, 'one measurement serves all who ask while it runs');
  pending[0]?.resolve(7);
  assert.deepEqual(await Promise.all([first, second]), [7, 7]);
  pass(10);
  assert.equal(await figures(), 7);
  assert.equal(pending.length, 1);
  pass(1);
  void figures();
  assert.equal(pending.length, 2);
});

test('a measurement that failed is begun anew', async () => {
  const { figures, pending } = measuring();
  const first = figures();
  pending[0]?.reject(new Error('away'));
  await assert.rejects(first, /away/);
  void figures();
  assert.equal(pending.length, 2);
});
