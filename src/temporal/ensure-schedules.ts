import { type Client, ScheduleAlreadyRunning, type ScheduleDescription } from '@temporalio/client';
import { askGatewaysScheduleId, askGatewaysType } from '../../workflows/contract/ask-gateways.ts';
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
  policy: Pick<ResolvedPolicy, 'watchOrdersEveryMs' | 'askGatewayEveryMs'>;
  log: {
    info: (fields: object, sentence: string) => void;
    warn: (fields: object, sentence: string) => void;
  };
}

interface Wanted {
  scheduleId: string;
  workflowType: string;
  everyMs: number;
  summary: string;
  /** What does not happen while a person has paused it. */
  whilePaused: string;
}

function wantedSchedules({ watchOrdersEveryMs, askGatewayEveryMs }: EnsureInput['policy']): Wanted[] {
  return [
    {
      scheduleId: watchOrdersScheduleId,
      workflowType: watchOrdersType,
      everyMs: Math.max(watchOrdersEveryMs, shortestIntervalMs),
      summary: 'Looks at every open order, package lock and case',
      whilePaused: 'no order is started again',
    },
    {
      scheduleId: askGatewaysScheduleId,
      workflowType: askGatewaysType,
      everyMs: Math.max(askGatewayEveryMs, shortestIntervalMs),
      summary: 'Asks the gateways about every unpaid checkout',
      whilePaused: 'no lost payment is found and no checkout expires',
    },
  ];
}

/**
 * Makes the service's Temporal Schedules, or brings those that are there to the policy's intervals. Safe to repeat,
 * and to run in several processes at once. A schedule that a person has paused stays paused; a warning says so.
 */
export async function ensureSchedules(input: EnsureInput): Promise<void> {
  for (const wanted of wantedSchedules(input.policy)) await ensureSchedule(input, wanted);
}

async function ensureSchedule(input: EnsureInput, wanted: Wanted): Promise<void> {
  const { client, log } = input;
  const { scheduleId, everyMs } = wanted;
  try {
    await client.schedule.create({ scheduleId, ...scheduleOf(wanted) });
    log.info({ scheduleId, everyMs }, 'Made the schedule');
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await bringUpToDate(input, wanted);
  }
}

function scheduleOf({ scheduleId, workflowType, everyMs, summary }: Wanted) {
  return {
    spec: { intervals: [{ every: everyMs }] },
    action: {
      type: 'startWorkflow' as const,
      workflowType,
      workflowId: scheduleId,
      taskQueue: orderTaskQueue,
      args: [],
      workflowRunTimeout: runTimeoutMs,
      staticSummary: summary,
    },
    policies: { overlap: 'SKIP' as const, catchupWindow: catchupWindowMs },
  };
}

async function bringUpToDate({ client, log }: EnsureInput, wanted: Wanted): Promise<void> {
  const { scheduleId, everyMs, whilePaused } = wanted;
  const handle = client.schedule.getHandle(scheduleId);
  const found = await handle.describe();
  if (found.state.paused) {
    const { note } = found.state;
    log.warn({ scheduleId, note }, `The schedule is paused: ${whilePaused} until somebody unpauses it`);
  }
  if (isAsWanted(found, wanted)) return;
  await handle.update(({ state }) => ({ ...scheduleOf(wanted), state }));
  log.info({ scheduleId, everyMs }, 'Changed the schedule');
}

function isAsWanted({ spec, action, policies }: ScheduleDescription, wanted: Wanted): boolean {
  const [interval, ...others] = spec.intervals ?? [];
  return (
    interval?.every === wanted.everyMs &&
    others.length === 0 &&
    action.workflowType === wanted.workflowType &&
    action.taskQueue === orderTaskQueue &&
    policies.overlap === 'SKIP' &&
    policies.catchupWindow === catchupWindowMs
  );
}
