import { type RawValue, rawValueTypeInfo } from '@temporalio/common';
import { defineQuery } from '@temporalio/workflow';
import { defineRawSignal } from './read-signal.ts';

/** Task queue of the lock workflow and its local activity, so that waiting purchases cannot starve it. */
export const lockTaskQueue = 'package-lock';

/** Workflow type of the lock. */
export const lockWorkflowType = 'packageLock';

const lockIdPrefix = 'package-lock-';

/** A lock's key: the supplier and the package's name at import, frozen through renames. */
export interface LockKey {
  supplier: string;
  packageName: string;
}

/** Workflow id of the lock of one package. */
export function packageLockId(key: LockKey): string {
  return `${lockIdPrefix}${key.supplier}-${key.packageName}`;
}

/** Inverse of `packageLockId` (a supplier's name has no dash); undefined for other workflows' ids. */
export function findLockKey(lockId: string): LockKey | undefined {
  if (!lockId.startsWith(lockIdPrefix)) return undefined;
  const rest = lockId.slice(lockIdPrefix.length);
  const dash = rest.indexOf('-');
  if (dash < 1 || dash === rest.length - 1) return undefined;
  return { supplier: rest.slice(0, dash), packageName: rest.slice(dash + 1) };
}

/** Who stopped the lock: a person, repeated failures to reach the supplier, or its refusal of our credentials. */
export type PauseKind = 'person' | 'supplierUnreachable' | 'supplierRejectedCredentials';
export type LockAct = 'pauseLock' | 'resumeLock' | 'forceRelease';

export interface LockWaiter {
  requestId: string;
  workflowId: string;
  askedAtMs: number;
  sinceMs: number;
}

export interface LockHolder extends LockWaiter {
  fencingNumber: number;
  /** When the grant was sent last: the holder check counts from it. */
  grantSentAtMs: number;
  /** False until the server has taken the grant. */
  delivered: boolean;
}

export interface LockPause {
  kind: PauseKind;
  reason: string;
  by: string;
  sinceMs: number;
  /** null: until a person resumes it. */
  untilMs: number | null;
}

/** All that the lock knows; plain JSON, because it is carried into the next run. Times are Unix ms. */
export interface LockState {
  holder: LockHolder | null;
  /** First come, first served. */
  waiters: LockWaiter[];
  lastFencingNumber: number;
  pause: LockPause | null;
  /** `pausesInARow` above 0: the next turn is a trial, and one failure pauses again. */
  breaker: { unreachableInARow: number; pausesInARow: number };
  /** Since when there is no holder, waiter, pause or breaker; null otherwise. */
  blankSinceMs: number | null;
  lastRefusal: null | { signal: string; sentence: string; atMs: number };
  lastAct: null | { act: LockAct; reason: string; by: string; atMs: number };
  /** Some acts before it, oldest first: `watchOrders` looks once in a while. Absent in what earlier code carried. */
  earlierActs?: NonNullable<LockState['lastAct']>[];
}

/** Input of `packageLock`. `carried` is what the run before left: only the lock itself sets it. */
export interface PackageLockInput extends LockKey {
  carried?: LockState;
}

/** What every client needs to start the lock or to signal it with start; add `signal` and `signalArgs`. */
export function lockStartOptions(key: LockKey): {
  workflowId: string;
  taskQueue: string;
  args: [PackageLockInput];
  staticSummary: string;
} {
  return {
    workflowId: packageLockId(key),
    taskQueue: lockTaskQueue,
    args: [{ supplier: key.supplier, packageName: key.packageName }],
    staticSummary: `Package lock of ${key.supplier} ${key.packageName}`,
  };
}

/**
 * Asks for the lock; the grant goes to `workflowId`. `askedAtMs` rises with every new pass of a requestId, and the
 * grant repeats it: a late grant of an earlier pass is not taken for the one that waits now.
 */
export interface RequestLock {
  requestId: string;
  workflowId: string;
  askedAtMs?: number;
}

/**
 * What a turn said about the supplier; the breaker lives by it. `supplierAnswered`: any usable answer, a refusal
 * included. `noVerdict`: the supplier was not asked, or nobody knows what it did.
 */
