import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import { workflowBundle } from '../../src/temporal/workflow-bundle.ts';
import { eventNames, type RecordedRun, signalNames, statusesOf } from '../support/histories.ts';
import { type Recording, recordings } from './recordings.ts';

const folder = new URL('./histories/', import.meta.url);
const howToRecord = 'Record them anew: npm run record-histories [-- NAME...]';

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
});

const runs = new Map<string, RecordedRun>();
for (const file of await readdir(folder)) {
  const history = historyFromJSON(JSON.parse(await readFile(new URL(file, folder), 'utf8')));
  const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
  const { workflowId, originalExecutionRunId: runId } = started ?? {};
  assert.ok(workflowId && runId, `${file} is a history`);
  runs.set(file.replace('.json', ''), {
    workflowId,
    runId,
    type: started?.workflowType?.name ?? '',
    history,
  });
}

/** Replays all histories on the workflows of one entry; gives the error of each, by name. */
async function replayAll(entry?: URL): Promise<Map<string, Error | undefined>> {
  const errors = new Map<string, Error | undefined>();
  for (const [name, { workflowId, history }] of runs) {
    const replayed = Worker.runReplayHistories({ workflowBundle: await workflowBundle(entry) }, [
      { workflowId, history },
    ]);
    for await (const { error } of replayed) errors.set(name, error);
  }
  return errors;
}

function holdsInOrder(all: readonly string[], wanted: readonly string[]): boolean {
  let index = -1;
  return wanted.every((item) => {
    index = all.indexOf(item, index + 1);
    return index >= 0;
  });
}

function assertShows({ name, type, statuses = [], events = [], signals = [] }: Recording): void {
  const run = runs.get(name);
  assert.ok(run, `there is no history ${name}.json. ${howToRecord}`);
  assert.equal(run.type, type);
  const passed = statusesOf(run);
  assert.ok(holdsInOrder(passed, statuses), `${name} passes ${statuses}, not ${passed}. ${howToRecord}`);
  for (const event of events)
    assert.ok(eventNames(run).includes(event), `${name} holds ${event}. ${howToRecord}`);
  for (const signal of signals)
    assert.ok(signalNames(run).includes(signal), `${name} gets ${signal}. ${howToRecord}`);
}

test('there is exactly one history for each recording, and it shows what its name says', () => {
  assert.deepEqual([...runs.keys()].sort(), recordings.map(({ name }) => name).sort(), howToRecord);
  for (const recording of recordings) assertShows(recording);
});

test('every recorded history replays on the workflows of today', async () => {
  const broken = [...(await replayAll())].filter(([, error]) => error !== undefined);
  assert.deepEqual(
    broken.map(([name, error]) => `${name}: ${error?.message}`),
    [],
    `Running orders would fail their tasks after a deploy. Keep the old way with patched(), or, before the first release: ${howToRecord}`,
  );
});

test('the gate notices a change: no history replays on workflows that do one thing more', async () => {
  const errors = await replayAll(new URL('./changed-workflows.ts', import.meta.url));
  const unnoticed = [...errors].filter(([, error]) => error?.name !== 'DeterminismViolationError');
  assert.equal(errors.size, recordings.length);
  assert.deepEqual(
    unnoticed.map(([name, error]) => `${name}: ${error?.name}`),
    [],
  );
});

test('a run replays in which two local activities ended within one task, as they were met on a slow machine', async () => {
  const file = new URL('./found/two-local-activities-in-one-task.json', import.meta.url);
  const history = historyFromJSON(JSON.parse(await readFile(file, 'utf8')));
  const workflowId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? '';
  const replayed = Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, [
    { workflowId, history },
  ]);
  for await (const { error } of replayed) assert.ifError(error);
});
