import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';

/** Actors on one virtual clock, each step of which is chosen by a dice: the same dice, the same run. */
export interface Interleaving {
  /** ISO UTC. */
  now: () => string;
  nowMs: () => number;
  sleep: (ms: number) => Promise<void>;
  /** The actor that asks; undefined outside of all. */
  actor: () => string | undefined;
  /** Runs all to their ends; an actor that is killed ends as `killed`. */
  play: (actors: Record<string, () => Promise<string>>) => Promise<Record<string, string>>;
  /** The asking actor does nothing more. */
  killMe: () => Promise<never>;
}

interface Waiting {
  atMs: number;
  resume: () => void;
}

/** `dice(n)` gives a whole number from 0 to n - 1. */
export function createInterleaving(dice: (sides: number) => number): Interleaving {
  const storage = new AsyncLocalStorage<string>();
  let nowMs = Date.parse('2026-11-21T10:00:00.000Z');
  let waiting: Waiting[] = [];
  const ends: Record<string, string> = {};
  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      waiting.push({ atMs: nowMs + ms, resume: resolve });
    });
  const stepOne = () => {
    nowMs = Math.max(nowMs, Math.min(...waiting.map(({ atMs }) => atMs)));
    const ready = waiting.filter(({ atMs }) => atMs <= nowMs);
    const next = ready[dice(ready.length)];
    waiting = waiting.filter((other) => other !== next);
    next?.resume();
  };
  return {
    now: () => new Date(nowMs).toISOString(),
    nowMs: () => nowMs,
    sleep,
    actor: () => storage.getStore(),
    killMe: () => {
      ends[storage.getStore() ?? ''] = 'killed';
      return new Promise(() => undefined);
    },
    async play(actors) {
      for (const [name, act] of Object.entries(actors)) {
        delete ends[name];
        void storage.run(name, async () => {
          try {
            ends[name] = await act();
          } catch (error) {
            ends[name] = `threw ${error instanceof Error ? (error.stack ?? error.message) : error}`;
          }
        });
      }
      for (;;) {
        await setImmediate();
        if (Object.keys(actors).every((name) => ends[name] !== undefined)) return { ...ends };
        if (waiting.length > 0) stepOne();
      }
    },
  };
}
