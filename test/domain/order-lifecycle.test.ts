import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderStatuses } from '../../src/domain/order.ts';
import {
  answerCancel,
  answerCompensate,
  answerRetry,
  type EndingAnswer,
  type RetryState,
} from '../../src/domain/order-lifecycle.ts';
import { remedyOptions } from '../../src/domain/remedy.ts';

const minuteMs = 60_000;
const decided = { act: 'retry', by: 'an admin', at: '2026-11-21T09:58:00.000Z' };

function answer(changes: Partial<RetryState> & { ageMs?: number }) {
  const nowMs = Date.parse('2026-11-21T10:00:00.000Z');
  const { ageMs = 0, ...rest } = changes;
  return answerRetry({
    orderId: 'X',
    status: 'failed',
    sinceMs: nowMs - ageMs,
    nowMs,
    provisioningLimitMs: 10 * minuteMs,
    lockWaitLimitMs: 6 * 60 * minuteMs,
    decided: null,
    ...rest,
  });
}

/** Act of an accepted retry, or its refusing sentence: inside the bound, past it, and each once decided. */
const matrix: Record<(typeof orderStatuses)[number], { inside: string; past: string; decided: string }> = {
  pendingPayment: same('Order X awaits its payment; there is nothing to retry yet.'),
  queued: {
    inside: 'Order X is waiting its turn (started 90 s ago). Please wait.',
    past: 'afterOutcome',
    decided: 'Already decided: retry by an admin at 09:58 UTC.',
  },
  waitingForStock: same('wake'),
  provisioning: {
    inside: 'Order X is being provisioned (started 90 s ago). Please wait.',
    past: 'afterOutcome',
    decided: 'Already decided: retry by an admin at 09:58 UTC.',
  },
  preparing: same('none'),
  active: same('Order X is delivered; there is nothing to retry.'),
  failed: { inside: 'decide', past: 'decide', decided: 'Already decided: retry by an admin at 09:58 UTC.' },
  compensating: same('Order X has a remedy under way; it cannot be provisioned again.'),
  refunded: same('Order X has ended as refunded; there is nothing to retry.'),
  cancelled: same('Order X has ended as cancelled; there is nothing to retry.'),
  expired: same('Order X has ended as expired; there is nothing to retry.'),
};

function same(what: string) {
  return { inside: what, past: what, decided: what };
}

for (const status of orderStatuses) {
  test(`a retry of an order that is ${status} is answered by the matrix`, () => {
    const said = (given: ReturnType<typeof answer>) =>
      given.kind === 'accepted' ? given.act : given.sentence;
    const row = matrix[status];
    const past = 7 * 60 * minuteMs;
    assert.equal(said(answer({ status, ageMs: 90_000 })), row.inside);
    assert.equal(said(answer({ status, ageMs: past })), row.past);
    assert.equal(said(answer({ status, ageMs: past, decided })), row.decided);
  });
}

test('an order that is stuck in provisioning is retried, and the answer says since when', () => {
  assert.deepEqual(answer({ status: 'provisioning', ageMs: 15 * minuteMs }), {
    kind: 'accepted',
    act: 'afterOutcome',
    next: 'Order X was stuck in provisioning for 15 minutes, retry accepted; it continues as soon as the outcome is known.',
  });
});

test('the mark in provisioning is its limit alone: one moment before it is refused, at it accepted', () => {
  const at = (ageMs: number) => answer({ status: 'provisioning', ageMs }).kind;
  assert.deepEqual([at(10 * minuteMs - 1), at(10 * minuteMs)], ['refused', 'accepted']);
});

test('a clock that runs behind makes no negative age', () => {
  const given = answer({ status: 'provisioning', ageMs: -5_000 });
  assert.equal(
    given.kind === 'refused' && given.sentence,
    'Order X is being provisioned (started 0 s ago). Please wait.',
  );
});

test('before the policy is known nothing is past its bound', () => {
  const limits = { provisioningLimitMs: Number.POSITIVE_INFINITY, lockWaitLimitMs: Number.POSITIVE_INFINITY };
  for (const status of ['queued', 'provisioning'] as const) {
    assert.equal(answer({ status, ageMs: 1e12, ...limits }).kind, 'refused');
  }
});

/** Act or refusing sentence of `cancelOrder` and `compensateOrder`: nothing sent, something sent, already decided. */
const endings: Record<
  (typeof orderStatuses)[number],
  { cancel: string; cancelSent: string; compensate: string; decided: string }
> = {
  pendingPayment: all('Order X is just being opened. Try again in a moment.'),
  queued: open('end'),
  waitingForStock: open('end'),
  failed: open('end'),
  provisioning: all(
    'Order X is being bought at this moment. Wait until it is delivered or failed, then choose.',
  ),
  preparing: all(
    'The server of order X is bought and waits for its login. Wait until it is delivered or failed, then choose.',
  ),
  active: {
    ...all('Order X is delivered; it cannot be cancelled. Send compensateOrder {"option": "refund"}.'),
    compensate: 'Order X is delivered: start the workflow compensateOrder for it.',
  },
  compensating: all('Order X has a remedy under way.'),
  refunded: all('Order X has ended as refunded; nothing was changed.'),
  cancelled: all('Order X has ended as cancelled; nothing was changed.'),
  expired: all('Order X has ended as expired; nothing was changed.'),
};

function all(what: string) {
  return { cancel: what, cancelSent: what, compensate: what, decided: what };
}

function open(act: string) {
  return {
    cancel: act,
    cancelSent:
      'Order X cannot be cancelled any more: something was sent to the supplier for it. Send compensateOrder {"option": "refund"}.',
    compensate: act,
    decided: 'Already decided: retry by an admin at 09:58 UTC.',
  };
}

for (const status of orderStatuses) {
  test(`cancelling or compensating an order that is ${status} is answered by the matrix`, () => {
    const state = { orderId: 'X', status, decided: null, sent: false };
    const said = (given: EndingAnswer) => (given.kind === 'accepted' ? given.act : given.sentence);
    const row = endings[status];
    assert.equal(said(answerCancel(state)), row.cancel);
    assert.equal(said(answerCancel({ ...state, sent: true })), row.cancelSent);
    assert.equal(said(answerCompensate({ ...state, sent: true, option: 'refund' })), row.compensate);
    assert.equal(said(answerCancel({ ...state, decided })), row.decided);
  });
}

test('an order that still waits for its server can only be refunded', () => {
  for (const option of remedyOptions) {
    const state = { orderId: 'X', decided: null, sent: true, option };
    assert.equal(answerCompensate({ ...state, status: 'failed' }).kind, 'accepted');
    const waiting = answerCompensate({ ...state, status: 'queued' });
    assert.equal(waiting.kind, option === 'refund' ? 'accepted' : 'refused', option);
  }
});
