import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  defineQuery,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { ReleaseOutcome } from '../../workflows/contract/package-lock.ts';
import { defineRawSignal } from '../../workflows/contract/read-signal.ts';
import { type LockResult, usePackageLock } from '../../workflows/with-package-lock.ts';

export { packageLock } from '../../workflows/package-lock.ts';

/** One requester of a test: asks for the lock, holds it, gives it back. */
export interface RequesterInput {
  supplier: string;
  packageName: string;
  requestId: string;
  waitLimitMs?: number;
  /** How long it holds the lock; missing: until the signal `finish`. */
  holdMs?: number;
  outcome?: ReleaseOutcome;
  /** Stays alive after its pass until the signal `leave`. */
  lingers?: boolean;
  passes?: number;
  failsInside?: boolean;
}

export interface Turn {
  fencingNumber: number;
  fromMs: number;
  toMs: number;
}

export interface RequesterView {
  waits: boolean;
  holds: number | null;
  pauses: string[];
  resumes: number;
  waitings: number;
  ended: LockResult<Turn>[];
}

export const requesterQuery = defineQuery<RequesterView>('requester');
export const finishSignal = defineRawSignal('finish');
export const leaveSignal = defineRawSignal('leave');
export const abandonSignal = defineRawSignal('abandon');
export const askAgainSignal = defineRawSignal('askAgain');

export async function lockRequester(input: RequesterInput): Promise<LockResult<Turn>[]> {
  const seen = { pauses: [] as string[], resumes: 0, waitings: 0, ended: [] as LockResult<Turn>[] };
  const said = { finish: false, leave: false, abandon: false };
  const lock = usePackageLock({
    onPaused: ({ reason }) => void seen.pauses.push(reason),
    onResumed: () => {
      seen.resumes += 1;
    },
  });
  setHandler(requesterQuery, () => ({
    ...seen,
    waits: lock.waitsFor() !== null,
    holds: lock.holds()?.fencingNumber ?? null,
  }));
  setHandler(finishSignal, () => {
    said.finish = true;
  });
  setHandler(leaveSignal, () => {
    said.leave = true;
  });
  setHandler(abandonSignal, () => {
    said.abandon = true;
  });
  setHandler(askAgainSignal, () => lock.requestAgain());
  const { supplier, packageName, requestId, waitLimitMs = 60_000 } = input;
  for (let pass = 0; pass < (input.passes ?? 1); pass += 1) {
    const wish = {
      supplier,
      packageName,
      requestId,
      waitLimitMs,
      isAbandoned: () => said.abandon,
      onWaiting: () => {
        seen.waitings += 1;
      },
    };
    const ended = await lock.withLock(wish, async ({ fencingNumber }) => {
      const fromMs = Date.now();
      if (input.failsInside) throw ApplicationFailure.nonRetryable('inside the lock');
      if (input.holdMs === undefined) await condition(() => said.finish);
      else if (input.holdMs > 0) await sleep(input.holdMs);
      const value: Turn = { fencingNumber, fromMs, toMs: Date.now() };
      return { outcome: input.outcome ?? 'supplierAnswered', value };
    });
    seen.ended.push(ended);
  }
  if (input.lingers) await condition(() => said.leave);
  await condition(allHandlersFinished);
  return seen.ended;
}
