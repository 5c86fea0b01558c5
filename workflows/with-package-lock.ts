import type { RawValue } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  log,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  findLockKey,
  type LockActivities,
  type LockGranted,
  type LockKey,
  type LockPaused,
  type LockResumed,
  lockGrantedSignal,
  lockPausedSignal,
  lockResumedSignal,
  packageLockId,
  type ReleaseOutcome,
} from './contract/package-lock.ts';
import { findInteger, findText, readSignal, type SignalInput } from './contract/read-signal.ts';
import { askAgainUpdate } from './contract/watch-orders.ts';
import { inTurn } from './in-turn.ts';

const { requestLock, releaseLock } = inTurn(
  proxyLocalActivities<Pick<LockActivities, 'requestLock' | 'releaseLock'>>({
    startToCloseTimeout: '5s',
    retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
  }),
);

/** What one pass through the lock asks for. */
export interface LockWish extends LockKey {
  /** The purchaseId. */
  requestId: string;
  /** Longest wait for the grant, in ms; paused time does not count. */
  waitLimitMs: number;
  /** True once the wait is no longer wanted; looked at whenever something happens to the workflow. */
  isAbandoned?: () => boolean;
  /** Unix ms that rise with every run of this workflow, also after Reset: each request is told from earlier runs'. */
  askedAfterMs?: number;
  /** Called once when the request is in the queue and not granted yet. */
  onWaiting?: () => void | Promise<void>;
}

/** `value` is what the body returned; without the lock the body did not run, and the request is withdrawn. */
export type LockResult<T> =
  | { acquired: true; value: T }
  | { acquired: false; reason: 'waitLimit' | 'abandoned' };

export interface WaitingRequest {
  lockId: string;
  requestId: string;
  /** ISO UTC. */
  since: string;
  pause: null | { reason: string; until: string | null };
}

/** What a workflow that buys sees of the package locks. */
export interface PackageLock {
  /**
   * Waits for the lock, runs `body` while it is held, and gives it back however `body` ends. `body` says with its
   * `outcome` what the turn showed of the supplier. One pass at a time; another one at once throws.
   */
  withLock<T>(
    wish: LockWish,
    body: (grant: LockGranted) => Promise<{ outcome: ReleaseOutcome; value: T }>,
  ): Promise<LockResult<T>>;
  /** Sends the request again that waits now, if one does: for a lock that lost its queue. */
  requestAgain(): Promise<void>;
  /** Releases what an earlier run of this workflow may have left: before anything else in a starting run. */
  releaseLeftover(left: LockKey & { requestId: string }): Promise<void>;
  waitsFor(): WaitingRequest | null;
  holds(): (LockGranted & { since: string }) | null;
}

interface Pass {
  key: LockKey;
  lockId: string;
  requestId: string;
  askedAtMs: number;
  sinceMs: number;
  pause: WaitingRequest['pause'];
  /** `latestNumber` rises when the lock grants anew what is held; the body keeps the first. */
  grant: null | { fencingNumber: number; latestNumber: number; sinceMs: number };
}

interface Desk {
  pass: Pass | null;
  passes: number;
  hooks: LockHooks;
}

export interface LockHooks {
  onPaused?: (paused: LockPaused) => void;
  onResumed?: (resumed: LockResumed) => void;
}

/**
 * Registers the handlers of the lock's messages; call it once, before the workflow's first await. A grant that this
 * run neither waits for nor holds is answered with release: await `allHandlersFinished` before the workflow ends.
 */
export function usePackageLock(hooks: LockHooks = {}): PackageLock {
  const desk: Desk = { pass: null, passes: 0, hooks };
  acceptMessages(desk);
  return {
    withLock: (wish, body) => passThrough(desk, wish, body),
    async requestAgain() {
      await requestAgain(desk);
    },
    releaseLeftover: ({ supplier, packageName, requestId }) =>
      CancellationScope.nonCancellable(() => releaseLock({ supplier, packageName, requestId })),
    waitsFor: () => viewWaiting(desk.pass),
    holds: () => viewHeld(desk.pass),
  };
}

