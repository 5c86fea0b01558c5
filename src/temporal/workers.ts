import type { ConnectionOptions } from '@temporalio/client';
import type { Logger } from '@temporalio/common';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { lockTaskQueue } from '../../workflows/contract/package-lock.ts';
import { orderTaskQueue } from '../../workflows/contract/provision-order.ts';
import type { TemporalSettings } from './connection.ts';
import { workflowBundle } from './workflow-bundle.ts';

/** Purchases wait at the supplier for minutes and cost nothing meanwhile: slots must not run out before packages do. */
const concurrentActivities = 500;
const graceMarginMs = 60_000;

/** Sets up the SDK once a process: its lines go to our log, and signals are left to the process itself. */
export function installRuntime(logger: Logger): void {
  Runtime.install({ logger, shutdownSignals: [] });
}

export interface Workers {
  /** Resolves once both workers have drained after `shutdown`. @throws where one of them dies. */
  run(): Promise<void>;
  shutdown(): void;
}

/**
 * Makes the two workers of a process on one connection: orders with their activities, and the package lock on a task
 * queue of its own. Shutdown drains a running purchase: the grace time is above the longest one.
 */
export async function createWorkers(input: {
  settings: TemporalSettings;
  longestPurchaseMs: number;
  orderActivities: object;
  lockActivities: object;
  taskQueues?: { orders: string; locks: string };
  maxCachedWorkflows?: number;
}): Promise<Workers> {
  const connection = await connect(input.settings);
  const shared: Partial<WorkerOptions> = {
    connection,
    namespace: input.settings.namespace,
    workflowBundle: await workflowBundle(),
    shutdownGraceTime: input.longestPurchaseMs + graceMarginMs,
    shutdownForceTime: input.longestPurchaseMs + 2 * graceMarginMs,
    maxConcurrentActivityTaskExecutions: concurrentActivities,
    ...cacheOf(input.maxCachedWorkflows),
  };
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: input.taskQueues?.orders ?? orderTaskQueue,
      activities: input.orderActivities,
    }),
    Worker.create({
      ...shared,
      taskQueue: input.taskQueues?.locks ?? lockTaskQueue,
      activities: input.lockActivities,
    }),
  ]);
  return {
    async run() {
      try {
        await Promise.all(workers.map((worker) => worker.run()));
      } finally {
        await connection.close();
      }
    },
    shutdown() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    },
  };
}

/**
 * Without a cache the SDK (core of 1.24.0, `process_completion` in workflow_stream.rs) ends a task by evicting the run
 * that was used least recently, which may be another one whose local activities still run: that one's task is lost. So
 * there is one task at a time then.
 */
function cacheOf(maxCachedWorkflows: number | undefined): Partial<WorkerOptions> {
  if (maxCachedWorkflows === undefined) return {};
  return {
    maxCachedWorkflows,
    ...(maxCachedWorkflows === 0 ? { maxConcurrentWorkflowTaskExecutions: 1 } : {}),
  };
}

async function connect(settings: TemporalSettings): Promise<NativeConnection> {
  const { address, apiKey, tls } = settings;
  return NativeConnection.connect({
    address,
    ...(tls ? { tls: tls as NonNullable<ConnectionOptions['tls']> } : {}),
    ...(apiKey ? { apiKey } : {}),
  });
}
