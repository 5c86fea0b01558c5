import type { LockState, LockView } from './contract/package-lock.ts';
import { who } from './signals-to-send.ts';

const shownWaiters = 20;

/** What the query `lockState` answers: the state in ISO times and ages. */
export function viewLock(input: { lockId: string; state: LockState; nowMs: number }): LockView {
  const { state, nowMs } = input;
  const timeOf = ({ sinceMs }: { sinceMs: number }) => ({
    since: isoTime(sinceMs),
    ageSeconds: Math.max(0, Math.round((nowMs - sinceMs) / 1000)),
  });
  const { holder, pause, lastRefusal, lastAct, earlierActs = [] } = state;
  return {
    lockId: input.lockId,
    holder: holder && {
      requestId: holder.requestId,
      workflowId: holder.workflowId,
      ...timeOf(holder),
      fencingNumber: holder.fencingNumber,
      delivered: holder.delivered,
    },
    fencingNumber: state.lastFencingNumber,
    waiters: state.waiters.map((waiter, index) => ({
      place: index + 1,
      requestId: waiter.requestId,
      workflowId: waiter.workflowId,
      ...timeOf(waiter),
    })),
    pause: pause && {
      kind: pause.kind,
      reason: pause.reason,
      by: pause.by,
      since: isoTime(pause.sinceMs),
      until: pause.untilMs === null ? null : isoTime(pause.untilMs),
    },
    breaker: state.breaker,
    lastRefusal: lastRefusal && {
      signal: lastRefusal.signal,
      sentence: lastRefusal.sentence,
      at: isoTime(lastRefusal.atMs),
    },
    lastAct: lastAct && viewAct(lastAct),
    earlierActs: earlierActs.map(viewAct),
  };
}

function viewAct({ act, reason, by, atMs }: NonNullable<LockState['lastAct']>) {
  return { act, reason, by, at: isoTime(atMs) };
}

/** The lock in markdown, for the workflow's current details. */
export function describeLock(view: LockView): string {
  return [
    `**${headline(view)}**`,
    ...(view.pause === null ? [] : [describePause(view.pause)]),
    ...describeWaiters(view.waiters),
    ...(view.lastAct === null
      ? []
      : [
          `Last act: ${view.lastAct.act} by ${view.lastAct.by} at ${view.lastAct.at}. ${view.lastAct.reason}`,
        ]),
    ...(view.lastRefusal === null
      ? []
      : [`Last refused message (${view.lastRefusal.at}): ${view.lastRefusal.sentence}`]),
    ...describeNext(view),
    [
      '**Signals to send:**',
      `\n- \`pauseLock\` with no input, or \`{${who}}\`: nobody gets the lock until \`resumeLock\``,
      `- \`resumeLock\` with no input, or \`{${who}}\`: ends a pause`,
      `- \`forceRelease\` with \`{"requestId": "${view.holder?.requestId ?? '...'}", ${who}}\`: takes the lock from its holder, or a waiter out of the queue; what a holder has sent stays guarded by the ledger`,
    ].join('\n'),
  ].join('\n\n');
}

/** What happens next by itself. */
function describeNext({ holder, pause, waiters }: LockView): string[] {
  if (pause !== null) return [];
  if (holder === null) return ['**Next:** it is given to whoever asks; ends by itself when it stays free.'];
  const [first] = waiters;
  if (!first) return ['**Next:** it is free again once its holder releases it.'];
  return [
    `**Next:** given to ${first.requestId} once its holder releases it; a holder whose workflow is gone is found out by itself.`,
  ];
}

function headline(view: LockView): string {
  const { holder, waiters } = view;
  const waiting = waiters.length === 1 ? '1 request waits' : `${waiters.length} requests wait`;
  if (holder === null) return view.pause === null ? 'Free' : `Paused, ${waiting}`;
  const held = `Held by ${holder.requestId} (${holder.workflowId}) since ${holder.since}, number ${holder.fencingNumber}`;
  return `${held}; ${waiting}${view.pause === null ? '' : '; paused'}`;
}

function describePause(pause: NonNullable<LockView['pause']>): string {
  const end =
    pause.until === null ? 'until somebody sends resumeLock' : `until ${pause.until}, then one trial`;
  return `Paused by ${pause.by} since ${pause.since}, ${end}. ${pause.reason}`;
}

function describeWaiters(waiters: LockView['waiters']): string[] {
  if (waiters.length === 0) return [];
  const lines = waiters
    .slice(0, shownWaiters)
    .map(
      ({ place, requestId, workflowId, since }) => `${place}. ${requestId} (${workflowId}) since ${since}`,
    );
  const hidden = waiters.length - lines.length;
  return [[...lines, ...(hidden > 0 ? [`... and ${hidden} more`] : [])].join('\n')];
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