async function passThrough<T>(
  desk: Desk,
  wish: LockWish,
  body: (grant: LockGranted) => Promise<{ outcome: ReleaseOutcome; value: T }>,
): Promise<LockResult<T>> {
  const pass = beginPass(desk, wish);
  let outcome: ReleaseOutcome = 'noVerdict';
  try {
    await sendRequest(pass);
    if (pass.grant === null) await wish.onWaiting?.();
    const wait = await waitForGrant(pass, wish);
    if (wait.end !== 'granted') return { acquired: false, reason: wait.end };
    const { lockId, requestId, askedAtMs } = pass;
    const done = await body({ lockId, requestId, askedAtMs, fencingNumber: wait.fencingNumber });
    outcome = done.outcome;
    return { acquired: true, value: done.value };
  } finally {
    await CancellationScope.nonCancellable(() => giveBack(desk, pass, outcome));
  }
}

function beginPass(desk: Desk, wish: LockWish): Pass {
  if (desk.pass !== null) {
    throw new Error(
      `Failed to ask for the lock for ${wish.requestId}: ${desk.pass.requestId} has not ended.`,
    );
  }
  const { supplier, packageName, requestId } = wish;
  const key = { supplier, packageName };
  desk.passes += 1;
  // Not the clock, nor runStartTime, which is read from it: where the first task waited long for a local activity,
  // both say something else in a replay, and the grant that came would not be the one that was asked for.
  const startedAtMs = workflowInfo().startTime.getTime();
  const askedAtMs = Math.max(startedAtMs, wish.askedAfterMs ?? 0) + desk.passes;
  const sinceMs = Date.now();
  desk.pass = { key, lockId: packageLockId(key), requestId, askedAtMs, sinceMs, pause: null, grant: null };
  return desk.pass;
}

function sendRequest({ key, requestId, askedAtMs }: Pass): Promise<void> {
  return requestLock({ ...key, requestId, workflowId: workflowInfo().workflowId, askedAtMs });
}

type Wait = { end: 'granted'; fencingNumber: number } | { end: 'waitLimit' | 'abandoned' };

// Only a timer says that the limit is over, no arithmetic: the clock after a local activity may differ in a replay.
async function waitForGrant(pass: Pass, wish: LockWish): Promise<Wait> {
  const isAbandoned = () => wish.isAbandoned?.() ?? false;
  let leftMs = wish.waitLimitMs;
  let isLate = leftMs <= 0;
  for (;;) {
    if (isAbandoned()) return { end: 'abandoned' };
    if (pass.grant !== null) return { end: 'granted', fencingNumber: pass.grant.fencingNumber };
    if (isLate) return { end: 'waitLimit' };
    const isPaused = pass.pause !== null;
    const hasNews = () => isAbandoned() || pass.grant !== null || (pass.pause !== null) !== isPaused;
    const fromMs = Date.now();
    if (isPaused) await condition(hasNews);
    else isLate = !(await condition(hasNews, Math.max(1, leftMs), { summary: 'waits for the package lock' }));
    if (!isPaused) leftMs -= Date.now() - fromMs;
  }
}

// The pass ends before its release is sent: a grant that arrives from here on is answered as not wanted.
async function giveBack(desk: Desk, pass: Pass, outcome: ReleaseOutcome): Promise<void> {
  desk.pass = null;
  const { key, requestId, grant } = pass;
  if (grant === null) {
    await releaseLock({ ...key, requestId, outcome });
  } else {
    await releaseLock({ ...key, requestId, outcome, fencingNumber: grant.latestNumber });
  }
}

// False where no request waits. The lock that comes after a lost one knows nothing of a pause; one that is paused
// tells it again.
async function requestAgain({ pass }: Desk): Promise<boolean> {
  if (pass === null || pass.grant !== null) return false;
  pass.pause = null;
  await sendRequest(pass);
  return true;
}

