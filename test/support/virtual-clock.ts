/** A clock that stands still unless somebody sleeps on it: hours of waiting pass in a moment. */
export interface VirtualClock {
  /** ISO UTC. */
  now: () => string;
  sleep: (ms: number) => Promise<void>;
  advance: (ms: number) => void;
}

export function createVirtualClock(startIso = '2026-11-21T10:00:00.000Z'): VirtualClock {
  let nowMs = Date.parse(startIso);
  return {
    now: () => new Date(nowMs).toISOString(),
    sleep: async (ms) => {
      nowMs += ms;
    },
    advance: (ms) => {
      nowMs += ms;
    },
  };
}
