import { defineQuery, defineUpdate } from '@temporalio/workflow';
import { defineRawSignal } from './read-signal.ts';

/** Workflow type. Task queue: that of the orders. */
export const returnPaymentType = 'returnPayment';

/** Id of the workflow that gives a payment back which its order does not keep; `paymentKey`: `<gateway>:<paymentId>`. */
export function returnPaymentWorkflowId(paymentKey: string): string {
  return `return-${paymentKey.replace(':', '-')}`;
}

export interface ReturnPaymentInput {
  /** `_id` in `payments`. */
  paymentKey: string;
}

export interface ReturnPaymentResult {
  paymentKey: string;
  ended: 'returned' | 'nothingOwed' | 'unknownPayment' | 'badInput';
  explanation: string;
}

/** `{reason?, by?}`: tries again at once what the gateway has not given back. Needs no input. */
export const retryRefundSignal = defineRawSignal('retryRefund');
export const retryRefundUpdate = defineUpdate<{ next: string }, [unknown]>('retryRefund');

/** `{reference, reason?, by?}`: the money was given back outside the gateway. */
export const refundedByHandSignal = defineRawSignal('refundedByHand');
export const refundedByHandUpdate = defineUpdate<{ next: string }, [unknown]>('refundedByHand');

export interface ReturnStatusView {
  paymentKey: string;
  state: 'refunding' | 'blocked' | 'done';
  /** Why it is blocked, in words. */
  why: string | null;
  /** How often the gateway has been asked in vain. */
  tries: number;
  timeline: { at: string; text: string }[];
}
export const returnStatusQuery = defineQuery<ReturnStatusView>('returnStatus');
