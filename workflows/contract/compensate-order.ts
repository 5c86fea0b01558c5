import type { OrderStatus } from '../../src/domain/order.ts';
import type { RemedyOption } from '../../src/domain/remedy.ts';

/** Workflow id of an order's remedy: a person can guess it from the order id. Task queue: that of the orders. */
export function compensationWorkflowId(orderId: string): string {
  return `compensation-${orderId}`;
}

export const compensateOrderType = 'compensateOrder';

/** Started from a failed order, by API or CLI, or in the Temporal Web UI. All but `orderId` may be missing or odd. */
export interface CompensateOrderInput {
  orderId: string;
  option: RemedyOption;
  by?: string;
  reason?: string;
  /** How the order ends once its money is back: `cancelled` where nothing was sent to the supplier. */
  endsAs?: 'refunded' | 'cancelled';
}

export interface CompensateOrderResult {
  orderId: string;
  ended: OrderStatus | 'unknownOrder' | 'refused' | 'ownedByAnotherWorkflow' | 'badInput';
  explanation: string;
}
