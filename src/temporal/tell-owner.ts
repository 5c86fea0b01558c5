import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import type { Accepted, Refusal } from '../../workflows/contract/provision-order.ts';
import type { Collections } from '../database.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { askOrder, ownerOf } from './ask-order.ts';
import { restartOrder } from './restart-order.ts';

/** A live workflow answers an update within milliseconds; without a worker it never does. */
export const answerWithinMs = 12_000;
/** Tries of one workflow task after which its code is taken as failing, not as slow. */
const failingTaskAttempts = 3;

/** `kept`: no worker took the message yet, it waits for one. `ended`: nobody is responsible any more. */
export type Told =
  | { kind: 'answered'; accepted: Accepted }
  | { kind: 'refused'; refusal: Refusal }
  | { kind: 'kept'; next: string }
  | { kind: 'ended' };

export interface TellInput {
  order: OrderDocument;
  /** Its signal has the same name. */
  update: UpdateDefinition<Accepted, [unknown]> & { name: string };
  said: { by: string } & Readonly<Record<string, unknown>>;
}

interface TellDependencies {
  client: Client;
  db: Pick<Collections, 'orders'>;
}

/**
 * Sends a message to the owner of an open order. An owner that is gone, or fails its tasks, is started again and
 * asked then; one that no worker serves gets the message as a signal, which waits for a worker.
 */
export async function tellOwner(deps: TellDependencies, input: TellInput): Promise<Told> {
  const asked = await askOrder(deps.client, { ...input, withinMs: answerWithinMs });
  switch (asked.kind) {
    case 'answered':
    case 'refused':
      return asked;
    case 'gone':
      return restartAndTell(deps, input);
    case 'silent':
      return tellSilent(deps, input);
  }
}

async function restartAndTell(deps: TellDependencies, input: TellInput): Promise<Told> {
  const restarted = await restartOrder(deps, { orderId: input.order._id });
  if (restarted === 'ended' || restarted === 'unknownOrder') return { kind: 'ended' };
  const asked = await askOrder(deps.client, { ...input, withinMs: answerWithinMs });
  switch (asked.kind) {
    case 'answered':
    case 'refused':
      return asked;
    case 'gone':
      return { kind: 'ended' };
    case 'silent':
      return keep(deps, input);
  }
}

async function tellSilent(deps: TellDependencies, input: TellInput): Promise<Told> {
  const run = await deps.client.withDeadline(Date.now() + answerWithinMs, () =>
    endFailingRun(deps.client, input),
  );
  return run === 'alive' ? keep(deps, input) : restartAndTell(deps, input);
}

/** Ends a run whose tasks fail again and again; `alive`: it only waits for a worker. */
export async function endFailingRun(
  client: Client,
  { order, said }: Pick<TellInput, 'order' | 'said'>,
): Promise<'alive' | 'ended' | 'gone'> {
  const handle = client.workflow.getHandle(ownerOf(order));
  try {
    const { raw, status } = await handle.describe();
    if (status.name !== 'RUNNING') return 'gone';
    const attempts = raw.pendingWorkflowTask?.attempt ?? 0;
    if (attempts < failingTaskAttempts) return 'alive';
    await handle.terminate(`Its tasks failed ${attempts} times; started again for a message of ${said.by}.`);
    return 'ended';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'gone';
    throw error;
  }
}

async function keep({ client }: TellDependencies, input: TellInput): Promise<Told> {
  return { kind: 'kept', next: await keepMessage(client, input) };
}

/** Leaves a message, as a signal, with an owner that no worker serves now. @returns what is said of it. */
export async function keepMessage(client: Client, { order, update, said }: TellInput): Promise<string> {
  const handle = client.workflow.getHandle(ownerOf(order));
  await client.withDeadline(Date.now() + answerWithinMs, () => handle.signal(update.name, said));
  return keptSentence;
}

/** What is said where no worker has answered. */
export const keptSentence = `It has not answered within ${answerWithinMs / 1000} s: the message is kept and acts as soon as a worker takes it. Check that one runs.`;
