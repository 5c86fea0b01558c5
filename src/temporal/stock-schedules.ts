import type { ScheduleDescription } from '@temporalio/client';
import {
  monitorStockScheduleId,
  monitorStockType,
  reportLowStockScheduleId,
  reportLowStockType,
} from '../../workflows/contract/monitor-stock.ts';
import { orderTaskQueue } from '../../workflows/contract/provision-order.ts';

/** When people begin to work, in the shop's zone. */
const reportHour = 9;
/** A report that a stopped Temporal missed is made up for on the same day. */
const reportCatchupMs = 12 * 3_600_000;
const reportTimeoutMs = 13 * 3_600_000;

/** The schedule of the sync: every `everyMs`; one that runs long is not overtaken. */
export function monitorSchedule(input: { everyMs: number; catchupWindowMs: number; runTimeoutMs: number }) {
  return {
    scheduleId: monitorStockScheduleId,
    spec: { intervals: [{ every: input.everyMs }] },
    action: {
      type: 'startWorkflow' as const,
      workflowType: monitorStockType,
      workflowId: monitorStockScheduleId,
      taskQueue: orderTaskQueue,
      args: [],
      workflowRunTimeout: input.runTimeoutMs,
      staticSummary: 'Reads the stock of every supplier',
    },
    policies: { overlap: 'SKIP' as const, catchupWindow: input.catchupWindowMs },
  };
}

/** The schedule of the daily report, by the shop's clock. */
export function reportSchedule({ shopTimeZone }: { shopTimeZone: string }) {
  return {
    scheduleId: reportLowStockScheduleId,
    spec: { calendars: [{ hour: reportHour, minute: 0, second: 0 }], timezone: shopTimeZone },
    action: {
      type: 'startWorkflow' as const,
      workflowType: reportLowStockType,
      workflowId: reportLowStockScheduleId,
      taskQueue: orderTaskQueue,
      args: [],
      workflowRunTimeout: reportTimeoutMs,
      staticSummary: 'Mails the packages that run low',
    },
    policies: { overlap: 'SKIP' as const, catchupWindow: reportCatchupMs },
  };
}

/** True where a daily schedule that is there says the same. */
export function isSameDay({ spec }: ScheduleDescription, wanted: { timezone: string }): boolean {
  const [calendar, ...others] = spec.calendars ?? [];
  return (
    others.length === 0 &&
    calendar?.hour[0]?.start === reportHour &&
    (spec.timezone ?? 'UTC') === wanted.timezone
  );
}