export const releaseOutcomes = [
  'supplierAnswered',
  'supplierUnreachable',
  'supplierRejectedCredentials',
  'noVerdict',
] as const;
export type ReleaseOutcome = (typeof releaseOutcomes)[number];

/**
 * Gives the lock back, or withdraws a request that waits. With `fencingNumber` it ends that very grant and nothing
 * else, so that a late copy cannot end a newer one. Without `outcome`: `noVerdict`.
 */
export interface ReleaseLock {
  requestId: string;
  outcome?: ReleaseOutcome;
  fencingNumber?: number;
}

export interface PauseLock {
  reason?: string;
  by?: string;
}

export interface ResumeLock {
  reason?: string;
  by?: string;
}

export interface ForceRelease {
  requestId: string;
  reason?: string;
  by?: string;
}

/** To a waiter: it is its turn. Sent again to ask whether the holder is still there. */
export interface LockGranted {
  lockId: string;
  requestId: string;
  fencingNumber: number;
  /** Of the request; 0 where it had none. */
  askedAtMs: number;
}

/** To a waiter: nothing is granted for now. `until` (ISO UTC) is missing where a person must resume it. */
export interface LockPaused {
  lockId: string;
  requestId: string;
  reason: string;
  until?: string;
}

/** To a waiter: the pause is over. */
export interface LockResumed {
  lockId: string;
  requestId: string;
}

// Client and workflows send these by name with one plain JSON object (`requestLockSignal.name`).
export const requestLockSignal = defineRawSignal('requestLock');
export const releaseSignal = defineRawSignal('release');
export const pauseLockSignal = defineRawSignal('pauseLock');
export const resumeLockSignal = defineRawSignal('resumeLock');
export const forceReleaseSignal = defineRawSignal('forceRelease');
export const lockGrantedSignal = defineRawSignal('lockGranted');
export const lockPausedSignal = defineRawSignal('lockPaused');
export const lockResumedSignal = defineRawSignal('lockResumed');

/** What `lockState` answers. Times are ISO UTC. */
export interface LockView {
  lockId: string;
  holder: null | {
    requestId: string;
    workflowId: string;
    since: string;
    ageSeconds: number;
    fencingNumber: number;
    /** False until the server has taken the grant. */
    delivered: boolean;
  };
  /** The highest number granted so far; 0 before the first grant of this life. */
  fencingNumber: number;
  waiters: { place: number; requestId: string; workflowId: string; since: string; ageSeconds: number }[];
  pause: null | { kind: PauseKind; reason: string; by: string; since: string; until: string | null };
  breaker: LockState['breaker'];
  /** The last message that was refused, without its content. */
  lastRefusal: null | { signal: string; sentence: string; at: string };
  /** The last act of a person that was carried out. */
  lastAct: null | { act: LockAct; reason: string; by: string; at: string };
  /** Some acts before it, oldest first. */
  earlierActs: NonNullable<LockView['lastAct']>[];
}

/** Takes no input; what comes with it all the same is not decoded. */
export const lockStateQuery = defineQuery<LockView, [RawValue?]>('lockState', {
  typeInfo: { inputTypes: [rawValueTypeInfo] },
});

/** Policy of the lock. No entry in `breakerPausesMs`, or `breakerAfter` 0: no breaker. */
export interface LockPolicy {
  holderCheckEveryMs: number;
  breakerAfter: number;
  breakerPausesMs: number[];
  idleMs: number;
  /** A new run after so many signals; the server refuses a run's signal number 10,001. */
  continueAsNewAfterSignals?: number;
}

/**
 * Activities around the lock, the first two local; all of them may run more than once.
 * `requestLock`: signal with start of the lock, which starts it where it does not run.
 * `releaseLock`: the signal `release`; a lock that does not run (WorkflowNotFoundError) counts as done.
 * `readLockPolicy`: runs on the lock's own task queue.
 */
export interface LockActivities {
  requestLock(input: LockKey & RequestLock): Promise<void>;
  releaseLock(input: LockKey & ReleaseLock): Promise<void>;
  readLockPolicy(): Promise<LockPolicy>;
}
