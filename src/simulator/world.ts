import { setTimeout as wait } from 'node:timers/promises';
import { type CallSubject, type FaultPlan, planFaults } from './faults.ts';
import { type Duration, drawMs, type LatencyProfile } from './latency.ts';
import type { Persistence } from './persistence.ts';
import { createRandom } from './random.ts';
import type { SimulatorState } from './state.ts';

/** One life of the simulated outside; a reset ends it (`signal`) and begins another. */
export interface World {
  readonly state: SimulatorState;
  readonly signal: AbortSignal;
  random(): number;
  nextSequence(): number;
  plan(subject: CallSubject): FaultPlan;
  drawMs(part: Exclude<keyof LatencyProfile, 'webhookRetryMs'>): number;
  /** Waits so many ms; rejects with an AbortError when this life ends. */
  sleep(ms: number): Promise<void>;
  /** Runs the task at an ISO time unless this life ends before. */
  at(time: string, task: () => Promise<void>): void;
  changed(): void;
  saved(): Promise<void>;
  end(): void;
}

export function createWorld({
  state,
  persistence,
}: {
  state: SimulatorState;
  persistence: Persistence;
}): World {
  const controller = new AbortController();
  const random = createRandom(state);
  const sleep = (ms: number) => wait(ms, undefined, { signal: controller.signal });
  return {
    state,
    signal: controller.signal,
    random,
    nextSequence: () => {
      state.sequence += 1;
      return state.sequence;
    },
    plan: (subject) => {
      state.callCounts[subject.call] = (state.callCounts[subject.call] ?? 0) + 1;
      return planFaults({ rules: state.faults, subject });
    },
    drawMs: (part) => drawMs({ duration: state.config.latency[part] satisfies Duration, random }),
    sleep,
    at: (time, task) => {
      sleep(Math.max(0, Date.parse(time) - Date.now()))
        .then(task)
        .catch((error: unknown) => {
          if (!controller.signal.aborted) console.error('Failed to run a task of the simulator:', error);
        });
    },
    // A life that ended writes no more: its file belongs to the next one.
    changed: () => {
      if (!controller.signal.aborted) persistence.changed(state);
    },
    saved: async () => {
      if (!controller.signal.aborted) await persistence.save(state);
    },
    end: () => controller.abort(),
  };
}
