import type { OrderStatus } from '../../src/domain/order.ts';
import type { Remedy, RemedyOption } from '../../src/domain/remedy.ts';
import { defineRawSignal } from './read-signal.ts';

/** Workflow id of an order's remedy: a person can guess it from the order id. Task queue: that of the orders. */
export function compensationWorkflowId(orderId: string): string {
  return `compensation-${orderId}`;
}

export const compensateOrderType = 'compensateOrder';

/** An order that renews or switches has changed: the free month looks at it. */
export const freeMonthChangedSignal = defineRawSignal('freeMonthChanged');

/** Started from a failed order, by API or CLI, or in the Temporal Web UI. All but `orderId` may be missing or odd. */
export interface CompensateOrderInput {
  orderId: string;
  option: RemedyOption;
  by?: string;
  reason?: string;
  /** How the order ends once its money is back: `cancelled` where nothing was sent to the supplier. */
  endsAs?: 'refunded' | 'cancelled';
  /** Of `priceAdjustment`: what the server is sold as, and what goes back (integer paise). */
  productId?: string;
  amountPaise?: number;
}

/** The input of the workflow that carries a remedy out. */
export function compensationInput(orderId: string, remedy: Remedy): CompensateOrderInput {
  const { option, by, reason, endsAs, productId, amountPaise } = remedy;
  return {
    orderId,
    option,
    by,
    endsAs,
    ...(reason ? { reason } : {}),
    ...(productId ? { productId } : {}),
    ...(amountPaise ? { amountPaise } : {}),
  };
}

export interface CompensateOrderResult {
  orderId: string;
  ended: OrderStatus | 'unknownOrder' | 'refused' | 'ownedByAnotherWorkflow' | 'badInput';
  explanation: string;
}
