import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { compensationWorkflowId, freeMonthChangedSignal } from '../../workflows/contract/compensate-order.ts';

/** Wakes the remedy of an order whose free month waits; one that has ended needs nothing. */
export async function tellFreeMonth(client: Client, { orderId }: { orderId: string }): Promise<void> {
  try {
    await client.workflow.getHandle(compensationWorkflowId(orderId)).signal(freeMonthChangedSignal.name);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
