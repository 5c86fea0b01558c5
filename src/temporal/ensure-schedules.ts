import { type Client, ScheduleAlreadyRunning, type ScheduleDescription } from '@temporalio/client';
import { askGatewaysScheduleId, askGatewaysType } from '../../workflows/contract/ask-gateways.ts';
import { orderTaskQueue } from '../../workflows/contract/provision-order.ts';
import { watchOrdersScheduleId, watchOrdersType } from '../../workflows/contract/watch-orders.ts';
import type { ResolvedPolicy } from '../domain/policy.ts';
import { isSameDay, monitorSchedule, reportSchedule } from './stock-schedules.ts';

/** Temporal's schedules know no shorter one. */
const shortestIntervalMs = 1_000;
/** Looks that were missed are worth nothing; the server takes no less. */
const catchupWindowMs = 10_000;
/** A run that cannot go on (its tasks fail, no worker is there) gives way to the next one. */
const runTimeoutMs = 600_000;

interface EnsureInput {
  client: Client;
  policy: Pick<ResolvedPolicy, 'watchOrdersEveryMs' | 'askGatewayEveryMs' | 'stockEveryMs'>;
  /** Null where it is not known: worker and API make the daily schedule. */
  shopTimeZone: string | null;
  log: {
    info: (fields: object, sentence: string) => void;
    warn: (fields: object, sentence: string) => void;
  };
}

type Wanted = ReturnType<
  typeof watchEvery | typeof askEvery | typeof monitorSchedule | typeof reportSchedule
>;

/**
 * Makes the Temporal Schedules of the watch over orders, of asking the gateways, of the stock's sync and of its daily
 * report, or brings those that are there to policy and time zone. Safe to repeat, and to run in several processes at once. A schedule that a
 * person has paused stays paused; a warning says so.
 */
export async function ensureSchedules(input: EnsureInput): Promise<void> {
  const { policy, shopTimeZone } = input;
  const everyMs = Math.max(policy.stockEveryMs, shortestIntervalMs);
  await ensureSchedule(input, watchEvery(Math.max(policy.watchOrdersEveryMs, shortestIntervalMs)));
  await ensureSchedule(input, askEvery(Math.max(policy.askGatewayEveryMs, shortestIntervalMs)));
  // The first sync does not wait for its turn: what is for sale is known from the start.
  await ensureSchedule(input, monitorSchedule({ everyMs, catchupWindowMs, runTimeoutMs }), true);
  if (shopTimeZone !== null) await ensureSchedule(input, reportSchedule({ shopTimeZone }));
}

async function ensureSchedule(input: EnsureInput, wanted: Wanted, triggerImmediately = false): Promise<void> {
  const { scheduleId } = wanted;
  try {
    await input.client.schedule.create({ ...wanted, state: { triggerImmediately } });
    input.log.info({ scheduleId, spec: wanted.spec }, 'Made the schedule');
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await bringUpToDate(input, wanted);
  }
}

function askEvery(everyMs: number) {
  return {
    scheduleId: askGatewaysScheduleId,
    spec: { intervals: [{ every: everyMs }] },
    action: {
      type: 'startWorkflow' as const,
      workflowType: askGatewaysType,
      workflowId: askGatewaysScheduleId,
      taskQueue: orderTaskQueue,
      args: [],
      workflowRunTimeout: runTimeoutMs,
      staticSummary: 'Asks the gateways about every unpaid checkout',
    },
    policies: { overlap: 'SKIP' as const, catchupWindow: catchupWindowMs },
  };
}

function watchEvery(everyMs: number) {
  return {
    scheduleId: watchOrdersScheduleId,
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

async function bringUpToDate({ client, log }: EnsureInput, wanted: Wanted): Promise<void> {
  const { scheduleId } = wanted;
  const handle = client.schedule.getHandle(scheduleId);
  const found = await handle.describe();
  if (found.state.paused) {
    const { note } = found.state;
    log.warn(
      { scheduleId, note },
      'The schedule is paused: nothing of it happens until somebody unpauses it',
    );
  }
  if (isAsWanted(found, wanted)) return;
  await handle.update(({ state }) => ({ ...wanted, state }));
  log.info({ scheduleId, spec: wanted.spec }, 'Changed the schedule');
}

function isAsWanted(found: ScheduleDescription, { spec, action, policies }: Wanted): boolean {
  return (
    ('timezone' in spec ? isSameDay(found, spec) : isSameInterval(found, spec)) &&
    found.action.workflowType === action.workflowType &&
    found.action.taskQueue === action.taskQueue &&
    found.policies.overlap === policies.overlap &&
    found.policies.catchupWindow === policies.catchupWindow
  );
}

function isSameInterval({ spec }: ScheduleDescription, wanted: { intervals: { every: number }[] }): boolean {
  const [interval, ...others] = spec.intervals ?? [];
  return interval?.every === wanted.intervals[0]?.every && others.length === 0;
}
