import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { stockChangedSignal } from '../../workflows/contract/monitor-stock.ts';

const withinMs = 5_000;

/** Tells an order that waits for stock to look again at once; one that is gone is started by the watch. */
export async function tellStockChanged(client: Client, input: { workflowId: string }): Promise<void> {
  const handle = client.workflow.getHandle(input.workflowId);
  try {
    await client.withDeadline(Date.now() + withinMs, () => handle.signal(stockChangedSignal.name));
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
