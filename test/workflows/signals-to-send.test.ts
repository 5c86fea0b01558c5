import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureCodes, orderStatuses } from '../../src/domain/order.ts';
import { answerCancel, answerCompensate, answerRetry } from '../../src/domain/order-lifecycle.ts';
import { remedyToStart, signalsToSend } from '../../workflows/signals-to-send.ts';

// What the Web UI's page of an order offers, held against what the order's messages answer.

const orderId = 'ord-1';
const since = '2026-11-21T10:00:00.000Z';
const failureOf = (code: (typeof failureCodes)[number], ofRemedy = false) => ({
  code,
  message: 'why',
  since,
  ...(ofRemedy ? { ofRemedy: true as const } : {}),
});
const linesOf = (state: Partial<Parameters<typeof signalsToSend>[0]>) =>
  signalsToSend({ orderId, status: 'queued', failure: null, inMonth: false, ...state }).join('\n');

test('what is offered in a status is accepted in it, now or once the order is late', () => {
  for (const status of orderStatuses) {
    const lines = linesOf({ status, failure: status === 'failed' ? failureOf('atCapacity') : null });
    const late = { sinceMs: 0, nowMs: 1e9, provisioningLimitMs: 1, lockWaitLimitMs: 1 };
    const state = { orderId, status, decided: null, sent: false };
    const accepted = {
      retryOrder: answerRetry({ ...state, ...late }).kind === 'accepted',
      cancelOrder: answerCancel(state).kind === 'accepted',
      compensateOrder: answerCompensate({ ...state, option: 'refund' }).kind === 'accepted',
    };
    for (const [act, isAccepted] of Object.entries(accepted)) {
      // While the login is looked for a retry is accepted, and there is nothing that it would do.
      const isNeedless = act === 'retryOrder' && status === 'preparing';
      assert.equal(lines.includes(`\`${act}\``), isAccepted && !isNeedless, `${act} in ${status}`);
    }
  }
});

test('a wrong server offers A, B and C; a case offers its resolution first', () => {
  const wrong = linesOf({ status: 'failed', failure: failureOf('wrongPackage') });
  for (const option of ['A', 'B', 'C', 'refund'])
    assert.ok(wrong.includes(`{"option": "${option}", `), option);
  for (const code of ['purchaseUnknown', 'duplicateServer'] as const) {
    assert.match(linesOf({ status: 'failed', failure: failureOf(code) }), /^`resolvePurchase`/);
    assert.match(linesOf({ status: 'failed', failure: failureOf(code, true) }), /^`resolvePurchase`/);
  }
});

test('a remedy that is blocked offers another try, another remedy and what was paid by hand, no cancellation', () => {
  for (const failure of [
    failureOf('compensationBlocked'),
    ...failureCodes.map((code) => failureOf(code, true)),
  ]) {
    const lines = linesOf({ status: 'failed', failure });
    assert.match(lines, /`retryOrder`.*what is left is tried again/);
    assert.match(lines, /another remedy instead \(or .+\), only while no money/);
    assert.match(lines, /"option": "refundedByHand", "reference": "\.\.\."/);
    assert.doesNotMatch(lines, /cancelOrder/);
  }
});

test('out of a free month lead a refund and B; for a delivered order the remedy to start is spelled out', () => {
  const month = { orderId, status: 'active' as const, failure: null, inMonth: true };
  assert.deepEqual(
    signalsToSend(month).map((line) => /"option": "(\w+)"/.exec(line)?.[1]),
    ['refund', 'B'],
  );
  assert.equal(remedyToStart(month), null);
  const delivered = { ...month, inMonth: false };
  assert.deepEqual(signalsToSend(delivered), []);
  const text = remedyToStart(delivered) ?? '';
  const input = /`(\{"orderId".*?\})`/.exec(text)?.[1] ?? '';
  assert.equal((JSON.parse(input) as { orderId: string }).orderId, orderId);
  assert.match(text, /`compensation-ord-1`/);
});

test('all JSON to paste is JSON', () => {
  for (const failure of failureCodes.flatMap((code) => [failureOf(code), failureOf(code, true)])) {
    const lines = linesOf({ status: 'failed', failure });
    for (const [, text = ''] of lines.matchAll(/`(\{.*?\})`/g)) {
      assert.doesNotThrow(() => JSON.parse(text), text);
    }
  }
});
