import { formatMoney } from '../src/domain/money.ts';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import type { RefundPart } from '../src/domain/refund.ts';
import { refundActivities } from './activity-proxies.ts';
import { orLate } from './or-late.ts';

export type MoneyBack =
  /** `money`: the amount with its currency, for people. */
  | { kind: 'paid'; refundId: string; money: string }
  /** The gateway refused or cancelled it, or has not answered in its time. */
  | { kind: 'refused'; sentence: string }
  | { kind: 'late'; sentence: string };

/** Asks the gateway for a refund, of all or of a part, and awaits its word on the outcome within the policy's limit. */
export async function giveMoneyBack(input: {
  policy: ResolvedPolicy;
  orderId: string;
  paymentKey: string;
  part: RefundPart | null;
  note: (text: string) => void;
}): Promise<MoneyBack> {
  const { policy, orderId, paymentKey, part, note } = input;
  const { startRefund, awaitRefund } = refundActivities(policy);
  const started = await orLate(startRefund({ orderId, paymentKey, ...(part === null ? {} : { part }) }));
  if (started === 'late') return late('The payment gateway has not taken the refund in time.');
  if (started.kind === 'refused') return { kind: 'refused', sentence: started.sentence };
  const { refundId, amountPaise, currency } = started;
  const money = formatMoney({ amountMinor: amountPaise, currency });
  note(`The gateway has taken the refund ${refundId} of ${money}; its word on the outcome is awaited.`);
  const end = await orLate(awaitRefund({ refundId }));
  if (end === 'late') return late(`The payment gateway has not said in time what became of ${refundId}.`);
  if (end.kind === 'cancelled') return { kind: 'refused', sentence: end.sentence };
  return { kind: 'paid', refundId, money };
}

function late(sentence: string): MoneyBack {
  return { kind: 'late', sentence };
}
