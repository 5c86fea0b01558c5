import { assertNever } from './assert-never.ts';
import { describeDuration } from './duration.ts';
import type { OrderStatus } from './order.ts';
import type { RemedyOption } from './remedy.ts';

/** What follows from a retry: `decide` fills the failed order's slot, `wake` looks again at once, `afterOutcome`
 * continues as soon as the running step's outcome is known; `none`: what it asks for goes on already. */
export type RetryAnswer =
  | { kind: 'accepted'; act: 'decide' | 'wake' | 'afterOutcome' | 'none'; next: string }
  | { kind: 'refused'; sentence: string };

/** The state that a retry meets. Times in milliseconds since the epoch. */
export interface RetryState {
  orderId: string;
  status: OrderStatus;
  sinceMs: number;
  nowMs: number;
  provisioningLimitMs: number;
  lockWaitLimitMs: number;
  /** Who decided already on this failure, and when (ISO), where the slot is taken. */
  decided: null | { act: string; by: string; at: string };
}

/** The row "retry" of the matrix status x message: retry means verify, then continue (design 3). */
export function answerRetry(state: RetryState): RetryAnswer {
  const { orderId, status } = state;
  switch (status) {
    case 'failed':
      return answerFailed(state);
    case 'waitingForStock':
      return { kind: 'accepted', act: 'wake', next: 'The stock is looked at again at once.' };
    case 'preparing':
      return {
        kind: 'accepted',
        act: 'none',
        next: 'The server is bought; its login is looked for every few seconds, without end until its limit.',
      };
    case 'queued':
      return answerBusy(state, state.lockWaitLimitMs, 'waiting its turn');
    case 'provisioning':
      return answerBusy(state, state.provisioningLimitMs, 'being provisioned');
    case 'pendingPayment':
      return refused(`Order ${orderId} awaits its payment; there is nothing to retry yet.`);
    case 'compensating':
      return refused(`Order ${orderId} has a remedy under way; it cannot be provisioned again.`);
    case 'active':
      return refused(`Order ${orderId} is delivered; there is nothing to retry.`);
    case 'refunded':
    case 'cancelled':
    case 'expired':
      return refused(`Order ${orderId} has ended as ${status}; there is nothing to retry.`);
    default:
      return assertNever(status);
  }
}

function answerFailed({ decided }: RetryState): RetryAnswer {
  if (decided) return alreadyDecided(decided);
  return {
    kind: 'accepted',
    act: 'decide',
    next: 'What was bought so far is verified, then the order continues.',
  };
}

function answerBusy(state: RetryState, limitMs: number, doing: string): RetryAnswer {
  const ageMs = state.nowMs - state.sinceMs;
  const age = describeDuration(ageMs);
  if (ageMs < limitMs)
    return refused(`Order ${state.orderId} is ${doing} (started ${age} ago). Please wait.`);
  if (state.decided) return alreadyDecided(state.decided);
  return {
    kind: 'accepted',
    act: 'afterOutcome',
    next: `Order ${state.orderId} was stuck in ${state.status} for ${age}, retry accepted; it continues as soon as the outcome is known.`,
  };
}

/** The state that a cancellation or a remedy meets. */
export interface EndingState extends Pick<RetryState, 'orderId' | 'status' | 'decided'> {
  /** True once something was sent to the supplier for this order. */
  sent: boolean;
}

/** What follows from `cancelOrder` or `compensateOrder`: `end` gives the order to its remedy. */
export type EndingAnswer =
  | { kind: 'accepted'; act: 'end'; next: string }
  | { kind: 'refused'; sentence: string };

/** The row "cancel" of the matrix status x message: only what the supplier has never heard of is cancelled. */
export function answerCancel(state: EndingState): EndingAnswer {
  const { orderId, status } = state;
  switch (status) {
    case 'queued':
    case 'waitingForStock':
    case 'failed':
      if (state.decided) return alreadyDecided(state.decided);
      if (state.sent) {
        const sentence = `Order ${orderId} cannot be cancelled any more: something was sent to the supplier for it. Send compensateOrder {"option": "refund"}.`;
        return { kind: 'refused', sentence };
      }
      return { kind: 'accepted', act: 'end', next: 'What was paid goes back; then the order is cancelled.' };
    case 'pendingPayment':
      return refusedEnding(`Order ${orderId} is just being opened. Try again in a moment.`);
    case 'active':
      return refusedEnding(
        `Order ${orderId} is delivered; it cannot be cancelled. Send compensateOrder {"option": "refund"}.`,
      );
    default:
      return answerUnending(state);
  }
}

/** What each remedy does, in words. */
export const remedySteps: Record<RemedyOption, string> = {
  reprovision: 'The right server is bought and its login mailed; then the wrong one is taken back.',
  priceAdjustment: 'The customer has the server that was bought; the difference goes back.',
  refundAndFreeMonth: 'What was paid goes back; the customer has the server for a month.',
  refund: 'What was paid goes back; then any server is taken back.',
  refundedByHand: 'It is recorded as given back by hand.',
};

/** The row "compensate" of the matrix: at the order's own workflow, and at its remedy's. */
export function answerCompensate(state: EndingState & { option: RemedyOption }): EndingAnswer {
  const { orderId, status, option } = state;
  switch (status) {
    case 'queued':
    case 'waitingForStock':
    case 'failed':
      if (state.decided) return alreadyDecided(state.decided);
      if (status !== 'failed' && option !== 'refund') {
        return refusedEnding(
          `Order ${orderId} is ${status}: it is still to get its server. Send compensateOrder {"option": "refund"}.`,
        );
      }
      return { kind: 'accepted', act: 'end', next: remedySteps[option] };
    case 'pendingPayment':
      return refusedEnding(`Order ${orderId} is just being opened. Try again in a moment.`);
    case 'active':
      return refusedEnding(`Order ${orderId} is delivered: start the workflow compensateOrder for it.`);
    default:
      return answerUnending(state);
  }
}

/** The statuses in which an order can neither be cancelled nor begin a remedy. */
function answerUnending({ orderId, status }: EndingState): EndingAnswer {
  switch (status) {
    case 'provisioning':
      return refusedEnding(
        `Order ${orderId} is being bought at this moment. Wait until it is delivered or failed, then choose.`,
      );
    case 'preparing':
      return refusedEnding(
        `The server of order ${orderId} is bought and waits for its login. Wait until it is delivered or failed, then choose.`,
      );
    case 'compensating':
      return refusedEnding(`Order ${orderId} has a remedy under way.`);
    default:
      return refusedEnding(`Order ${orderId} has ended as ${status}; nothing was changed.`);
  }
}

function refusedEnding(sentence: string): EndingAnswer {
  return { kind: 'refused', sentence };
}

function alreadyDecided({ act, by, at }: NonNullable<RetryState['decided']>): {
  kind: 'refused';
  sentence: string;
} {
  const sentence = `Already decided: ${act} by ${by} at ${at.slice(11, 16)} UTC.`;
  return { kind: 'refused', sentence };
}

function refused(sentence: string): RetryAnswer {
  return { kind: 'refused', sentence };
}
