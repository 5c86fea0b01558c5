import type { Client } from '@temporalio/client';
import {
  type CompensateOrderInput,
  compensateOrderType,
  compensationWorkflowId,
} from '../../workflows/contract/compensate-order.ts';
import { orderTaskQueue } from '../../workflows/contract/provision-order.ts';
import { findGrpcStatus, grpcStatus } from './service-error.ts';

/**
 * Starts the remedy of an order; one that runs stays the only one. A new run of one that ended or was terminated goes
 * on with what was chosen first.
 */
export async function startCompensation(client: Client, input: CompensateOrderInput): Promise<void> {
  const workflowId = compensationWorkflowId(input.orderId);
  try {
    await client.workflow.start(compensateOrderType, {
      workflowId,
      taskQueue: orderTaskQueue,
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `Remedy ${input.option} of order ${input.orderId}`,
    });
  } catch (error) {
    if (findGrpcStatus(error) !== grpcStatus.resourceExhausted) throw error;
    // A second start of one id within about a second is answered so; but so is a server that is overloaded.
    const { status } = await client.workflow.getHandle(workflowId).describe();
    if (status.name !== 'RUNNING') throw error;
  }
}
