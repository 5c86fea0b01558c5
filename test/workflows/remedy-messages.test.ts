import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RemedyOption } from '../../src/domain/remedy.ts';
import { sortInput } from '../../workflows/contract/read-signal.ts';
import { createDecisionSlot } from '../../workflows/decision-slot.ts';
import type { OrderRecord } from '../../workflows/order-record.ts';
import { judgeChange } from '../../workflows/remedy-messages.ts';

/** What a remedy that waits in `failed` answers to a wish. */
function judge(
  now: { option: RemedyOption; moneyBegun?: boolean },
  wish: { option: RemedyOption; amountPaise?: number },
) {
  return judgeChange({
    record: { orderId: 'a', status: 'failed' } as OrderRecord,
    slot: createDecisionSlot(),
    now: { moneyBegun: false, inMonth: false, isBeginning: false, ...now },
    from: sortInput({ ...wish, reference: 'UTR 1' }),
    wish: { productId: null, amountPaise: null, ...wish },
  });
}

function judgeByHand(option: RemedyOption) {
  return judge({ option }, { option: 'refundedByHand' });
}

test('a price adjustment of another sum is a change, as long as no money has moved', () => {
  const option = 'priceAdjustment';
  const again = judge({ option }, { option });
  assert.match(again.kind === 'accepted' ? again.next : '', /tried again/);
  const anew = judge({ option }, { option, amountPaise: 5_000 });
  assert.match(anew.kind === 'accepted' ? anew.next : '', /adjusted anew, by what is said now/);
  const late = judge({ option, moneyBegun: true }, { option, amountPaise: 5_000 });
  assert.match(late.kind === 'refused' ? late.sentence : '', /has moved for the remedy priceAdjustment/);
  assert.equal(judge({ option, moneyBegun: true }, { option }).kind, 'accepted');
});

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
