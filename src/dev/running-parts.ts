import type { GuardedProcess } from './child-process.ts';

/** The parts of a service that run as processes of ours, in the order of their start. */
export interface RunningParts {
  add(part: { name: string; process: GuardedProcess }): void;
  all(): readonly { name: string; process: GuardedProcess }[];
  /** Resolves with a sentence when a part ends although nobody stopped it. */
  died: Promise<string>;
  /** Ends them one after the other, the latest first: what is asked ends before what it asks. */
  stop(): Promise<void>;
}

/** An empty list of parts. */
export function createRunningParts(): RunningParts {
  const parts: { name: string; process: GuardedProcess }[] = [];
  let stopping = false;
  const { promise: died, resolve } = Promise.withResolvers<string>();
  return {
    add(part) {
      parts.push(part);
      void part.process.exited.then((code) => {
        if (stopping) return;
        const words = part.process.lastLines().join('\n');
        const quote = words === '' ? '' : ` It said:\n${words}`;
        resolve(`The ${part.name} ended unexpectedly (exit code ${code}). Start again.${quote}`);
      });
    },
    all: () => parts,
    died,
    async stop() {
      stopping = true;
      for (const { process } of parts.toReversed()) await process.stop();
    },
  };
}
