/** A time in milliseconds: fixed, drawn evenly from a range, or usually around `typical` with a tail up to `max`. */
export type Duration = number | { min: number; max: number } | { typical: number; max: number };

export interface LatencyProfile {
  buyMs: Duration;
  /** From the sale (or a reinstall) until the login shows. */
  credentialsMs: Duration;
  othersMs: Duration;
  /** From an accepted refund to its outcome. */
  refundMs: Duration;
  /** Waits before each repeat of a webhook that got no 2xx. */
  webhookRetryMs: number[];
}

export type ProfileName = 'fast' | 'real';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** `real` keeps the times seen at the suppliers; `fast` is for demos and tests. */
export const latencyProfiles: Record<ProfileName, LatencyProfile> = {
  fast: {
    buyMs: 500,
    credentialsMs: 1000,
    othersMs: 5,
    refundMs: 300,
    webhookRetryMs: [500, 1000, 2000],
  },
  real: {
    buyMs: { typical: 30 * SECOND, max: 180 * SECOND },
    credentialsMs: { min: 10 * SECOND, max: 180 * SECOND },
    othersMs: { min: 150, max: 1500 },
    refundMs: { min: 30 * SECOND, max: 5 * MINUTE },
    webhookRetryMs: [2 * MINUTE, 10 * MINUTE, 30 * MINUTE],
  },
};

// One purchase in ten takes the long tail: rare enough for a demo to flow, often enough to meet it in one.
const TAIL_SHARE = 0.1;

/** Draws one time in ms; `random` answers numbers in [0, 1). */
export function drawMs({ duration, random }: { duration: Duration; random: () => number }): number {
  if (typeof duration === 'number') return duration;
  if ('min' in duration) return duration.min + random() * (duration.max - duration.min);
  const { typical, max } = duration;
  if (random() < TAIL_SHARE) return typical + random() * (max - typical);
  return typical * (0.75 + random() * 0.5);
}
