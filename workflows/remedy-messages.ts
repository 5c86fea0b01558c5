import { answerCompensate } from '../src/domain/order-lifecycle.ts';
import { isReadjusted, type RemedyNow, type RemedyOption } from '../src/domain/remedy.ts';
import { findText, type SignalInput } from './contract/read-signal.ts';
import type { DecisionSlot } from './decision-slot.ts';
import type { OrderRecord } from './order-record.ts';
import type { Judgement } from './use-messages.ts';

/** What a person asks of a remedy that has the order. */
export interface RemedyChangeWish {
  option: RemedyOption;
  productId: string | null;
  amountPaise: number | null;
}

/**
 * The message `compensateOrder` at the run of a remedy: a blocked one is tried again, becomes another one as long as no
 * money has moved, or ends by what an admin has paid outside the gateway.
 */
export function judgeChange(input: {
  record: OrderRecord;
  slot: DecisionSlot;
  now: RemedyNow | null;
  from: SignalInput;
  wish: RemedyChangeWish;
}): Judgement {
  const { record, slot, now, from, wish } = input;
  const { orderId, status } = record;
  const { option } = wish;
  const fill =
    (chosen: RemedyChangeWish, text: string | null) => (said: { by: string; reason: string | null }) =>
      slot.fill({
        act: 'remedy',
        ...chosen,
        by: said.by,
        reason: text ?? said.reason,
        at: new Date(Date.now()).toISOString(),
        endsAs: 'refunded',
      });
  if (now?.inMonth === true && status === 'active') {
    if (slot.taken) return refused(`Already decided: ${slot.taken.act} by ${slot.taken.by}.`);
    if (option !== 'refund' && option !== 'priceAdjustment') {
      return refused(
        `The money of order ${orderId} has gone back: out of its free month only refund (the server goes back now) ` +
          'or priceAdjustment (the customer keeps it) leads.',
      );
    }
    const next =
      option === 'refund'
        ? 'The month ends now; the server is taken back.'
        : 'The customer keeps the server.';
    return { kind: 'accepted', next, carryOut: fill(wish, null) };
  }
  const tooEarly = findTooEarly(record, now);
  if (tooEarly !== null) return refused(tooEarly);
  const answer = answerCompensate({ orderId, status, decided: slot.taken, sent: true, option });
  if (answer.kind === 'refused') return answer;
  if (now === null || status !== 'failed') return refused(`Order ${orderId} has a remedy under way.`);
  if (option === 'refundedByHand' && now.option === 'reprovision') {
    return refused(
      `Order ${orderId} keeps its money and is still to get its server: choose refund first, then refundedByHand where the gateway refuses.`,
    );
  }
  if (option === 'refundedByHand') {
    const reference = findText({ from, name: 'reference' });
    if (!reference)
      return refused(`Failed to read the reference of the transfer for order ${orderId}. ${byHandHelp}`);
    const next = 'It is recorded as given back by hand; then what is left of the remedy is done.';
    return { kind: 'accepted', next, carryOut: fill(wish, reference) };
  }
  if (option === now.option && !isReadjusted(wish)) {
    const next = 'What is left of the remedy is tried again.';
    return { kind: 'accepted', next, carryOut: fill(wish, null) };
  }
  if (now.moneyBegun) {
    return refused(`Money of order ${orderId} has moved for the remedy ${now.option}: it goes on with that.`);
  }
  const next =
    option === now.option
      ? 'The price is adjusted anew, by what is said now.'
      : `The remedy becomes ${option} instead of ${now.option}.`;
  return { kind: 'accepted', next, carryOut: fill(wish, null) };
}

const byHandHelp = 'Send {"option": "refundedByHand", "reference": "the reference of the transfer"}.';

/** What a decision meets that comes after the remedy was chosen, and before its first step; null where it does not. */
export function findTooEarly(
  { orderId, status }: Pick<OrderRecord, 'orderId' | 'status'>,
  now: RemedyNow | null,
): string | null {
  if (now?.isBeginning !== true || status !== 'failed') return null;
  return `Order ${orderId}: the remedy ${now.option} was chosen and begins at this moment. Decide again where it is blocked.`;
}

function refused(sentence: string): { kind: 'refused'; sentence: string } {
  return { kind: 'refused', sentence };
}
