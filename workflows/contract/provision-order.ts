import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { Failure, OrderStatus } from '../../src/domain/order.ts';
import { defineRawSignal } from './read-signal.ts';

/** Task queue of `provisionOrder`, `settlePayment` and all their activities. */
export const orderTaskQueue = 'orders';

/** Workflow id of the order's first owner: a person can guess it from the order id. */
export function orderWorkflowId(orderId: string): string {
  return `order-${orderId}`;
}

export interface ProvisionOrderInput {
  orderId: string;
  /** Set where a person's retry starts the order again: buys once although the package is marked dry. */
  trial?: boolean;
}

export interface ProvisionOrderResult {
  orderId: string;
  ended: OrderStatus | 'unknownOrder' | 'ownedByAnotherWorkflow' | 'notPaid' | 'badInput';
  explanation: string;
}

/** What follows from an accepted message. */
export interface Accepted {
  orderStatus: OrderStatus;
  next: string;
}

/** Type of the ApplicationFailure of a refused update; its first detail is a `Refusal`. */
export const refusedType = 'Refused';

export interface Refusal {
  orderStatus: OrderStatus;
  since: string;
  ageSeconds: number;
  sentence: string;
}

/** A captured payment (`CapturedPayment`), sent by the gateway's webhook with the start. */
export const paymentReceivedSignal = defineRawSignal('paymentReceived');
export const retryOrderSignal = defineRawSignal('retryOrder');
export const retryOrderUpdate = defineUpdate<Accepted, [unknown]>('retryOrder');

export const resolvePurchaseSignal = defineRawSignal('resolvePurchase');
export const resolvePurchaseUpdate = defineUpdate<Accepted, [unknown]>('resolvePurchase');

export const assignServerSignal = defineRawSignal('assignServer');
export const assignServerUpdate = defineUpdate<Accepted, [unknown]>('assignServer');

export interface OrderStatusView {
  orderId: string;
  status: OrderStatus;
  since: string;
  failure: Failure | null;
  next: string;
  refusals: string[];
}
export const orderStatusQuery = defineQuery<OrderStatusView>('orderStatus');
export const orderTimelineQuery = defineQuery<{ at: string; text: string }[]>('orderTimeline');
