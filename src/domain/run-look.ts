/** What Temporal says of a workflow id now. */
export type RunLook =
  /** `taskAttempts`: tries of the workflow task that is due, 0 where none is. */
  | { kind: 'running'; runId: string; taskAttempts: number }
  /** `ended`: how the last run ended, in words; null where Temporal knows none. `wasStopped`: not by itself. */
  | { kind: 'gone'; runId: string | null; ended: string | null; wasStopped: boolean };
