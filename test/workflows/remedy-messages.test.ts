import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RemedyOption } from '../../src/domain/remedy.ts';
import { sortInput } from '../../workflows/contract/read-signal.ts';
import { createDecisionSlot } from '../../workflows/decision-slot.ts';
import type { OrderRecord } from '../../workflows/order-record.ts';
import { judgeChange } from '../../workflows/remedy-messages.ts';

/** What a remedy that waits in `failed` answers to a transfer by hand. */
function judgeByHand(option: RemedyOption) {
  return judgeChange({
    record: { orderId: 'a', status: 'failed' } as OrderRecord,
    slot: createDecisionSlot(),
    now: { option, moneyBegun: false, inMonth: false, isBeginning: false },
    from: sortInput({ option: 'refundedByHand', reference: 'UTR 1' }),
    wish: { option: 'refundedByHand', productId: null, amountPaise: null },
  });
}

test('an order that is still to get its server is never paid back by hand as well', () => {
  const said = judgeByHand('reprovision');
  assert.equal(said.kind, 'refused');
  assert.match(said.sentence, /^Order a keeps its money and is still to get its server: choose refund first/);
});

test('a remedy that gives money back takes the word that it was done by hand', () => {
  for (const option of ['refund', 'priceAdjustment', 'refundAndFreeMonth'] as const) {
    assert.equal(judgeByHand(option).kind, 'accepted', option);
  }
});
