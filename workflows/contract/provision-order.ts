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

/** `{reason?, by?}`; without input by "Temporal Web UI". */
export const cancelOrderSignal = defineRawSignal('cancelOrder');
export const cancelOrderUpdate = defineUpdate<Accepted, [unknown]>('cancelOrder');

/** `{option, reason?, by?, productId?, amountPaise?, reference?}`: what is done for the customer of a failed order. */
export const compensateOrderSignal = defineRawSignal('compensateOrder');
export const compensateOrderUpdate = defineUpdate<Accepted, [unknown]>('compensateOrder');

/** Sent by a remedy that has taken the order: this run writes nothing more, gives back what it holds, and ends. */
export const ownerChangedSignal = defineRawSignal('ownerChanged');

export const resolvePurchaseSignal = defineRawSignal('resolvePurchase');
export const resolvePurchaseUpdate = defineUpdate<Accepted, [unknown]>('resolvePurchase');

export const assignServerSignal = defineRawSignal('assignServer');
export const assignServerUpdate = defineUpdate<Accepted, [unknown]>('assignServer');

export interface OrderStatusView {
  orderId: string;
  status: OrderStatus;
  since: string;
  failure: Failure | null;
  /** What happens next by itself, in words. */
  next: string;
  /** When that is, ISO UTC; null where it depends on others. */
  nextAt: string | null;
  /** When the failure's default is carried out by itself, ISO UTC. */
  decisionDeadline: string | null;
  refusals: string[];
}
export const orderStatusQuery = defineQuery<OrderStatusView>('orderStatus');
export const orderTimelineQuery = defineQuery<{ at: string; text: string }[]>('orderTimeline');
