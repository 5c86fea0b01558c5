import { randomUUID } from 'node:crypto';
import { after, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { workflowBundle } from '../../src/temporal/workflow-bundle.ts';
import {
  type LockActivities,
  type LockKey,
  type LockPolicy,
  type LockState,
  type LockView,
  lockStartOptions,
  lockStateQuery,
  lockWorkflowType,
  packageLockId,
  releaseSignal,
  requestLockSignal,
} from '../../workflows/contract/package-lock.ts';
import { blankLockState } from '../../workflows/package-lock-rules.ts';
import { useStack } from '../support/stack.ts';
import { type RequesterInput, type RequesterView, requesterQuery } from './lock-requester.ts';

const patienceMs = 90_000;
const usualPolicy: LockPolicy = {
  holderCheckEveryMs: 60_000,
  breakerAfter: 3,
  breakerPausesMs: [60_000],
  idleMs: 600_000,
};

let connected: Promise<{ client: Client; native: NativeConnection }> | null = null;

function connect() {
  connected ??= (async () => {
    const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
    Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter } } });
    const { temporalAddress: address } = await useStack();
    const connection = await Connection.connect({ address });
    const native = await NativeConnection.connect({ address });
    return { client: new Client({ connection }), native };
  })();
  return connected;
}

after(async () => {
  if (connected === null) return;
  const { client, native } = await connected;
  await client.connection.close();
  await native.close();
});

/** Repeats `look` until it answers something else than undefined or false. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const untilMs = Date.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > untilMs) throw new Error(`Waited ${patienceMs / 1000} s in vain until ${what}.`);
    await sleep(20);
  }
}

export type LockWorld = Awaited<ReturnType<typeof lockWorld>>;

/** One lock with a worker and a task queue of its own; at the test's end all its workflows are terminated. */
export async function lockWorld(
  t: TestContext,
  wish: {
    policy?: Partial<LockPolicy>;
    withoutWorker?: boolean;
    policyDelayMs?: number;
    /** How long the order's request takes. */
    requestDelayMs?: number;
    /** Workflow tasks of requesters: a task that waits longer for a local activity is followed by others. */
    taskTimeoutMs?: number;
  } = {},
) {
  const { client, native } = await connect();
  const name = randomUUID().slice(0, 8);
  const key: LockKey = { supplier: 'smartvps', packageName: name };
  const taskQueue = `lock-test-${name}`;
  const startLock = { ...lockStartOptions(key), taskQueue };
  const policy = { ...usualPolicy, ...wish.policy };
  const started = new Set<string>([packageLockId(key)]);
  const activities: LockActivities = {
    async readLockPolicy() {
      await sleep(wish.policyDelayMs ?? 0);
      return policy;
    },
    async requestLock({ supplier: _, packageName: __, ...request }) {
      await sleep(wish.requestDelayMs ?? 0);
      await client.workflow.signalWithStart(lockWorkflowType, {
        ...startLock,
        signal: requestLockSignal.name,
        signalArgs: [request],
      });
    },
    async releaseLock({ supplier: _, packageName: __, ...release }) {
      await ignoreNotFound(
        client.workflow.getHandle(startLock.workflowId).signal(releaseSignal.name, release),
      );
    },
  };
  const bundle = await workflowBundle(new URL('./lock-requester.ts', import.meta.url));

  async function startWorker(): Promise<void> {
    const worker = await Worker.create({
      connection: native,
      taskQueue,
      workflowBundle: bundle,
      activities: { ...activities },
    });
    const running = worker.run();
    t.after(async () => {
      await Promise.all([...started].map((id) => ignoreNotFound(client.workflow.getHandle(id).terminate())));
      worker.shutdown();
      await running;
    });
  }
  if (!wish.withoutWorker) await startWorker();

  const lock = () => client.workflow.getHandle(startLock.workflowId);
  const workflowIdOf = (n: number) => `lock-requester-${name}-${n}`;
  const requester = (n: number) => client.workflow.getHandle(workflowIdOf(n));

  return {
    key,
    name,
    startLock,
    bundle,
    /** The state of a lock that requester n holds, as a run before would have left it. */
    carriedBy(n: number): LockState {
      const nowMs = Date.now();
      const asker = {
        requestId: `${name}-${n}#1`,
        workflowId: workflowIdOf(n),
        askedAtMs: 0,
        sinceMs: nowMs,
      };
      const holder = { ...asker, fencingNumber: nowMs, grantSentAtMs: nowMs, delivered: true };
      return { ...blankLockState({ nowMs }), holder, lastFencingNumber: nowMs, blankSinceMs: null };
    },
    client,
    lock,
    requester,
    workflowIdOf,
    requestIdOf: (n: number) => `${name}-${n}#1`,
    startWorker,
    /** Starts requester n and waits until its request is in the lock's hands. */
    async ask(n: number, input: Partial<RequesterInput> = {}): Promise<void> {
      await this.start(n, input);
      const requestId = input.requestId ?? this.requestIdOf(n);
      await eventually(`${requestId} is known to the lock`, async () => {
        const view = await findLockView(client, startLock.workflowId);
        const isEnded = (await requester(n).describe()).status.name !== 'RUNNING';
        return (
          isEnded || [view?.holder, ...(view?.waiters ?? [])].some((one) => one?.requestId === requestId)
        );
      });
    },
    async start(n: number, input: Partial<RequesterInput> = {}): Promise<void> {
      started.add(workflowIdOf(n));
      await client.workflow.start('lockRequester', {
        workflowId: workflowIdOf(n),
        taskQueue,
        args: [{ ...key, requestId: `${name}-${n}#1`, ...input }],
        ...(wish.taskTimeoutMs === undefined ? {} : { workflowTaskTimeout: wish.taskTimeoutMs }),
      });
    },
    see: (n: number) => requester(n).query<RequesterView>(requesterQuery.name),
    state: () => lock().query<LockView>(lockStateQuery.name),
    /** Signals the lock, starting it where it does not run. */
    async signalWithStart(signal: string, ...args: unknown[]): Promise<void> {
      await client.workflow.signalWithStart(lockWorkflowType, { ...startLock, signal, signalArgs: args });
    },
    async untilState(what: string, is: (view: LockView) => boolean): Promise<LockView> {
      return eventually(what, async () => {
        const view = await findLockView(client, startLock.workflowId);
        return view !== undefined && is(view) && view;
      });
    },
    untilHolds(n: number, requestId = `${name}-${n}#1`): Promise<LockView> {
      return this.untilState(`${requestId} holds the lock`, ({ holder }) => holder?.requestId === requestId);
    },
    untilFree(): Promise<LockView> {
      return this.untilState(
        'the lock is free',
        ({ holder, waiters }) => holder === null && waiters.length === 0,
      );
    },
  };
}

async function findLockView(client: Client, lockId: string): Promise<LockView | undefined> {
  try {
    return await client.workflow.getHandle(lockId).query<LockView>(lockStateQuery.name);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

async function ignoreNotFound(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** Types of the events of a workflow's run, in order. */
export async function eventTypes(
  world: { client: Client },
  id: { workflowId: string; runId?: string },
): Promise<string[]> {
  const history = await world.client.workflow.getHandle(id.workflowId, id.runId).fetchHistory();
  return (history.events ?? []).map(nameOfEvent);
}

function nameOfEvent(event: object): string {
  const attributes = Object.keys(event).find((key) => key.endsWith('EventAttributes'));
  return (attributes ?? 'unknown').replace('EventAttributes', '');
}
