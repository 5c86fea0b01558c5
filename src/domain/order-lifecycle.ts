import { assertNever } from './assert-never.ts';
import { describeDuration } from './duration.ts';
import type { OrderStatus } from './order.ts';

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

function alreadyDecided({ act, by, at }: NonNullable<RetryState['decided']>): RetryAnswer {
  return refused(`Already decided: ${act} by ${by} at ${at.slice(11, 16)} UTC.`);
}

function refused(sentence: string): RetryAnswer {
  return { kind: 'refused', sentence };
}
