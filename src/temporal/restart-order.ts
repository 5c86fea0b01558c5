import { type Client, isGrpcServiceError } from '@temporalio/client';
import { orderTaskQueue, orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import type { Collections } from '../database.ts';

export type Restarted = 'started' | 'ended' | 'unknownOrder';

/** gRPC status RESOURCE_EXHAUSTED: a second start of one id within about a second is answered with it. */
const resourceExhausted = 8;

/**
 * Starts the owner of an open order again under the same id; a run that is alive stays the only one. The new run
 * continues by what MongoDB and the ledger say.
 */
export async function restartOrder(
  deps: { client: Client; db: Pick<Collections, 'orders'> },
  input: { orderId: string; trial?: boolean },
): Promise<Restarted> {
  const { orderId, trial = false } = input;
  const order = await deps.db.orders.findOne({ _id: orderId });
  if (!order) return 'unknownOrder';
  if (!order.open) return 'ended';
  try {
    await deps.client.workflow.start('provisionOrder', {
      workflowId: orderWorkflowId(orderId),
      taskQueue: orderTaskQueue,
      args: [{ orderId, trial }],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `Order ${orderId}`,
    });
  } catch (error) {
    if (!(isGrpcServiceError(error) && error.code === resourceExhausted)) throw error;
  }
  return 'started';
}
