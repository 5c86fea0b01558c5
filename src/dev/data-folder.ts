import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LockFile, tryLockFile } from './lock-file.ts';
import type { DatabaseKind } from './resolve-mongodb.ts';
import { messageOf, StackError } from './stack-error.ts';

/** A folder that one stack at a time keeps its files in. */
export interface DataFolder {
  temporalFile: string;
  databaseDir(kind: DatabaseKind): string;
  /** Which database wrote here before, or null for a new folder. */
  writtenBy: DatabaseKind | null;
  lock: LockFile;
}

const endingLimitMs = 15_000;

/** Opens `path` for one stack; makes it where it is missing. Throws StackError where it cannot be written, or where
 * another stack uses it. */
export async function openDataFolder({ path }: { path: string }): Promise<DataFolder> {
  const dir = resolve(path);
  const lock = await lockFolder(dir);
  const databaseDir = (kind: DatabaseKind) => join(dir, kind);
  const kinds: DatabaseKind[] = ['mongod', 'ferretdb'];
  return {
    temporalFile: join(dir, 'temporal.db'),
    databaseDir,
    writtenBy: kinds.find((kind) => existsSync(databaseDir(kind))) ?? null,
    lock,
  };
}

async function lockFolder(dir: string): Promise<LockFile> {
  const deadline = Date.now() + endingLimitMs;
  for (;;) {
    const attempt = tryLock(dir);
    if ('lock' in attempt) return attempt.lock;
    if (!attempt.isEnding || Date.now() > deadline) {
      throw new StackError(
        `Failed to start the stack: ${dir} is in use by process ${attempt.heldBy}. ` +
          'Use the stack that runs, or stop it, or give another folder with --data.',
      );
    }
    await sleep(200);
  }
}

function tryLock(dir: string) {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.W_OK | constants.X_OK);
    return tryLockFile({ path: join(dir, 'stack.lock') });
  } catch (thrown) {
    throw new StackError(
      `Failed to start the stack: cannot write to ${dir} (${messageOf(thrown)}). ` +
        'Make it writable, or give another folder with --data.',
    );
  }
}
