import type { Client } from '@temporalio/client';
import { orderTaskQueue } from '../../workflows/contract/provision-order.ts';
import { findGrpcStatus, grpcStatus } from './service-error.ts';

/** Starts a workflow of an order; a run of this id that is alive stays the only one, one that has ended is followed. */
export async function startOnce(
  client: Client,
  input: { workflowType: string; workflowId: string; argument: object; staticSummary: string },
): Promise<void> {
  const { workflowType, workflowId, argument, staticSummary } = input;
  try {
    await client.workflow.start(workflowType, {
      workflowId,
      taskQueue: orderTaskQueue,
      args: [argument],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary,
    });
  } catch (error) {
    if (findGrpcStatus(error) !== grpcStatus.resourceExhausted) throw error;
    // A second start of one id within about a second is answered so; but so is a server that is overloaded.
    const { status } = await client.workflow.getHandle(workflowId).describe();
    if (status.name !== 'RUNNING') throw error;
  }
}
