import { readFileSync } from 'node:fs';

const lookEveryMs = 500;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Resolves with a word for the log when this process should end: by signal, or because the npm that started it is
 * gone (npm cannot pass on its own SIGKILL, and its shell keeps other signals). A second signal ends at once. */
export function shutdownRequested(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      process.once(signal, () => {
        resolve(signal);
        process.once(signal, () => process.exit(1));
      });
    }
    if (process.env.npm_lifecycle_event !== undefined) watchParents(() => resolve('npm is gone'));
  });
}

function watchParents(onGone: () => void): void {
  const before = parents();
  const timer = setInterval(() => {
    if (parents() === before) return;
    clearInterval(timer);
    onGone();
  }, lookEveryMs);
  timer.unref();
}

/** Our parent, and where that is the shell which npm put between, also the parent of that. */
function parents(): string {
  const parent = process.ppid;
  try {
    const stat = readFileSync(`/proc/${parent}/stat`, 'utf8');
    const [, name = '', grandparent = ''] = /\((.*)\) \S (\d+)/.exec(stat) ?? [];
    return /sh$/.test(name) ? `${parent} ${grandparent}` : `${parent}`;
  } catch {
    // No /proc: macOS, whose shell leaves its place to the command.
    return `${parent}`;
  }
}
