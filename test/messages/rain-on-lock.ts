import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resumeLockSignal } from '../../workflows/contract/package-lock.ts';
import { lockWorld } from '../workflows/lock-world.ts';
import { assertNoFailedTask, messagesTaken, sendSignals, untilQuiet } from './bombard.ts';
import { findContractMessages } from './contract-messages.ts';
import { generateInputs } from './odd-inputs.ts';

const perForeignName = 20;

/** Registers the test of one test file: odd messages rain on a lock that is held and waited for. */
export function rainOnLock({ signalsPerName, seed }: { signalsPerName: number; seed: number }): void {
  test(`the lock keeps its holder and its queue under ${signalsPerName} odd messages of each name (TEST_SEED=${seed})`, async (t) => {
    const world = await lockWorld(t);
    for (const n of [0, 1, 2]) await world.ask(n);
    await world.untilHolds(0);
    const { client } = world;
    const target = { client, workflowId: world.lock().workflowId };
    const { firstExecutionRunId } = await world
      .lock()
      .describe()
      .then(({ raw }) => ({
        firstExecutionRunId: raw.workflowExecutionInfo?.firstRunId,
      }));
    const { signals: own } = await messagesTaken(target);
    const { signals: all } = await findContractMessages();
    assert.ok(own.length >= 5, own.join());
    const names = [...own, ...all.filter((name) => !own.includes(name)), 'noSuchSignal'];
    for (const [index, name] of names.entries()) {
      const count = own.includes(name) ? signalsPerName : perForeignName;
      const inputs = generateInputs({ count, seed: seed + index });
      await sendSignals(
        target,
        inputs.map((input) => ({ name, input })),
      );
      await untilQuiet(target);
      const view = await world.state();
      assert.equal(view.holder?.requestId, world.requestIdOf(0), `after ${name}`);
      const real = view.waiters.map(({ requestId }) => requestId).filter((id) => id.startsWith(world.name));
      assert.deepEqual(real, [world.requestIdOf(1), world.requestIdOf(2)], `after ${name}`);
    }
    await world.lock().signal(resumeLockSignal.name);
    for (const n of [0, 1, 2]) {
      await world.untilHolds(n);
      await world.requester(n).signal('finish');
    }
    await world.untilFree();
    // Ten thousand signals are more than one run takes: every run of the chain is looked at.
    const runs: string[] = [];
    for await (const run of client.workflow.list({ query: `WorkflowId = "${target.workflowId}"` }))
      runs.push(run.runId);
    assert.ok(firstExecutionRunId && runs.includes(firstExecutionRunId));
    for (const runId of runs) await assertNoFailedTask({ ...target, runId });
  });
}
