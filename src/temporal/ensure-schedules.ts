import { type Client, ScheduleAlreadyRunning, type ScheduleDescription } from '@temporalio/client';
import { orderTaskQueue } from '../../workflows/contract/provision-order.ts';
import { watchOrdersScheduleId, watchOrdersType } from '../../workflows/contract/watch-orders.ts';
import type { ResolvedPolicy } from '../domain/policy.ts';

/** Temporal's schedules know no shorter one. */
const shortestIntervalMs = 1_000;
/** Looks that were missed are worth nothing; the server takes no less. */
const catchupWindowMs = 10_000;
/** A run that cannot go on (its tasks fail, no worker is there) gives way to the next one. */
const runTimeoutMs = 600_000;

interface EnsureInput {
  client: Client;
  policy: Pick<ResolvedPolicy, 'watchOrdersEveryMs'>;
  log: {
    info: (fields: object, sentence: string) => void;
    warn: (fields: object, sentence: string) => void;
  };
}

/**
 * Makes the Temporal Schedule of `watchOrders`, or brings one that is there to the policy's interval. Safe to repeat,
 * and to run in several processes at once. A schedule that a person has paused stays paused; a warning says so.
 */
export async function ensureSchedules(input: EnsureInput): Promise<void> {
  const { client, log } = input;
  const everyMs = intervalOf(input);
  try {
    await client.schedule.create({ scheduleId: watchOrdersScheduleId, ...watchEvery(everyMs) });
    log.info({ scheduleId: watchOrdersScheduleId, everyMs }, 'Made the schedule');
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await bringUpToDate(input, everyMs);
  }
}

function intervalOf({ policy }: EnsureInput): number {
  return Math.max(policy.watchOrdersEveryMs, shortestIntervalMs);
}

function watchEvery(everyMs: number) {
  return {
    spec: { intervals: [{ every: everyMs }] },
    action: {
      type: 'startWorkflow' as const,
      workflowType: watchOrdersType,
      workflowId: watchOrdersScheduleId,
      taskQueue: orderTaskQueue,
      args: [],
      workflowRunTimeout: runTimeoutMs,
      staticSummary: 'Looks at every open order, package lock and case',
    },
    policies: { overlap: 'SKIP' as const, catchupWindow: catchupWindowMs },
  };
}

async function bringUpToDate({ client, log }: EnsureInput, everyMs: number): Promise<void> {
  const scheduleId = watchOrdersScheduleId;
  const handle = client.schedule.getHandle(scheduleId);
  const found = await handle.describe();
  if (found.state.paused) {
    const { note } = found.state;
    log.warn(
      { scheduleId, note },
      'The schedule is paused: no order is started again until somebody unpauses it',
    );
  }
  if (isAsWanted(found, everyMs)) return;
  await handle.update(({ state }) => ({ ...watchEvery(everyMs), state }));
  log.info({ scheduleId, everyMs }, 'Changed the schedule');
}

function isAsWanted({ spec, action, policies }: ScheduleDescription, everyMs: number): boolean {
  const [interval, ...others] = spec.intervals ?? [];
  return (
    interval?.every === everyMs &&
    others.length === 0 &&
    action.workflowType === watchOrdersType &&
    action.taskQueue === orderTaskQueue &&
    policies.overlap === 'SKIP' &&
    policies.catchupWindow === catchupWindowMs
  );
}
