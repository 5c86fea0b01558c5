import { assertNever } from '../src/domain/assert-never.ts';
import type { LockPause, LockPolicy, LockState, ReleaseOutcome } from './contract/package-lock.ts';

/** What happened to the lock. */
export type LockEvent =
  | ({ type: 'requested' } & Asker)
  | { type: 'released'; requestId: string; outcome: ReleaseOutcome; fencingNumber: number | null }
  | { type: 'forceReleased'; requestId: string; reason: string; by: string }
  | { type: 'paused'; reason: string; by: string }
  | { type: 'resumed'; reason: string; by: string }
  | { type: 'grantDelivered'; requestId: string; fencingNumber: number }
  | { type: 'grantFailed'; requestId: string; fencingNumber: number; workflowGone: boolean }
  | { type: 'refused'; signal: string; sentence: string }
  | { type: 'tick' };

export interface Recipient {
  requestId: string;
  workflowId: string;
}

interface Asker extends Recipient {
  askedAtMs: number;
}

/** What the workflow has to send, in this order, once the state is recorded. */
export type LockCommand =
  | ({ type: 'grant'; fencingNumber: number } & Asker)
  | { type: 'tellPaused'; to: Recipient[]; reason: string; untilMs: number | null }
  | { type: 'tellResumed'; to: Recipient[] };

interface Turn {
  state: LockState;
  commands: LockCommand[];
  nowMs: number;
  policy: LockPolicy;
}

/** The state of a lock that nobody has asked for yet. */
export function blankLockState(input: { nowMs: number }): LockState {
  return {
    holder: null,
    waiters: [],
    lastFencingNumber: 0,
    pause: null,
    breaker: { unreachableInARow: 0, pausesInARow: 0 },
    blankSinceMs: input.nowMs,
    lastRefusal: null,
    lastAct: null,
  };
}

/** The rules of the package lock: pure, the state given is left as it is. */
export function applyLockEvent(input: {
  state: LockState;
  event: LockEvent;
  nowMs: number;
  policy: LockPolicy;
}): { state: LockState; commands: LockCommand[] } {
  const turn: Turn = {
    state: { ...input.state, waiters: [...input.state.waiters] },
    commands: [],
    nowMs: input.nowMs,
    policy: input.policy,
  };
  takeEvent(turn, input.event);
  grantNext(turn);
  turn.state.blankSinceMs = isBlank(turn.state) ? (turn.state.blankSinceMs ?? turn.nowMs) : null;
  return { state: turn.state, commands: turn.commands };
}

/** When the lock has to look at the clock again (Unix ms); null where time alone changes nothing. */
export function nextWakeUpMs(input: { state: LockState; policy: LockPolicy }): number | null {
  const { state, policy } = input;
  const moments = [
    state.pause?.untilMs ?? null,
    holderCheckDueMs(state, policy),
    state.blankSinceMs === null ? null : state.blankSinceMs + policy.idleMs,
  ].filter((moment) => moment !== null);
  return moments.length === 0 ? null : Math.min(...moments);
}

/** True once the lock has been blank for so long that it may end; the next request starts it again. */
export function isIdleOver(input: { state: LockState; nowMs: number; policy: LockPolicy }): boolean {
  const { blankSinceMs } = input.state;
  return blankSinceMs !== null && input.nowMs >= blankSinceMs + input.policy.idleMs;
}

function takeEvent(turn: Turn, event: LockEvent): void {
  if (event.type === 'requested') request(turn, event);
  else if (event.type === 'released') release(turn, event);
  else if (event.type === 'forceReleased') forceRelease(turn, event);
  else if (event.type === 'paused') pauseByPerson(turn, event);
  else if (event.type === 'resumed') resumeByPerson(turn, event);
  else if (event.type === 'grantDelivered') markDelivered(turn, event);
  else if (event.type === 'grantFailed') passOver(turn, event);
  else if (event.type === 'refused') refuse(turn, event);
  else if (event.type === 'tick') tick(turn);
  else assertNever(event);
}

