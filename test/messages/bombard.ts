import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { failedTasks, readRun } from '../support/histories.ts';
import { describeInput, type OddInput } from './odd-inputs.ts';

/** One workflow that is shot at. */
export interface Target {
  client: Client;
  workflowId: string;
}

export interface Shot {
  name: string;
  input: OddInput;
}

const signalsAtOnce = 40;
/** More than a hundred in one task the server does not take: it ends the task and begins another. */
const signalsInARow = 100;
/** The server takes ten updates of a workflow at once. */
const updatesAtOnce = 8;
const patienceMs = 300_000;

const { UpdateWorkflowExecutionLifecycleStage } = proto.temporal.api.enums.v1;

/** Names of the signals and updates that the workflow itself says it takes. */
export async function messagesTaken({
  client,
  workflowId,
}: Target): Promise<{ signals: string[]; updates: string[] }> {
  const metadata = await client.workflow
    .getHandle(workflowId)
    .query<proto.temporal.api.sdk.v1.IWorkflowMetadata>('__temporal_workflow_metadata');
  const { signalDefinitions, updateDefinitions } = metadata.definition ?? {};
  const names = (
    definitions: proto.temporal.api.sdk.v1.IWorkflowInteractionDefinition[] | null | undefined,
  ) => (definitions ?? []).flatMap(({ name }) => name ?? []);
  return { signals: names(signalDefinitions), updates: names(updateDefinitions) };
}

/** Sends signals as they are, undecodable ones too; waits now and then until the workflow has looked at them. */
export async function sendSignals(target: Target, shots: readonly Shot[]): Promise<void> {
  for (let sent = 0; sent < shots.length; sent += signalsInARow) {
    await sendAtOnce(target, shots.slice(sent, sent + signalsInARow));
    await untilQuiet(target);
  }
}

async function sendAtOnce({ client, workflowId }: Target, shots: readonly Shot[]): Promise<void> {
  await eachAtOnce(signalsAtOnce, shots, async ({ name, input }) => {
    await client.workflowService.signalWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: { workflowId },
      signalName: name,
      ...payloadsOf(input),
    });
  });
}

/** Sends updates as they are and waits for each answer; gives how many were accepted. */
export async function sendUpdates(target: Target, shots: readonly Shot[]): Promise<number> {
  const { client, workflowId } = target;
  let accepted = 0;
  await eachAtOnce(updatesAtOnce, shots, async ({ name, input }) => {
    const answer = await client.connection.withDeadline(Date.now() + patienceMs, () =>
      client.workflowService.updateWorkflowExecution({
        namespace: client.options.namespace,
        workflowExecution: { workflowId },
        request: {
          meta: { updateId: randomUUID() },
          input: { name, args: { payloads: [...input] } },
        },
        waitPolicy: {
          lifecycleStage:
            UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED,
        },
      }),
    );
    assert.ok(answer.outcome, `the update ${name} was answered (${describeInput(input)})`);
    if (answer.outcome.success) accepted += 1;
  });
  return accepted;
}

/** Waits until the workflow has looked at everything it was sent. Fails at once where its task fails. */
export async function untilQuiet(target: Target): Promise<void> {
  const { client, workflowId } = target;
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const { pendingWorkflowTask } = await client.workflowService.describeWorkflowExecution({
      namespace: client.options.namespace,
      execution: { workflowId },
    });
    if (!pendingWorkflowTask) return;
    if ((pendingWorkflowTask.attempt ?? 1) > 1) await assertNoFailedTask(target);
    assert.ok(Date.now() < deadline, `${workflowId} is still busy after ${patienceMs / 1_000} s`);
    await sleep(50);
  }
}

/** By the history as Temporal exports it; names what arrived right before a task that failed. */
export async function assertNoFailedTask(target: Target & { runId?: string }): Promise<void> {
  const run = await readRun(target);
  for (const { eventId, cause, message } of failedTasks(run)) {
    const before = (run.history.events ?? []).flatMap(
      ({ eventId: at, workflowExecutionSignaledEventAttributes: signal }) =>
        signal && Number(at) < eventId
          ? [`${signal.signalName}: ${describeInput(signal.input?.payloads ?? [])}`]
          : [],
    );
    assert.fail(
      `A task of ${target.workflowId} failed (${cause}): ${message}\nThe last signals before it:\n${before.slice(-20).join('\n')}`,
    );
  }
}

function payloadsOf(input: OddInput): { input?: { payloads: proto.temporal.api.common.v1.IPayload[] } } {
  return input.length === 0 ? {} : { input: { payloads: [...input] } };
}

async function eachAtOnce<T>(
  atOnce: number,
  all: readonly T[],
  act: (one: T) => Promise<void>,
): Promise<void> {
  const left = [...all].reverse();
  const worker = async () => {
    for (let one = left.pop(); one !== undefined; one = left.pop()) await act(one);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
