import { type ReleaseOutcome, releaseOutcomes } from './contract/package-lock.ts';
import { findInteger, findText, type SignalInput } from './contract/read-signal.ts';
import type { LockEvent } from './package-lock-rules.ts';

// The server fails a workflow task for good that signals an id above its limit (1,000 by default).
const maxIdLength = 255;
const maxReasonLength = 500;
const unnamedSender = 'Temporal Web UI';

/** `requestLock {requestId, workflowId, askedAtMs?}`; anything else is refused. */
export function readRequestLock(input: SignalInput): LockEvent {
  const requestId = findId(findText({ from: input, name: 'requestId' }));
  const workflowId = findId(findText({ from: input, name: 'workflowId' }));
  if (requestId !== undefined && workflowId !== undefined) {
    const askedAtMs = findInteger({ from: input, name: 'askedAtMs' }) ?? 0;
    return { type: 'requested', requestId, workflowId, askedAtMs };
  }
  return refusal({ signal: 'requestLock', input, needs: 'requestId and workflowId' });
}

/** `release {requestId, outcome?, fencingNumber?}`; an outcome of another name is `noVerdict`. */
export function readRelease(input: SignalInput): LockEvent {
  const requestId = findId(findText({ from: input, name: 'requestId' }));
  if (requestId === undefined) return refusal({ signal: 'release', input, needs: 'requestId' });
  const outcome = findOutcome(findText({ from: input, name: 'outcome' })) ?? 'noVerdict';
  const fencingNumber = findInteger({ from: input, name: 'fencingNumber' }) ?? null;
  return { type: 'released', requestId, outcome, fencingNumber };
}

/** `forceRelease {requestId, reason?, by?}`; a bare text is the requestId. */
export function readForceRelease(input: SignalInput): LockEvent {
  const requestId = findId(input.kind === 'text' ? input.text : findText({ from: input, name: 'requestId' }));
  if (requestId === undefined) return refusal({ signal: 'forceRelease', input, needs: 'requestId' });
  const from: SignalInput = input.kind === 'text' ? { kind: 'none' } : input;
  return { type: 'forceReleased', requestId, ...readWords(from) };
}

/** `pauseLock {reason?, by?}`; a bare text is the reason, unreadable input pauses without one. */
export function readPauseLock(input: SignalInput): LockEvent {
  return { type: 'paused', ...readWords(input) };
}

/** `resumeLock {reason?, by?}`; a bare text is the reason, unreadable input resumes without one. */
export function readResumeLock(input: SignalInput): LockEvent {
  return { type: 'resumed', ...readWords(input) };
}

function readWords(input: SignalInput): { reason: string; by: string } {
  const by = findText({ from: input, name: 'by' }) ?? unnamedSender;
  if (input.kind === 'unreadable')
    return { reason: `No reason: the message was unreadable, ${input.why}.`, by };
  const reason = input.kind === 'text' ? input.text : findText({ from: input, name: 'reason' });
  return { reason: shorten(reason ?? 'No reason given.'), by: shorten(by) };
}

function refusal(given: { signal: string; input: SignalInput; needs: string }): LockEvent {
  const why =
    given.input.kind === 'unreadable' ? `the message was unreadable, ${given.input.why}` : 'not given';
  const sentence = `Failed to read ${given.signal}: it needs ${given.needs} (${why}).`;
  return { type: 'refused', signal: given.signal, sentence };
}

function findId(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= maxIdLength && text.isWellFormed() ? text : undefined;
}

function findOutcome(text: string | undefined): ReleaseOutcome | undefined {
  return releaseOutcomes.find((outcome) => outcome === text);
}

function shorten(text: string): string {
  return text.toWellFormed().slice(0, maxReasonLength);
}
