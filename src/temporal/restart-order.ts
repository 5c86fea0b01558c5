import type { Client } from '@temporalio/client';
import { compensationInput, compensationWorkflowId } from '../../workflows/contract/compensate-order.ts';
import { orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import type { Collections } from '../database.ts';
import { startCompensation } from './start-compensation.ts';
import { type StartedOnce, startOnce } from './start-once.ts';

export type Restarted = StartedOnce | 'ended' | 'unknownOrder';

/**
 * Starts the owner of an open order again under the same id, its remedy where one has taken the order; a run that is
 * alive stays the only one, and has to be told what a person wants. A new run continues by what MongoDB and the
 * ledger say. `trial`: a person wants it, the order buys once although its package is marked dry.
 */
export async function restartOrder(
  deps: { client: Client; db: Pick<Collections, 'orders'> },
  input: { orderId: string; trial?: boolean },
): Promise<Restarted> {
  const { client } = deps;
  const { orderId, trial = false } = input;
  const order = await deps.db.orders.findOne({ _id: orderId });
  if (!order) return 'unknownOrder';
  if (!order.open) return 'ended';
  const { owner, remedy } = order;
  if (remedy !== null && owner === compensationWorkflowId(orderId)) {
    return startCompensation(client, compensationInput(orderId, remedy));
  }
  return startOnce(client, {
    workflowType: 'provisionOrder',
    workflowId: orderWorkflowId(orderId),
    argument: { orderId, trial },
    staticSummary: `Order ${orderId}`,
  });
}