function request(turn: Turn, asked: Asker): void {
  const { state } = turn;
  if (state.holder?.requestId === asked.requestId) {
    state.holder = { ...state.holder, ...newerOf(state.holder, asked) };
    sendGrant(turn);
    return;
  }
  const place = state.waiters.findIndex(({ requestId }) => requestId === asked.requestId);
  const before = state.waiters[place];
  if (before === undefined) state.waiters.push({ ...askerOf(asked), sinceMs: turn.nowMs });
  else state.waiters[place] = { ...before, ...newerOf(before, asked) };
  if (state.pause !== null) tellPaused(turn, state.pause, [asked]);
}

/** A late copy of an earlier request does not take the place of the newer one. */
function newerOf(known: Asker, asked: Asker): Asker {
  return askerOf(asked.askedAtMs >= known.askedAtMs ? asked : known);
}

function release(
  turn: Turn,
  given: { requestId: string; outcome: ReleaseOutcome; fencingNumber: number | null },
): void {
  const { state } = turn;
  if (state.holder?.requestId === given.requestId) {
    if (given.fencingNumber !== null && given.fencingNumber !== state.holder.fencingNumber) return;
    state.holder = null;
    judgeSupplier(turn, given.outcome);
  } else if (given.fencingNumber === null) {
    state.waiters = state.waiters.filter(({ requestId }) => requestId !== given.requestId);
  }
}

function forceRelease(turn: Turn, given: { requestId: string; reason: string; by: string }): void {
  const { holder, waiters } = turn.state;
  const isKnown = [holder, ...waiters].some((one) => one?.requestId === given.requestId);
  if (isKnown) {
    release(turn, { requestId: given.requestId, outcome: 'noVerdict', fencingNumber: null });
    noteAct(turn, { act: 'forceRelease', reason: given.reason, by: given.by });
  } else {
    const sentence = 'Failed to release: no request of this id holds the lock or waits for it.';
    refuse(turn, { signal: 'forceRelease', sentence });
  }
}

function judgeSupplier(turn: Turn, outcome: ReleaseOutcome): void {
  if (outcome === 'supplierAnswered') turn.state.breaker = { unreachableInARow: 0, pausesInARow: 0 };
  else if (outcome === 'supplierUnreachable') countUnreachable(turn);
  else if (outcome === 'supplierRejectedCredentials') {
    const reason = 'The supplier rejects our credentials. Correct them, then send resumeLock.';
    pause(turn, { kind: outcome, reason, by: 'the lock', untilMs: null });
  } else if (outcome !== 'noVerdict') assertNever(outcome);
}

function countUnreachable(turn: Turn): void {
  const { breakerAfter, breakerPausesMs } = turn.policy;
  if (breakerAfter < 1 || breakerPausesMs.length === 0) return;
  const { unreachableInARow, pausesInARow } = turn.state.breaker;
  const failures = unreachableInARow + 1;
  const isTripped = failures >= breakerAfter;
  turn.state.breaker = { unreachableInARow: failures, pausesInARow: pausesInARow + (isTripped ? 1 : 0) };
  if (!isTripped) return;
  const pauseMs = breakerPausesMs[Math.min(pausesInARow, breakerPausesMs.length - 1)] ?? 0;
  const reason = `The supplier could not be reached, ${failures} times in a row. One order tries again by itself.`;
  pause(turn, { kind: 'supplierUnreachable', reason, by: 'the lock', untilMs: turn.nowMs + pauseMs });
}

function pause(turn: Turn, begun: Omit<LockPause, 'sinceMs'>): void {
  const { state } = turn;
  if (state.pause?.kind === 'person' && begun.kind !== 'person') return;
  const wasPaused = state.pause !== null;
  state.pause = { ...begun, sinceMs: state.pause?.sinceMs ?? turn.nowMs };
  if (!wasPaused) tellPaused(turn, state.pause, state.waiters);
}

function pauseByPerson(turn: Turn, given: { reason: string; by: string }): void {
  pause(turn, { kind: 'person', reason: given.reason, by: given.by, untilMs: null });
  noteAct(turn, { act: 'pauseLock', reason: given.reason, by: given.by });
}

function resumeByPerson(turn: Turn, given: { reason: string; by: string }): void {
  if (turn.state.pause === null) {
    refuse(turn, { signal: 'resumeLock', sentence: 'Failed to resume: the lock is not paused.' });
  } else {
    noteAct(turn, { act: 'resumeLock', reason: given.reason, by: given.by });
    resume(turn);
  }
}

