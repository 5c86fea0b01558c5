import type { RawValue } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import {
  findLockKey,
  forceReleaseSignal,
  type LockActivities,
  type LockGranted,
  type LockPaused,
  type LockPolicy,
  type LockResumed,
  type LockState,
  lockGrantedSignal,
  lockPausedSignal,
  lockResumedSignal,
  lockStateQuery,
  type PackageLockInput,
  pauseLockSignal,
  releaseSignal,
  requestLockSignal,
  resumeLockSignal,
} from './contract/package-lock.ts';
import { readSignal } from './contract/read-signal.ts';
import {
  readForceRelease,
  readPauseLock,
  readRelease,
  readRequestLock,
  readResumeLock,
} from './package-lock-messages.ts';
import {
  applyLockEvent,
  blankLockState,
  isIdleOver,
  type LockCommand,
  type LockEvent,
  nextWakeUpMs,
} from './package-lock-rules.ts';
import { describeLock, viewLock } from './package-lock-view.ts';

// The server refuses signal number 10,001 of a run; the rest is room for those that arrive before the new run.
const defaultSignalsPerRun = 7_500;
const workflowGone = 'ExternalWorkflowExecutionNotFound';

// Not a local activity: a task that waits for one may be several tasks at first and one in a replay, with another
// time. What the lock decides and sends comes from the clock, and its holders send it back.
const { readLockPolicy } = proxyActivities<Pick<LockActivities, 'readLockPolicy'>>({
  startToCloseTimeout: '5s',
  retry: { initialInterval: '200ms', maximumInterval: '5s' },
  summary: 'Read the policy',
});

interface LockRun {
  lockId: string;
  state: LockState;
  /** Known once the run has read it; what happens before waits in `inbox`. */
  policy: LockPolicy | null;
  inbox: { event: LockEvent; nowMs: number }[];
  /** Time of the last signal, timer or answer. */
  nowMs: number;
  signals: number;
  unanswered: number;
  alarm: { atMs: number; cancel(): void } | null;
}

/**
 * The lock of one package: turns Temporal's events into those of the rules, and the rules' commands into signals.
 * Ends when it has been blank for `idleMs`; ignores Request Cancellation.
 */
export async function packageLock(input?: PackageLockInput): Promise<void> {
  const nowMs = Date.now();
  const run: LockRun = {
    lockId: workflowInfo().workflowId,
    state: input?.carried ?? blankLockState({ nowMs }),
    policy: null,
    inbox: [],
    nowMs,
    signals: 0,
    unanswered: 0,
    alarm: null,
  };
  acceptMessages(run);
  await CancellationScope.nonCancellable(async () => {
    beginWith(run, await readLockPolicy());
    while (!isOver(run)) await condition(() => isOver(run));
    if (wantsNewRun(run)) await startNewRun(run);
  });
}

// Signals that were there before the first task come sorted by this order of names, not by their own. So what
// stops comes after what starts, and both before the requests: a pause holds, and no old release ends a new request.
const messages = [
  {
    signal: resumeLockSignal,
    read: readResumeLock,
    description: 'Ends a pause. Paste {"reason": "supplier is back", "by": "name"} or nothing.',
  },
  {
    signal: pauseLockSignal,
    read: readPauseLock,
    description: 'Grants nothing until resumeLock. Paste {"reason": "maintenance", "by": "name"} or nothing.',
  },
  {
    signal: releaseSignal,
    read: readRelease,
    description: `From the holder, or a waiter that withdraws: {"requestId": "order#1", "outcome": "noVerdict"}.`,
  },
  {
    signal: forceReleaseSignal,
    read: readForceRelease,
    description:
      'Takes the lock from its holder, or a waiter out of the queue. ' +
      'Paste {"requestId": "order#1", "reason": "why", "by": "name"} or only "order#1".',
  },
  {
    signal: requestLockSignal,
    read: readRequestLock,
    description:
      'Asks for the lock: {"requestId": "order#1", "workflowId": "order-..."}; the grant goes there.',
  },
];

function acceptMessages(run: LockRun): void {
  setHandler(lockStateQuery, () => viewLock({ lockId: run.lockId, state: run.state, nowMs: Date.now() }), {
    description: 'Holder, fencing number, waiters with their ages, pause and why. No input.',
  });
  for (const { signal, read, description } of messages) {
    const handler = (raw?: RawValue) => {
      run.signals += 1;
      take(run, read(readSignal(raw)));
    };
    setHandler(signal, handler, { description });
  }
}

function beginWith(run: LockRun, policy: LockPolicy): void {
  run.policy = policy;
  for (const { event, nowMs } of run.inbox) apply(run, { event, nowMs, policy });
  run.inbox = [];
  showAndWatchTheClock(run, policy);
}

