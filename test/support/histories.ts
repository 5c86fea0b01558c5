import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import proto from '@temporalio/proto';

type History = proto.temporal.api.history.v1.IHistory;

const { WorkflowTaskFailedCause } = proto.temporal.api.enums.v1;

/** The server ends such tasks itself and repeats them: a message came while the run ended, or over a hundred came
 * during one task. They say nothing about the workflow. */
const serversOwnCauses: readonly number[] = [
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND,
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND,
];

/** One run of a workflow with all that Temporal keeps of it. */
export interface RecordedRun {
  workflowId: string;
  runId: string;
  type: string;
  history: History;
}

/** Every run of the client's namespace, closed and open ones. */
export async function allRuns(client: Client): Promise<RecordedRun[]> {
  const runs: RecordedRun[] = [];
  for await (const { workflowId, runId, type } of client.workflow.list()) {
    if (type === 'namespaceProbe') continue;
    runs.push(await readRun({ client, workflowId, runId, type }));
  }
  return runs;
}

/** One run; without `runId` the latest. */
export async function readRun(input: {
  client: Client;
  workflowId: string;
  runId?: string;
  type?: string;
}): Promise<RecordedRun> {
  const { client, workflowId, runId = '', type = '' } = input;
  const history = await client.workflow.getHandle(workflowId, runId || undefined).fetchHistory();
  return { workflowId, runId, type, history };
}

/** Names of a history's events, such as `workflowTaskFailed`, in order. */
export function eventNames({ history }: Pick<RecordedRun, 'history'>): string[] {
  return (history.events ?? []).map((event) => {
    const key = Object.entries(event).find(([name, value]) => name.endsWith('EventAttributes') && value);
    return (key?.[0] ?? 'unknown').replace('EventAttributes', '');
  });
}

/** The tasks that failed by the workflow's code or its worker: each one's event id, cause and message. */
export function failedTasks({
  history,
}: Pick<RecordedRun, 'history'>): { eventId: number; cause: string; message: string }[] {
  return (history.events ?? []).flatMap(({ eventId, workflowTaskFailedEventAttributes: failed }) => {
    if (!failed || serversOwnCauses.includes(failed.cause ?? 0)) return [];
    const cause = WorkflowTaskFailedCause[failed.cause ?? 0] ?? 'unknown';
    return [{ eventId: Number(eventId), cause, message: failed.failure?.message ?? '' }];
  });
}

/** A history as people can search it: its JSON, followed by every payload in clear. */
export function searchableText({ history }: Pick<RecordedRun, 'history'>): string {
  const json = historyToJSON(history);
  const payloads = [...json.matchAll(/"data":\s*"([A-Za-z0-9+/=]+)"/g)];
  return [json, ...payloads.map(([, data]) => Buffer.from(data ?? '', 'base64').toString('utf8'))].join('\n');
}

/** What the signals of one name carried, decoded from JSON, in the order in which they arrived. */
export function signalsOf<T>(run: Pick<RecordedRun, 'history'>, signalName: string): T[] {
  return (run.history.events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => {
    const data = signal?.signalName === signalName ? signal.input?.payloads?.[0]?.data : undefined;
    return data ? [JSON.parse(Buffer.from(data).toString('utf8')) as T] : [];
  });
}

/** Names of the signals that a history received, in order. */
export function signalNames({ history }: Pick<RecordedRun, 'history'>): string[] {
  return (history.events ?? []).flatMap(
    ({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName ?? [],
  );
}

/** The values that an order's search attribute `OrderStatus` took, in order. */
export function statusesOf({ history }: Pick<RecordedRun, 'history'>): string[] {
  return (history.events ?? []).flatMap(({ upsertWorkflowSearchAttributesEventAttributes: upsert }) => {
    const data = upsert?.searchAttributes?.indexedFields?.OrderStatus?.data;
    return data ? [String(JSON.parse(Buffer.from(data).toString('utf8')))] : [];
  });
}
