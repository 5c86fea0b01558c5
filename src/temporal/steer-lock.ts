import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import {
  forceReleaseSignal,
  type LockAct,
  type LockKey,
  type LockView,
  lockStartOptions,
  lockStateQuery,
  lockWorkflowType,
  packageLockId,
  pauseLockSignal,
  resumeLockSignal,
} from '../../workflows/contract/package-lock.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { RecordAct } from './order-act.ts';
import { orUnavailable, type unavailable } from './run-verdict.ts';

/** A lock answers within milliseconds; without a worker it never does. */
const viewWithinMs = 5_000;
const effectWithinMs = 5_000;
const lookEveryMs = 100;

/** `idle`: it does not run, since nobody needs it. `silent`: it runs, and no worker answers for it. */
export type LockSight = LockKey & { lockId: string } & (
    | { state: 'running'; view: LockView }
    | { state: 'idle' | 'silent'; view: null }
  );

/** What the lock of a package says now. */
export async function readLock(client: Client, key: LockKey): Promise<LockSight> {
  const lockId = packageLockId(key);
  const sight = { ...key, lockId };
  const handle = client.workflow.getHandle(lockId);
  try {
    const { status } = await handle.describe();
    if (status.name !== 'RUNNING') return { ...sight, state: 'idle', view: null };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { ...sight, state: 'idle', view: null };
    throw error;
  }
  try {
    const view = await client.withDeadline(Date.now() + viewWithinMs, () => handle.query(lockStateQuery));
    return { ...sight, state: 'running', view };
  } catch {
    return { ...sight, state: 'silent', view: null };
  }
}

export interface LockWish {
  key: LockKey;
  act: LockAct;
  /** Of `forceRelease`. */
  requestId?: string;
  reason: string | null;
  by: string;
}

/** Pauses, resumes or releases the lock of a package and waits, for seconds, until it has taken effect. */
export async function steerLock(
  deps: { client: Client; recordAct: RecordAct },
  wish: LockWish,
): Promise<Verdict> {
  const steered = await orUnavailable(() => steer(deps.client, wish));
  if (steered.kind === 'unavailable') return steered;
  const { takenAt, ...outcome } = steered;
  const id = packageLockId(wish.key);
  // What the lock takes later, the watch over orders records.
  if (outcome.kind === 'accepted' && takenAt === null) return outcome;
  await deps.recordAct({
    // The id that the watch gives to the same act: it is recorded once.
    ...(takenAt === null ? {} : { actId: `lock:${id}:${takenAt}`, at: takenAt }),
    act: wish.act,
    subject: { kind: 'lock', id },
    by: wish.by,
    reason: wish.reason,
    accepted: outcome.kind === 'accepted',
    answer: outcome.kind === 'accepted' ? outcome.next : outcome.sentence,
  });
  return outcome;
}

/** `takenAt`: when the lock has carried it out; null where it has not, or not yet. */
type Steered = Exclude<Verdict, typeof unavailable> & { takenAt: string | null };

async function steer(client: Client, wish: LockWish): Promise<Steered> {
  const before = await readLock(client, wish.key);
  if (!(await sendAct(client, wish))) return { kind: 'refused', sentence: notRunning(wish), takenAt: null };
  const seen = await untilTaken(client, { wish, before });
  if (seen === null) {
    const next = 'The lock has not answered yet: the message is kept for its worker.';
    return { kind: 'accepted', next, takenAt: null };
  }
  const isRefused = seen.lastRefusal !== null && seen.lastRefusal.at !== before.view?.lastRefusal?.at;
  if (isRefused && seen.lastRefusal?.signal === wish.act) {
    return { kind: 'refused', sentence: seen.lastRefusal.sentence, takenAt: null };
  }
  return { kind: 'accepted', next: describeEffect(wish, seen), takenAt: seen.lastAct?.at ?? null };
}

/** @returns false where the lock does not run, so that there is nothing to resume or to release. */
async function sendAct(client: Client, wish: LockWish): Promise<boolean> {
  const { key, act, requestId, reason, by } = wish;
  const said = { by, ...(reason === null ? {} : { reason }) };
  if (act === 'pauseLock') {
    await client.workflow.signalWithStart(lockWorkflowType, {
      ...lockStartOptions(key),
      signal: pauseLockSignal.name,
      signalArgs: [said],
    });
    return true;
  }
  const handle = client.workflow.getHandle(packageLockId(key));
  try {
    if (act === 'resumeLock') await handle.signal(resumeLockSignal.name, said);
    else await handle.signal(forceReleaseSignal.name, { ...said, requestId });
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** The lock after it has noted the act, or refused it; null where it says neither in time. */
async function untilTaken(
  client: Client,
  { wish, before }: { wish: LockWish; before: LockSight },
): Promise<LockView | null> {
  const giveUpAt = Date.now() + effectWithinMs;
  while (Date.now() < giveUpAt) {
    const { view } = await readLock(client, wish.key);
    const acted = view?.lastAct?.act === wish.act && view.lastAct.at !== before.view?.lastAct?.at;
    const refused = view?.lastRefusal?.signal === wish.act;
    if (view && (acted || (refused && view.lastRefusal?.at !== before.view?.lastRefusal?.at))) return view;
    await sleep(lookEveryMs);
  }
  return null;
}

function notRunning({ act, key }: LockWish): string {
  const does = act === 'resumeLock' ? 'so it is not paused' : 'so nobody holds it or waits for it';
  return `The lock of ${key.packageName} does not run, ${does}.`;
}

function describeEffect({ act, key, requestId }: LockWish, { waiters, holder }: LockView): string {
  const queue = waiters.length === 1 ? '1 order waits' : `${waiters.length} orders wait`;
  switch (act) {
    case 'pauseLock':
      return `Paused: nothing more is bought from ${key.packageName} until somebody resumes it; ${queue}. A purchase that runs is finished.`;
    case 'resumeLock':
      return `Open again: ${queue}${holder === null ? '' : `, ${holder.requestId} holds it`}.`;
    case 'forceRelease':
      return `${requestId} has neither the lock nor a place in its queue any more; ${queue}. The ledger keeps the next order waiting until what ${requestId} has sent is settled.`;
  }
}
