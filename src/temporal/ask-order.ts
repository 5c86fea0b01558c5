import { setTimeout as sleep } from 'node:timers/promises';
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
import type { OrderDocument } from '../orders/order-document.ts';

/** What an order's owner said to a message. `gone`: none runs; `silent`: no worker answered in time. */
export type Asked =
  | { kind: 'answered'; accepted: Accepted }
  | { kind: 'refused'; refusal: Refusal }
  | { kind: 'gone' }
  | { kind: 'silent' };

/** A run that was started just now answers once it has opened its order. */
const openWithinMs = 12_000;
const openEveryMs = 250;

/** Id of the workflow that is responsible for an order now: its messages go there. */
export function ownerOf(order: { _id: string; owner: string | null }): string {
  return order.owner ?? orderWorkflowId(order._id);
}

interface AskInput {
  order: Pick<OrderDocument, '_id' | 'owner' | 'status' | 'money'>;
  update: UpdateDefinition<Accepted, [unknown]>;
  said: Readonly<Record<string, unknown>>;
  withinMs: number;
}

/**
 * Sends an update to the owner of an order and waits for its answer, at most `withinMs`; asks again where the owner
 * was started so shortly before that it knows nothing of its order yet.
 */
export async function askOrder(client: Client, input: AskInput): Promise<Asked> {
  const giveUpAt = Date.now() + openWithinMs;
  for (;;) {
    const asked = await askOnce(client, input);
    if (asked.kind !== 'refused' || !isOpening(input.order, asked.refusal)) return asked;
    if (Date.now() > giveUpAt) return asked;
    await sleep(openEveryMs);
  }
}

/** A new run says `pendingPayment` until it has read its order. */
function isOpening({ status, money }: AskInput['order'], { orderStatus }: Refusal): boolean {
  return orderStatus === 'pendingPayment' && (status !== 'pendingPayment' || money === 'kept');
}

async function askOnce(client: Client, input: AskInput): Promise<Asked> {
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
