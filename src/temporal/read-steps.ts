import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { compensationWorkflowId } from '../../workflows/contract/compensate-order.ts';
import { orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import type { StoryLine } from '../domain/order-story.ts';
import { findGrpcStatus, grpcStatus } from './service-error.ts';

const answerWithinMs = 5_000;
const failureTextMax = 300;
/** Local steps and a reminder leave little behind: a longer history is one that went round and round. */
const mostEvents = 2_000;

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/**
 * The steps that Temporal recorded of an order's workflows, in words, without any payload; null where it keeps none any
 * more, or does not answer.
 */
export async function readSteps(
  client: Client,
  { orderId }: { orderId: string },
): Promise<StoryLine[] | null> {
  try {
    const runs = [
      { workflowId: orderWorkflowId(orderId), name: 'Workflow of the order' },
      { workflowId: compensationWorkflowId(orderId), name: 'Workflow of the remedy' },
    ];
    const read = await Promise.all(runs.map((run) => readRun(client, run)));
    const found = read.filter((lines) => lines !== null);
    return found.length === 0 ? null : found.flat();
  } catch {
    return null;
  }
}

interface Run {
  workflowId: string;
  name: string;
}

async function readRun(client: Client, { workflowId, name }: Run): Promise<StoryLine[] | null> {
  try {
    const history = await client.withDeadline(Date.now() + answerWithinMs, () =>
      client.workflow.getHandle(workflowId).fetchHistory(),
    );
    return tellEvents(name, (history.events ?? []).slice(0, mostEvents));
  } catch (error) {
    if (findGrpcStatus(error) === grpcStatus.notFound) return null;
    throw error;
  }
}

function tellEvents(name: string, events: readonly HistoryEvent[]): StoryLine[] {
  const names = new Map<string, string>();
  for (const { eventId, activityTaskScheduledEventAttributes: scheduled } of events) {
    if (scheduled) names.set(String(eventId), scheduled.activityType?.name ?? 'a step');
  }
  return events.flatMap((event): StoryLine[] => {
    const said = tellEvent(event, (id) => names.get(String(id)) ?? 'a step');
    if (said === null) return [];
    return [{ at: isoOf(event), source: 'workflow', text: `${name}: ${said}` }];
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
