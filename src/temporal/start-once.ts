import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { orderTaskQueue } from '../../workflows/contract/provision-order.ts';
import { findGrpcStatus, grpcStatus } from './service-error.ts';

/** `alive`: a run was there, which knows nothing of the argument that this start would have had. */
export type StartedOnce = 'started' | 'alive';

/** Starts a workflow of an order; a run of this id that is alive stays the only one, one that has ended is followed. */
export async function startOnce(
  client: Client,
  input: { workflowType: string; workflowId: string; argument: object; staticSummary: string },
): Promise<StartedOnce> {
  const { workflowType, workflowId, argument, staticSummary } = input;
  try {
    await client.workflow.start(workflowType, {
      workflowId,
      taskQueue: orderTaskQueue,
      args: [argument],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
      staticSummary,
    });
    return 'started';
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'alive';
    if (findGrpcStatus(error) !== grpcStatus.resourceExhausted) throw error;
    // A second start of one id within about a second is answered so; but so is a server that is overloaded.
    const { status } = await client.workflow.getHandle(workflowId).describe();
    if (status.name !== 'RUNNING') throw error;
    return 'alive';
  }
}
