import {
  type Client,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import {
  type Accepted,
  orderWorkflowId,
  type Refusal,
  refusedType,
} from '../../workflows/contract/provision-order.ts';

/** What an order's owner said to a message. `gone`: none runs; `silent`: no worker answered in time. */
export type Asked =
  | { kind: 'answered'; accepted: Accepted }
  | { kind: 'refused'; refusal: Refusal }
  | { kind: 'gone' }
  | { kind: 'silent' };

/** Id of the workflow that is responsible for an order now: its messages go there. */
export function ownerOf(order: { _id: string; owner: string | null }): string {
  return order.owner ?? orderWorkflowId(order._id);
}

/** Sends an update to the owner of an order and waits for its answer, at most `withinMs`. */
export async function askOrder(
  client: Client,
  input: {
    order: { _id: string; owner: string | null };
    update: UpdateDefinition<Accepted, [unknown]>;
    said: Readonly<Record<string, unknown>>;
    withinMs: number;
  },
): Promise<Asked> {
  const { order, update, said, withinMs } = input;
  const handle = client.workflow.getHandle(ownerOf(order));
  try {
    const accepted = await client.withDeadline(Date.now() + withinMs, () =>
      handle.executeUpdate(update, { args: [said] }),
    );
    return { kind: 'answered', accepted };
  } catch (error) {
    return readRefusal(error);
  }
}

function readRefusal(error: unknown): Asked {
  if (error instanceof WorkflowNotFoundError) return { kind: 'gone' };
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return { kind: 'silent' };
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause } = error;
    if (cause instanceof ApplicationFailure && cause.type === refusedType) {
      return { kind: 'refused', refusal: cause.details?.[0] as Refusal };
    }
    return { kind: 'gone' };
  }
  throw error;
}