function resume(turn: Turn): void {
  turn.state.pause = null;
  if (turn.state.waiters.length === 0) return;
  turn.commands.push({ type: 'tellResumed', to: turn.state.waiters.map(recipientOf) });
}

function markDelivered(turn: Turn, grant: { requestId: string; fencingNumber: number }): void {
  const { state } = turn;
  if (state.holder !== null && isGrantOf(state.holder, grant)) {
    state.holder = { ...state.holder, delivered: true };
  }
}

// A workflow that is gone is not the end of its purchase: the ledger's fence keeps the next holder waiting for that.
function passOver(
  turn: Turn,
  grant: { requestId: string; fencingNumber: number; workflowGone: boolean },
): void {
  const { holder } = turn.state;
  if (holder === null || !isGrantOf(holder, grant)) return;
  if (grant.workflowGone || !holder.delivered) turn.state.holder = null;
}

function tick(turn: Turn): void {
  const { state, nowMs } = turn;
  const untilMs = state.pause?.untilMs ?? null;
  if (untilMs !== null && nowMs >= untilMs) resume(turn);
  const dueMs = holderCheckDueMs(state, turn.policy);
  if (dueMs !== null && nowMs >= dueMs) sendGrant(turn);
}

/** The next waiter becomes the holder before its grant is sent: a crash in between sends it again. */
function grantNext(turn: Turn): void {
  const { state } = turn;
  if (state.holder !== null || state.pause !== null) return;
  const [next, ...others] = state.waiters;
  if (next === undefined) return;
  state.waiters = others;
  state.lastFencingNumber = Math.max(state.lastFencingNumber + 1, turn.nowMs);
  state.holder = {
    ...askerOf(next),
    sinceMs: turn.nowMs,
    fencingNumber: state.lastFencingNumber,
    grantSentAtMs: turn.nowMs,
    delivered: false,
  };
  sendGrant(turn);
}

function sendGrant(turn: Turn): void {
  const { holder } = turn.state;
  if (holder === null) return;
  turn.state.holder = { ...holder, grantSentAtMs: turn.nowMs };
  turn.commands.push({ type: 'grant', ...askerOf(holder), fencingNumber: holder.fencingNumber });
}

function tellPaused(turn: Turn, { reason, untilMs }: LockPause, to: Recipient[]): void {
  if (to.length > 0) turn.commands.push({ type: 'tellPaused', to: to.map(recipientOf), reason, untilMs });
}

function refuse(turn: Turn, refused: { signal: string; sentence: string }): void {
  turn.state.lastRefusal = { signal: refused.signal, sentence: refused.sentence, atMs: turn.nowMs };
}

/** So many acts are kept beside the last one. */
const earlierActsMax = 20;

/** Each act has a time of its own, by which it is recorded once: also of two that came in one task. */
function noteAct(turn: Turn, done: Omit<NonNullable<LockState['lastAct']>, 'atMs'>): void {
  const { lastAct, earlierActs = [] } = turn.state;
  if (lastAct !== null) turn.state.earlierActs = [...earlierActs, lastAct].slice(-earlierActsMax);
  turn.state.lastAct = { ...done, atMs: Math.max(turn.nowMs, (lastAct?.atMs ?? 0) + 1) };
}

function holderCheckDueMs(state: LockState, policy: LockPolicy): number | null {
  if (state.holder === null || state.pause !== null || state.waiters.length === 0) return null;
  return state.holder.grantSentAtMs + policy.holderCheckEveryMs;
}

function isBlank({ holder, waiters, pause: paused, breaker }: LockState): boolean {
  if (holder !== null || waiters.length > 0 || paused !== null) return false;
  return breaker.unreachableInARow === 0 && breaker.pausesInARow === 0;
}

function isGrantOf(
  holder: Recipient & { fencingNumber: number },
  grant: { requestId: string; fencingNumber: number },
) {
  return holder.requestId === grant.requestId && holder.fencingNumber === grant.fencingNumber;
}

function recipientOf({ requestId, workflowId }: Recipient): Recipient {
  return { requestId, workflowId };
}

function askerOf({ requestId, workflowId, askedAtMs }: Asker): Asker {
  return { requestId, workflowId, askedAtMs };
}
