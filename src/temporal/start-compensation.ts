import type { Client } from '@temporalio/client';
import {
  type CompensateOrderInput,
  compensateOrderType,
  compensationWorkflowId,
} from '../../workflows/contract/compensate-order.ts';
import { type StartedOnce, startOnce } from './start-once.ts';

/**
 * Starts the remedy of an order; one that runs stays the only one. A new run of one that ended or was terminated goes
 * on with what was chosen first.
 */
export function startCompensation(client: Client, input: CompensateOrderInput): Promise<StartedOnce> {
  return startOnce(client, {
    workflowType: compensateOrderType,
    workflowId: compensationWorkflowId(input.orderId),
    argument: input,
    staticSummary: `Remedy ${input.option} of order ${input.orderId}`,
  });
}