function acceptMessages(desk: Desk): void {
  setHandler(lockGrantedSignal, (raw) => takeGrant(desk, readGrant(readSignal(raw))), {
    description: 'From the package lock: it is your turn. Not for people.',
  });
  setHandler(lockPausedSignal, (raw) => takePause(desk, raw), {
    description: 'From the package lock: nothing is granted for now. Not for people.',
  });
  setHandler(lockResumedSignal, (raw) => takeResume(desk, raw), {
    description: 'From the package lock: the pause is over. Not for people.',
  });
  setHandler(askAgainUpdate, () => CancellationScope.nonCancellable(() => requestAgain(desk)), {
    description: 'From watchOrders: the package lock has lost its queue, ask it again. Not for people.',
  });
}

async function takeGrant(desk: Desk, grant: LockGranted | undefined): Promise<void> {
  if (grant === undefined) return;
  const pass = findPass(desk, grant);
  if (pass === null) {
    await answerUnwanted(grant);
  } else if (pass.grant !== null) {
    pass.grant.latestNumber = Math.max(pass.grant.latestNumber, grant.fencingNumber);
  } else if (grant.askedAtMs === pass.askedAtMs || grant.askedAtMs === 0) {
    const { fencingNumber } = grant;
    endPause(desk, pass);
    pass.grant = { fencingNumber, latestNumber: fencingNumber, sinceMs: Date.now() };
  }
}

async function answerUnwanted({ lockId, requestId, fencingNumber }: LockGranted): Promise<void> {
  const key = findLockKey(lockId);
  if (key === undefined) return;
  await CancellationScope.nonCancellable(() => releaseLock({ ...key, requestId, fencingNumber }));
}

function takePause(desk: Desk, raw: RawValue | undefined): void {
  const input = readSignal(raw);
  const address = readAddress(input);
  const pass = address && findPass(desk, address);
  if (!address || !pass || pass.grant !== null) return;
  const reason = findText({ from: input, name: 'reason' }) ?? 'no reason given';
  const until = findText({ from: input, name: 'until' });
  pass.pause = { reason, until: until ?? null };
  callHook(() => desk.hooks.onPaused?.({ ...address, reason, ...(until === undefined ? {} : { until }) }));
}

function takeResume(desk: Desk, raw: RawValue | undefined): void {
  const address = readAddress(readSignal(raw));
  const pass = address && findPass(desk, address);
  if (pass) endPause(desk, pass);
}

/** A grant ends a pause too: it may overtake the message that says so. */
function endPause(desk: Desk, pass: Pass): void {
  if (pass.pause === null) return;
  pass.pause = null;
  callHook(() => desk.hooks.onResumed?.({ lockId: pass.lockId, requestId: pass.requestId }));
}

/** A handler that throws would stop the workflow's tasks. */
function callHook(hook: () => void): void {
  try {
    hook();
  } catch (error) {
    log.warn('A hook of the package lock failed', {
      error: error instanceof Error ? error.message : 'unknown',
    });
  }
}

function findPass({ pass }: Desk, address: { lockId: string; requestId: string }): Pass | null {
  return pass?.lockId === address.lockId && pass.requestId === address.requestId ? pass : null;
}

function readAddress(input: SignalInput): LockResumed | undefined {
  const lockId = findText({ from: input, name: 'lockId' });
  const requestId = findText({ from: input, name: 'requestId' });
  return lockId === undefined || requestId === undefined ? undefined : { lockId, requestId };
}

function readGrant(input: SignalInput): LockGranted | undefined {
  const address = readAddress(input);
  const fencingNumber = findInteger({ from: input, name: 'fencingNumber' });
  const askedAtMs = findInteger({ from: input, name: 'askedAtMs' }) ?? 0;
  if (address === undefined || fencingNumber === undefined) return undefined;
  return { ...address, fencingNumber, askedAtMs };
}

function viewWaiting(pass: Pass | null): WaitingRequest | null {
  if (pass === null || pass.grant !== null) return null;
  const { lockId, requestId, sinceMs, pause } = pass;
  return { lockId, requestId, since: new Date(sinceMs).toISOString(), pause };
}

function viewHeld(pass: Pass | null): (LockGranted & { since: string }) | null {
  if (pass === null || pass.grant === null) return null;
  const { lockId, requestId, askedAtMs, grant } = pass;
  return {
    lockId,
    requestId,
    askedAtMs,
    fencingNumber: grant.fencingNumber,
    since: new Date(grant.sinceMs).toISOString(),
  };
}
