import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { compensationWorkflowId } from '../../workflows/contract/compensate-order.ts';
import { orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import type { StoryLine } from '../domain/order-story.ts';
import { findGrpcStatus, grpcStatus } from './service-error.ts';

const answerWithinMs = 5_000;
const failureTextMax = 300;
/** Of one workflow id; local steps and a reminder leave little behind: more means that it went round and round. */
const mostEvents = 2_000;
const mostRuns = 50;
const pageEvents = 500;

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/**
 * The steps that Temporal recorded of an order's workflows, in words, without any payload: of all runs, the newest
 * events, and a line that says so where older ones were left out. Null where it keeps none any more, or does not answer.
 */
export async function readSteps(
  client: Client,
  { orderId, most = mostEvents }: { orderId: string; most?: number },
): Promise<StoryLine[] | null> {
  try {
    const workflows = [
      { workflowId: orderWorkflowId(orderId), name: 'Workflow of the order' },
      { workflowId: compensationWorkflowId(orderId), name: 'Workflow of the remedy' },
    ];
    const read = await client.withDeadline(Date.now() + answerWithinMs, () =>
      Promise.all(workflows.map((workflow) => readWorkflow(client, { ...workflow, most }))),
    );
    const found = read.filter((lines) => lines !== null);
    return found.length === 0 ? null : found.flat();
  } catch {
    return null;
  }
}

async function readWorkflow(
  client: Client,
  { workflowId, name, most }: { workflowId: string; name: string; most: number },
): Promise<StoryLine[] | null> {
  const { runIds, isCut: hasMoreRuns } = await findRuns(client, workflowId);
  const runs: HistoryEvent[][] = [];
  let [left, isCut] = [most, hasMoreRuns];
  for (const runId of runIds) {
    if (left === 0) {
      isCut = true;
      break;
    }
    const newest = await readNewest(client, { execution: { workflowId, runId }, most: left });
    if (newest === null) continue;
    isCut ||= newest.isCut;
    left -= newest.events.length;
    runs.unshift(newest.events);
  }
  if (runs.length === 0) return null;
  // A run that was reset begins with a copy of the events of the run before it.
  const lines = [...new Map(runs.flatMap((events) => tellEvents(name, events))).values()];
  if (!isCut) return lines;
  const at = lines[0]?.at ?? new Date().toISOString();
  const text = `${name}: what came before is not shown; only its newest ${most} events are read.`;
  return [{ at, source: 'workflow', text }, ...lines];
}

/** The newest run first. The list of runs lags behind a moment, so the latest run is asked for beside it. */
async function findRuns(client: Client, workflowId: string): Promise<{ runIds: string[]; isCut: boolean }> {
  const found = new Map<string, number>();
  const latest = await orNull(client.workflow.getHandle(workflowId).describe());
  const query = `WorkflowId = "${workflowId}"`;
  for await (const { runId, startTime } of client.workflow.list({ query, pageSize: mostRuns + 1 })) {
    found.set(runId, startTime.getTime());
    if (found.size > mostRuns) break;
  }
  if (latest !== null) found.set(latest.runId, latest.startTime.getTime());
  const runIds = [...found].sort(([, a], [, b]) => b - a).map(([runId]) => runId);
  return { runIds: runIds.slice(0, mostRuns), isCut: runIds.length > mostRuns };
}

type Execution = { workflowId: string; runId: string };

/** The newest events of a run, the oldest of them first; null where Temporal has forgotten it. */
async function readNewest(
  client: Client,
  { execution, most }: { execution: Execution; most: number },
): Promise<{ events: HistoryEvent[]; isCut: boolean } | null> {
  const events: HistoryEvent[] = [];
  const { namespace } = client.options;
  let nextPageToken: Uint8Array | null | undefined;
  do {
    const asked = { namespace, execution, maximumPageSize: pageEvents };
    const page = await orNull(
      client.workflowService.getWorkflowExecutionHistoryReverse({
        ...asked,
        ...(nextPageToken ? { nextPageToken } : {}),
      }),
    );
    if (page === null) return null;
    events.push(...(page.history?.events ?? []));
    nextPageToken = page.nextPageToken;
  } while (nextPageToken && nextPageToken.length > 0 && events.length <= most);
  return { events: events.slice(0, most).reverse(), isCut: events.length > most };
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || findGrpcStatus(error) === grpcStatus.notFound) return null;
    throw error;
  }
}

/** Each line under what tells it from the others of its workflow. */
function tellEvents(name: string, events: readonly HistoryEvent[]): [string, StoryLine][] {
  const names = new Map<string, string>();
  for (const { eventId, activityTaskScheduledEventAttributes: scheduled } of events) {
    if (scheduled) names.set(String(eventId), scheduled.activityType?.name ?? 'a step');
  }
  return events.flatMap((event): [string, StoryLine][] => {
    const said = tellEvent(event, (id) => names.get(String(id)) ?? 'a step');
    if (said === null) return [];
    const line: StoryLine = { at: isoOf(event), source: 'workflow', text: `${name}: ${said}` };
    return [[`${event.eventId} ${line.at} ${said}`, line]];
  });
}

function isoOf({ eventTime }: HistoryEvent): string {
  const ms = Number(eventTime?.seconds ?? 0) * 1000 + Math.floor((eventTime?.nanos ?? 0) / 1_000_000);
  return new Date(ms).toISOString();
}

/** Null for what only the engine cares about. */
function tellEvent(event: HistoryEvent, nameOf: (scheduledId: unknown) => string): string | null {
  const failure = (given: { failure?: { message?: string | null } | null }) =>
    (given.failure?.message ?? 'no reason is told').slice(0, failureTextMax);
  if (event.workflowExecutionStartedEventAttributes) return 'it began.';
  if (event.workflowExecutionCompletedEventAttributes) return 'it completed.';
  if (event.workflowExecutionFailedEventAttributes)
    return `it failed: ${failure(event.workflowExecutionFailedEventAttributes)}`;
  if (event.workflowExecutionTerminatedEventAttributes) {
    const { reason, identity } = event.workflowExecutionTerminatedEventAttributes;
    return `it was terminated by ${identity || 'somebody'}: ${reason || 'no reason is told'}`;
  }
  if (event.workflowExecutionCancelRequestedEventAttributes) return 'its cancellation was requested.';
  if (event.workflowExecutionSignaledEventAttributes)
    return `the message ${event.workflowExecutionSignaledEventAttributes.signalName} came.`;
  if (event.workflowExecutionUpdateAcceptedEventAttributes) {
    const { acceptedRequest } = event.workflowExecutionUpdateAcceptedEventAttributes;
    return `the request ${acceptedRequest?.input?.name ?? 'of a person'} was accepted.`;
  }
  if (event.activityTaskCompletedEventAttributes)
    return `step ${nameOf(event.activityTaskCompletedEventAttributes.scheduledEventId)} done.`;
  if (event.activityTaskFailedEventAttributes) {
    const failed = event.activityTaskFailedEventAttributes;
    return `step ${nameOf(failed.scheduledEventId)} failed: ${failure(failed)}`;
  }
  if (event.activityTaskTimedOutEventAttributes)
    return `step ${nameOf(event.activityTaskTimedOutEventAttributes.scheduledEventId)} took too long.`;
  if (event.workflowTaskFailedEventAttributes)
    return `one of its tasks failed: ${failure(event.workflowTaskFailedEventAttributes)}`;
  return null;
}
