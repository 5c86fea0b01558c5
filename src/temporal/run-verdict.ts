import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { orderTaskQueue } from '../../workflows/contract/provision-order.ts';
import { findGrpcStatus } from './service-error.ts';

/** Temporal did not answer, or nobody works for it: nothing is known to have been changed. */
export const unavailable = {
  kind: 'unavailable',
  sentence:
    'Temporal cannot be reached, or no worker answers. Check both, look at the state, then try again.',
} as const;

/** Runs `work`; where Temporal itself fails, says so as a value. */
export async function orUnavailable<T>(work: () => Promise<T>): Promise<T | typeof unavailable> {
  try {
    return await work();
  } catch (error) {
    if (findGrpcStatus(error) === undefined) throw error;
    return unavailable;
  }
}

/**
 * Starts a short workflow, or joins the one that runs under this id, and waits for its result at most `withinMs`.
 * @returns null where it still runs by then; it goes on.
 */
export async function runVerdict<T>(
  client: Client,
  input: { type: string; workflowId: string; args: object; summary: string; withinMs: number },
): Promise<T | null> {
  const handle = await client.workflow.start(input.type, {
    workflowId: input.workflowId,
    taskQueue: orderTaskQueue,
    args: [input.args],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: input.summary,
  });
  const late = new AbortController();
  const result = handle.result() as Promise<T>;
  try {
    return await Promise.race([result, sleep(input.withinMs, null, { signal: late.signal })]);
  } finally {
    late.abort();
    result.catch(() => undefined);
  }
}