/** Called by what Temporal's history has an event for: signals, timers and answers to signals. */
function take(run: LockRun, event: LockEvent): void {
  const nowMs = Date.now();
  run.nowMs = nowMs;
  if (run.policy === null) {
    run.inbox.push({ event, nowMs });
    return;
  }
  apply(run, { event, nowMs, policy: run.policy });
  showAndWatchTheClock(run, run.policy);
}

function apply(run: LockRun, happened: { event: LockEvent; nowMs: number; policy: LockPolicy }): void {
  const { state, commands } = applyLockEvent({ state: run.state, ...happened });
  run.state = state;
  for (const command of commands) carryOut(run, command);
}

function carryOut(run: LockRun, command: LockCommand): void {
  const { lockId } = run;
  if (command.type === 'grant') {
    grant(run, command);
  } else if (command.type === 'tellPaused') {
    const { reason, untilMs } = command;
    const until = untilMs === null ? {} : { until: new Date(untilMs).toISOString() };
    for (const { requestId, workflowId } of command.to) {
      const message: LockPaused = { lockId, requestId, reason, ...until };
      tell(run, { workflowId, signal: lockPausedSignal.name, message });
    }
  } else {
    for (const { requestId, workflowId } of command.to) {
      const message: LockResumed = { lockId, requestId };
      tell(run, { workflowId, signal: lockResumedSignal.name, message });
    }
  }
}

function grant(run: LockRun, command: Extract<LockCommand, { type: 'grant' }>): void {
  const { requestId, workflowId, fencingNumber, askedAtMs } = command;
  const message: LockGranted = { lockId: run.lockId, requestId, fencingNumber, askedAtMs };
  run.unanswered += 1;
  send({ workflowId, signal: lockGrantedSignal.name, message })
    .then(
      (): LockEvent => ({ type: 'grantDelivered', requestId, fencingNumber }),
      (error: unknown): LockEvent => {
        return { type: 'grantFailed', requestId, fencingNumber, workflowGone: isWorkflowGone(error) };
      },
    )
    .then((event) => {
      run.unanswered -= 1;
      take(run, event);
    });
}

/** A waiter that cannot be told is found out when its turn comes. */
function tell(run: LockRun, message: OutgoingSignal): void {
  const answered = () => {
    run.unanswered -= 1;
  };
  run.unanswered += 1;
  send(message).then(answered, answered);
}

interface OutgoingSignal {
  workflowId: string;
  signal: string;
  message: LockGranted | LockPaused | LockResumed;
}

function send({ workflowId, signal, message }: OutgoingSignal): Promise<void> {
  const receiver = getExternalWorkflowHandle(workflowId);
  return CancellationScope.nonCancellable(() => receiver.signal<[typeof message]>(signal, message));
}

function isWorkflowGone(error: unknown): boolean {
  return error instanceof Error && 'type' in error && error.type === workflowGone;
}

function showAndWatchTheClock(run: LockRun, policy: LockPolicy): void {
  setCurrentDetails(describeLock(viewLock(run)));
  const dueMs = nextWakeUpMs({ state: run.state, policy });
  if (dueMs === null || isOver(run) || (run.alarm !== null && run.alarm.atMs <= dueMs)) return;
  run.alarm?.cancel();
  startAlarm(run, dueMs);
}

// An alarm that is early looks again later: that costs fewer events than moving it with every hand-off.
function startAlarm(run: LockRun, atMs: number): void {
  const delayMs = Math.max(1, atMs - run.nowMs);
  CancellationScope.nonCancellable(async () => {
    const scope = new CancellationScope();
    const alarm = { atMs, cancel: () => scope.cancel() };
    run.alarm = alarm;
    await scope.run(() => sleep(delayMs, { summary: 'looks at the clock again' }));
    run.alarm = null;
    take(run, { type: 'tick' });
  }).catch((error: unknown) => {
    if (!isCancellation(error)) throw error;
  });
}

function wantsNewRun(run: LockRun): boolean {
  const signalsPerRun = Math.max(1, run.policy?.continueAsNewAfterSignals ?? defaultSignalsPerRun);
  return run.signals >= signalsPerRun || workflowInfo().continueAsNewSuggested;
}

/** Over only between commands: what was sent has its answer, so that nothing of it is lost to the next run. */
function isOver(run: LockRun): boolean {
  if (run.policy === null || run.unanswered > 0) return false;
  return wantsNewRun(run) || isIdleOver({ state: run.state, nowMs: run.nowMs, policy: run.policy });
}

async function startNewRun(run: LockRun): Promise<void> {
  const key = findLockKey(run.lockId) ?? { supplier: '', packageName: run.lockId };
  await continueAsNew<typeof packageLock>({ ...key, carried: run.state });
}
