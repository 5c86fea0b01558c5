import type { Client } from '@temporalio/client';
import { orderTaskQueue, orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import type { Collections } from '../database.ts';
import { findGrpcStatus, grpcStatus } from './service-error.ts';

export type Restarted = 'started' | 'ended' | 'unknownOrder';

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
    if (findGrpcStatus(error) !== grpcStatus.resourceExhausted) throw error;
    // A second start of one id within about a second is answered so; but so is a server that is overloaded.
    const { status } = await deps.client.workflow.getHandle(orderWorkflowId(orderId)).describe();
    if (status.name !== 'RUNNING') throw error;
  }
  return 'started';
}
