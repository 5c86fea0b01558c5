import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { askGatewaysScheduleId } from '../../workflows/contract/ask-gateways.ts';
import { monitorStockScheduleId } from '../../workflows/contract/monitor-stock.ts';
import { lockTaskQueue } from '../../workflows/contract/package-lock.ts';
import { orderTaskQueue } from '../../workflows/contract/provision-order.ts';
import { searchAttributeKeys } from '../../workflows/contract/search-attributes.ts';
import { watchOrdersScheduleId } from '../../workflows/contract/watch-orders.ts';
import type { Finding } from '../domain/finding.ts';
import { findGrpcStatus } from './service-error.ts';

const { TaskQueueType } = proto.temporal.api.enums.v1;
const withinMs = 5_000;
const wantedRetentionDays = 30;
/** A worker polls at least once a minute; the server shows one for five minutes after it has gone. */
const pollerFreshMs = 75_000;
/** gRPC status NOT_FOUND (https://grpc.io/docs/guides/status-codes/). */
const notFound = 5;

interface CheckInput {
  client: Client;
  /** For the words. */
  address: string;
  namespace: string;
  now: () => Date;
}

const prepare = 'Run "npm run prepare-namespace".';

/** Looks at everything that the service needs of Temporal; changes nothing. */
export async function checkTemporal(input: CheckInput): Promise<Finding[]> {
  const reached = await checkReach(input);
  if (reached.level === 'fail') return [reached];
  const namespace = await checkNamespace(input);
  if (namespace.level === 'fail') return [reached, namespace];
  const others = await Promise.all([
    checkSearchAttributes(input),
    checkSchedule(input, watchOrdersScheduleId, 'nobody starts a lost order again'),
    checkSchedule(input, askGatewaysScheduleId, 'no lost payment is found, and no checkout expires'),
    checkSchedule(
      input,
      monitorStockScheduleId,
      'stock is not watched, and no product is switched off in time',
    ),
    checkPollers(input, orderTaskQueue),
    checkPollers(input, lockTaskQueue),
  ]);
  return [reached, namespace, ...others];
}

function ok(name: string, detail: string): Finding {
  return { name, level: 'ok', detail, remedy: null };
}

/** Runs one look; whatever it throws is a failed check with `remedy`. */
async function look(
  { client }: CheckInput,
  { name, remedy }: { name: string; remedy: string },
  work: () => Promise<Finding>,
): Promise<Finding> {
  try {
    return await client.withDeadline(Date.now() + withinMs, work);
  } catch (error) {
    const status = findGrpcStatus(error);
    const why = status === undefined ? 'it cannot be asked' : `gRPC status ${status}`;
    return { name, level: 'fail', detail: `No usable answer (${why}).`, remedy };
  }
}

function checkReach(input: CheckInput): Promise<Finding> {
  const name = 'Temporal';
  const remedy = 'Check TEMPORAL_ADDRESS, the TLS and API key variables, and whether Temporal runs.';
  return look(input, { name, remedy }, async () => {
    const { serverVersion } = await input.client.connection.workflowService.getSystemInfo({});
    return ok(name, `answers at ${input.address}, version ${serverVersion || 'not told'}`);
  });
}

function checkNamespace(input: CheckInput): Promise<Finding> {
  const { client, namespace } = input;
  const name = 'Namespace';
  const remedy = `Check TEMPORAL_NAMESPACE (${namespace}). ${prepare}`;
  return look(input, { name, remedy }, async () => {
    const described = await client.connection.workflowService.describeNamespace({ namespace });
    const days = Number(described.config?.workflowExecutionRetentionTtl?.seconds ?? 0) / 86_400;
    const detail = `${namespace} keeps closed workflows for ${Math.floor(days)} days`;
    if (days >= wantedRetentionDays) return ok(name, detail);
    return { name, level: 'warn', detail: `${detail}, fewer than ${wantedRetentionDays}`, remedy: prepare };
  });
}

function checkSearchAttributes(input: CheckInput): Promise<Finding> {
  const { client, namespace } = input;
  const name = 'Search attributes';
  return look(input, { name, remedy: prepare }, async () => {
    const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace });
    const missing = searchAttributeKeys.map((key) => key.name).filter((key) => !customAttributes?.[key]);
    if (missing.length === 0) return ok(name, 'all are registered');
    const detail = `${missing.join(', ')} not registered: orders would stand still without a word`;
    return { name, level: 'fail', detail, remedy: prepare };
  });
}

function checkSchedule(input: CheckInput, scheduleId: string, without: string): Promise<Finding> {
  const name = `Schedule ${scheduleId}`;
  const remedy = 'Start a worker (npm run worker): it makes the schedule.';
  return look(input, { name, remedy }, async () => {
    try {
      const { state, info } = await input.client.schedule.getHandle(scheduleId).describe();
      const last = info.recentActions.at(-1)?.takenAt.toISOString();
      const detail = last === undefined ? 'has not run yet' : `ran last at ${last}`;
      if (!state.paused) return ok(name, detail);
      const unpause = `Unpause it in the Temporal Web UI, or: temporal schedule toggle --schedule-id ${scheduleId} --unpause`;
      return { name, level: 'warn', detail: `is paused; ${detail}`, remedy: unpause };
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return { name, level: 'fail', detail: `There is none: ${without}.`, remedy };
    }
  });
}

function isNotFound(error: unknown): boolean {
  return (
    findGrpcStatus(error) === notFound || (error instanceof Error && error.name === 'ScheduleNotFoundError')
  );
}

function checkPollers(input: CheckInput, taskQueue: string): Promise<Finding> {
  const name = `Workers of ${taskQueue}`;
  const remedy = 'Start a worker: npm run worker.';
  return look(input, { name, remedy }, async () => {
    const counts = await Promise.all([
      countPollers(input, { taskQueue, taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW }),
      countPollers(input, { taskQueue, taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY }),
    ]);
    const [workflows, activities] = counts;
    if (Math.min(...counts) > 0)
      return ok(name, `${workflows} poll for workflows, ${activities} for activities`);
    const lacks = workflows === 0 ? 'workflows' : 'activities';
    return { name, level: 'fail', detail: `Nobody polls for ${lacks}: its work stands still.`, remedy };
  });
}

async function countPollers(
  { client, namespace, now }: CheckInput,
  {
    taskQueue,
    taskQueueType,
  }: { taskQueue: string; taskQueueType: proto.temporal.api.enums.v1.TaskQueueType },
): Promise<number> {
  const described = await client.connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType,
  });
  const since = now().getTime() - pollerFreshMs;
  const fresh = (described.pollers ?? []).filter(
    ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 >= since,
  );
  return new Set(fresh.map(({ identity }) => identity)).size;
}
