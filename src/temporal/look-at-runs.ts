import { type Client, type WorkflowExecutionStatusName, WorkflowNotFoundError } from '@temporalio/client';
import { type LockView, lockStateQuery, lockWorkflowType } from '../../workflows/contract/package-lock.ts';
import { askAgainUpdate } from '../../workflows/contract/watch-orders.ts';
import type { RunLook } from '../domain/run-look.ts';

/** One workflow that does not answer must not hold up the look at the others for long. */
const answerWithinMs = 5_000;
const failureTextMax = 300;
/** The failure of a task stands at the end of the history; later tries of it are not written there. */
const lastEvents = 5;

const endings: Partial<Record<WorkflowExecutionStatusName, string>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  CONTINUED_AS_NEW: 'continued as new',
  TIMED_OUT: 'timed out',
};
const ownEndings: readonly string[] = ['COMPLETED', 'CONTINUED_AS_NEW'];

/** What `watchOrders` asks of orders and locks; every question gives up within seconds. */
export interface RunLooker {
  look(input: { workflowId: string }): Promise<RunLook>;
  /** What the last failed task of a run said, for people; workflows hold no secret. */
  sayTaskFailure(input: { workflowId: string; runId: string }): Promise<string>;
  /** True where the order's workflow waited for the lock, and has sent its request again. */
  askAgain(input: { workflowId: string }): Promise<boolean>;
  /** Ids of the package locks that run. */
  listLocks(): Promise<string[]>;
  readLock(input: { lockId: string }): Promise<LockView>;
}

/** Makes the questions to Temporal of one watch. */
export function createRunLooker(client: Client): RunLooker {
  const soon = <T>(ask: () => Promise<T>) => client.withDeadline(Date.now() + answerWithinMs, ask);
  return {
    look: ({ workflowId }) => soon(() => lookAt(client, workflowId)),
    sayTaskFailure: (run) => soon(() => sayTaskFailure(client, run)),
    askAgain: ({ workflowId }) => soon(() => askAgain(client, workflowId)),
    listLocks: () => soon(() => listLocks(client)),
    readLock: ({ lockId }) => soon(() => client.workflow.getHandle(lockId).query(lockStateQuery)),
  };
}

async function lookAt(client: Client, workflowId: string): Promise<RunLook> {
  try {
    const { status, runId, raw } = await client.workflow.getHandle(workflowId).describe();
    const ended = endings[status.name];
    if (ended === undefined) {
      return { kind: 'running', runId, taskAttempts: raw.pendingWorkflowTask?.attempt ?? 0 };
    }
    return { kind: 'gone', runId, ended, wasStopped: !ownEndings.includes(status.name) };
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return { kind: 'gone', runId: null, ended: null, wasStopped: false };
  }
}

async function sayTaskFailure(
  client: Client,
  execution: { workflowId: string; runId: string },
): Promise<string> {
  const { namespace } = client.options;
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace,
    execution,
    maximumPageSize: lastEvents,
  });
  const failed = history?.events?.find((event) => event.workflowTaskFailedEventAttributes);
  const message = failed?.workflowTaskFailedEventAttributes?.failure?.message;
  return message ? message.slice(0, failureTextMax) : "not known; see the workflow's page";
}

async function askAgain(client: Client, workflowId: string): Promise<boolean> {
  try {
    return await client.workflow.getHandle(workflowId).executeUpdate(askAgainUpdate);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function listLocks(client: Client): Promise<string[]> {
  const query = `WorkflowType = "${lockWorkflowType}" AND ExecutionStatus = "Running"`;
  const ids: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId);
  return ids;
}
