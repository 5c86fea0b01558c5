import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { compensationWorkflowId, freeMonthChangedSignal } from '../../workflows/contract/compensate-order.ts';
import { retryOrderSignal } from '../../workflows/contract/provision-order.ts';

/** Wakes the remedy of an order whose free month waits; one that has ended needs nothing. */
export async function tellFreeMonth(client: Client, { orderId }: { orderId: string }): Promise<void> {
  await signalRemedy(client, { orderId, name: freeMonthChangedSignal.name, said: [] });
}

/** Has a blocked remedy look again, because money went back without it; one that has ended needs nothing. */
export async function tellBlockedRemedy(
  client: Client,
  { orderId, reason }: { orderId: string; reason: string },
): Promise<void> {
  const said = { by: 'the return of the payment', reason };
  await signalRemedy(client, { orderId, name: retryOrderSignal.name, said: [said] });
}

async function signalRemedy(
  client: Client,
  { orderId, name, said }: { orderId: string; name: string; said: object[] },
): Promise<void> {
  try {
    await client.workflow.getHandle(compensationWorkflowId(orderId)).signal(name, ...said);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
