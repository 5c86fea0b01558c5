import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';

/** A held lock file. It is kept fresh by a timer and removed by `release()`. */
export interface LockFile {
  /** Names further processes that must have ended before anybody else may have the lock. */
  addPids(pids: number[]): void;
  release(): void;
}

/** `isEnding`: the holder itself is dead, but a process that it left behind (`heldBy`) is about to end. */
export type LockAttempt = { lock: LockFile } | { heldBy: number; isEnding: boolean };

const freshEveryMs = 5_000;
/** A holder that did not freshen its lock for so long is gone, even if a process has its pid (a reboot). */
const staleAfterMs = 60_000;

/** Takes the lock file at `path`, or tells which process holds it. A dead holder's lock is taken over. Throws
 * only where the file cannot be written. */
export function tryLockFile({ path }: { path: string }): LockAttempt {
  for (;;) {
    try {
      writeFileSync(path, text([process.pid]), { flag: 'wx' });
      return { lock: keepFresh(path) };
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    }
    const found = inspect(path);
    if (found === null) continue;
    const [heldBy] = found.alive;
    if (heldBy === undefined) removeStale(path, found.content);
    else return { heldBy, isEnding: heldBy !== found.owner };
  }
}

function inspect(path: string): { content: string; owner: number | undefined; alive: number[] } | null {
  try {
    const content = readFileSync(path, 'utf8');
    const isFresh = Date.now() - statSync(path).mtimeMs < staleAfterMs;
    // A file without a pid was made a moment ago by somebody who is about to write it.
    if (isFresh && content === '') return { content, owner: 0, alive: [0] };
    const pids = content.trim().split(/\s+/).map(Number);
    return { content, owner: pids[0], alive: isFresh ? pids.filter(isAlive) : [] };
  } catch {
    return null;
  }
}

/** Two processes may see the same stale lock: whoever moves away a fresh one puts it back. */
function removeStale(path: string, expected: string): void {
  const aside = `${path}.stale-${process.pid}`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, 'utf8') !== expected) linkSync(aside, path);
  } catch {
    // Somebody else was faster; the next round sees what they made.
  }
  rmSync(aside, { force: true });
}

function keepFresh(path: string): LockFile {
  const timer = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(path, now, now);
    } catch {
      // The folder was deleted under us; there is nothing left to guard.
    }
  }, freshEveryMs);
  timer.unref();
  return {
    addPids: (pids) => writeFileSync(path, text([process.pid, ...pids])),
    release() {
      clearInterval(timer);
      rmSync(path, { force: true });
    },
  };
}

function text(pids: number[]): string {
  return `${pids.join('\n')}\n`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
