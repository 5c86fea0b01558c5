/** How often an order's owner was gone and was started again. */
export interface Restarts {
  times: number;
  /** ISO UTC. */
  lastAt: string;
  /** How the last one had ended, in words. */
  why: string;
}

const minuteMs = 60_000;

/** Least time between one restart of an order and the next; the last one repeats. */
const pausesMs = [1 * minuteMs, 5 * minuteMs, 30 * minuteMs] as const;

/** True where the order may be started again now: at once for the first time, then ever more slowly. */
export function mayRestart({ restarts, nowMs }: { restarts: Restarts | null; nowMs: number }): boolean {
  if (restarts === null || restarts.times < 1) return true;
  const pauseMs = pausesMs[Math.min(restarts.times, pausesMs.length) - 1] ?? pausesMs[0];
  return nowMs - Date.parse(restarts.lastAt) >= pauseMs;
}
