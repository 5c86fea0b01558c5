import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { ownerChangedSignal } from '../../workflows/contract/provision-order.ts';

const waitMs = 10_000;
const lookEveryMs = 200;

/**
 * Tells a workflow that its order belongs to a remedy now, and waits a while until it has ended. One that does not
 * end in time (no worker, a mail server that is away) can neither write a status nor buy: document and ledger refuse.
 */
export async function dismissOwner(
  deps: { client: Client; sleep: (ms: number) => Promise<void> },
  input: { workflowId: string },
): Promise<void> {
  const handle = deps.client.workflow.getHandle(input.workflowId);
  try {
    const { status } = await handle.describe();
    if (status.name !== 'RUNNING') return;
    await handle.signal(ownerChangedSignal.name);
    for (let waitedMs = 0; waitedMs < waitMs; waitedMs += lookEveryMs) {
      await deps.sleep(lookEveryMs);
      if ((await handle.describe()).status.name !== 'RUNNING') return;
    }
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
