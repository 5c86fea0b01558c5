import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runCommand } from './child-process.ts';

const versionTimeoutMs = 15_000;

/** The path of `name` on PATH where it is at least `minimum` (major, minor), else null; an older or broken one is
 * skipped with a line. */
export async function binaryOnPath(wish: {
  name: string;
  minimum: readonly [number, number];
  log: (line: string) => void;
}): Promise<string | null> {
  const path = findExecutable(wish.name);
  if (path === null) return null;
  const version = await versionOf(path);
  const needed = wish.minimum.join('.');
  if (version === null) {
    wish.log(`Skipping ${path}: "--version" does not tell its version (at least ${needed} is needed).`);
    return null;
  }
  const [major, minor] = version;
  if (major > wish.minimum[0] || (major === wish.minimum[0] && minor >= wish.minimum[1])) return path;
  wish.log(`Skipping ${path}: it is version ${version.join('.')}, at least ${needed} is needed.`);
  return null;
}

/** Major and minor of what `--version` prints, or null where the binary does not run here. */
export async function versionOf(path: string): Promise<[number, number] | null> {
  const result = await runCommand({ command: path, args: ['--version'], timeoutMs: versionTimeoutMs });
  const found = /version v?(\d+)\.(\d+)/.exec(result.stdout);
  return result.code === 0 && found ? [Number(found[1]), Number(found[2])] : null;
}

function findExecutable(name: string): string | null {
  for (const dir of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(dir, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}
