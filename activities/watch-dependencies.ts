import type { Collections } from '../src/database.ts';
import type { AdminAct } from '../src/domain/admin-act.ts';
import type { ShopNotice } from '../src/domain/order-notice.ts';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import type { RunLook } from '../src/domain/run-look.ts';
import type { LockView } from '../workflows/contract/package-lock.ts';
import type { ActivityLogger } from './dependencies.ts';

/** What the watch works with; composition hands in the real parts. */
export interface WatchDependencies {
  db: Pick<Collections, 'orders' | 'cases'>;
  /** Reads the policy anew, so that a change reaches what waits. */
  readPolicy: () => Promise<ResolvedPolicy>;
  runs: {
    look(input: { workflowId: string }): Promise<RunLook>;
    /** What the last failed task of a run said, for people. */
    sayTaskFailure(input: { workflowId: string; runId: string }): Promise<string>;
    /** Starts the owner of an open order again under the same id; one that runs stays the only one. */
    restartOwner(input: { orderId: string }): Promise<unknown>;
    /** True where the order's workflow waited for the lock, and has sent its request again. */
    askAgain(input: { workflowId: string }): Promise<boolean>;
    /** Ids of the package locks that run. */
    listLocks(): Promise<string[]>;
    readLock(input: { lockId: string }): Promise<LockView>;
  };
  sendShopNotice: (input: { factId: string; notice: ShopNotice }) => Promise<void>;
  /** Safe to repeat: the same act is recorded once. */
  recordAct: (act: AdminAct) => Promise<void>;
  now: () => string;
  log: ActivityLogger;
}

/** Tries of one workflow task after which its code is taken as failing, not as slow. */
const failingTaskAttempts = 3;

/** Tells, once per run, of a workflow whose tasks fail. @returns whether they do. */
export async function tellFailingTasks(
  deps: WatchDependencies,
  { workflowId, look }: { workflowId: string; look: RunLook },
): Promise<boolean> {
  if (look.kind !== 'running' || look.taskAttempts < failingTaskAttempts) return false;
  const { runId, taskAttempts: attempts } = look;
  deps.log.error({ workflowId, runId, attempts }, 'The tasks of a workflow fail; it stands still');
  const failure = await deps.runs.sayTaskFailure({ workflowId, runId });
  await deps.sendShopNotice({
    factId: `tasksFailing:${workflowId}:${runId}`,
    notice: { kind: 'tasksFailing', workflowId, attempts, failure },
  });
  return true;
}
