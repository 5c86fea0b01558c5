import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runCommand } from './child-process.ts';
import { type LockFile, tryLockFile } from './lock-file.ts';
import { messageOf, StackError } from './stack-error.ts';

/** The tools that this repository can build itself; each has its own Go module under tools/. */
export type BuiltTool = 'temporal' | 'ferretdb';

type Log = (line: string) => void;

const toolsDir = fileURLToPath(new URL('../../tools/', import.meta.url));
const goPackages = { temporal: 'github.com/temporalio/cli/cmd/temporal', ferretdb: '.' } as const;
/** Measured on 2 cores, caches empty; printed so that nobody gives up half-way. */
const expected = { temporal: 'about 5 minutes', ferretdb: 'about 1 minute' } as const;
const progressEveryMs = 10_000;
const goVersionWithToolchains = [1, 21] as const;

/** The folder for downloaded and built tools, shared by all checkouts of a user; made where it is missing. */
export function cacheDir(): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const dir = join(base, 'harbourmaster');
  try {
    mkdirSync(dir, { recursive: true });
  } catch (thrown) {
    throw new StackError(
      `Failed to make the tool cache: ${messageOf(thrown)}. Point XDG_CACHE_HOME at a folder you can write to.`,
    );
  }
  return dir;
}

/** The version of the Temporal CLI that tools/temporal pins, e.g. "1.8.2"; downloads use the same. */
export function pinnedTemporalVersion(): string {
  const goMod = readFileSync(join(toolsDir, 'temporal', 'go.mod'), 'utf8');
  const version = /^\s*github\.com\/temporalio\/cli v(\S+)/m.exec(goMod)?.[1];
  if (version === undefined)
    throw new StackError('tools/temporal/go.mod names no version of the Temporal CLI.');
  return version;
}

/** The path of a tool that was built earlier from these very tools/, or null. */
export async function findBuiltTool({ tool }: { tool: BuiltTool }): Promise<string | null> {
  const place = await placeOf(tool);
  if ('missing' in place) return findEarlierBuild({ sources: place.sources, tool });
  return existsSync(place.path) ? place.path : null;
}

/** The path of a tool built from tools/, out of the cache where it is there. The first build of one version takes
 * minutes; a second process that wants the same tool waits for it. Throws StackError with the reason. */
export async function builtTool({ tool, log }: { tool: BuiltTool; log: Log }): Promise<string> {
  const earlier = await findBuiltTool({ tool });
  if (earlier !== null) return earlier;
  const place = await placeOf(tool);
  if ('missing' in place) throw new StackError(place.missing);
  const { dir, path } = place;
  mkdirSync(dir, { recursive: true });
  const lock = await waitForLock({
    path: join(dir, 'build.lock'),
    isDone: () => existsSync(path),
    tool,
    log,
  });
  try {
    if (!existsSync(path)) await build({ tool, path, log });
  } finally {
    lock?.release();
  }
  return path;
}

type Place = { dir: string; path: string } | { missing: string; sources: string };

async function placeOf(tool: BuiltTool): Promise<Place> {
  const sources = hashOfTools();
  const go = await findGo(tool);
  if ('missing' in go) return { missing: go.missing, sources };
  const dir = join(builtDir(), `${sources}-${go.key}`);
  return { dir, path: join(dir, tool) };
}

function builtDir(): string {
  return join(cacheDir(), 'tools');
}

function hashOfTools(): string {
  const hash = createHash('sha256');
  const names = readdirSync(toolsDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(toolsDir.length))
    .sort();
  for (const name of names)
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(toolsDir, name)))
      .update('\0');
  return hash.digest('hex').slice(0, 12);
}

/** Without Go its version is unknown, so any build from the same tools/ serves. */
function findEarlierBuild({ sources, tool }: { sources: string; tool: BuiltTool }): string | null {
  const root = builtDir();
  if (!existsSync(root)) return null;
  const dirs = readdirSync(root).filter((name) => name.startsWith(`${sources}-`));
  return dirs.map((name) => join(root, name, tool)).find((path) => existsSync(path)) ?? null;
}

/** Go as the module selects it: an older Go fetches the version that go.mod asks for, unless it may not. */
async function findGo(tool: BuiltTool): Promise<{ key: string } | { missing: string }> {
  const wanted = /^go (\S+)/m.exec(readFileSync(join(toolsDir, tool, 'go.mod'), 'utf8'))?.[1] ?? '';
  const installed = await runCommand({ command: 'go', args: ['version'], cwd: homedir() });
  if (installed.code === 127) return { missing: `Go ${wanted} is missing` };
  const [major = 0, minor = 0] = (/go(\d+)\.(\d+)/.exec(installed.stdout) ?? []).slice(1).map(Number);
  const [fetchMajor, fetchMinor] = goVersionWithToolchains;
  if (major < fetchMajor || (major === fetchMajor && minor < fetchMinor)) {
    return { missing: `Go ${major}.${minor} is too old, Go ${wanted} is needed` };
  }
  const cwd = join(toolsDir, tool);
  const selected = await runCommand({ command: 'go', args: ['env', 'GOVERSION', 'GOOS', 'GOARCH'], cwd });
  if (selected.code === 0) return { key: selected.stdout.trim().split(/\s+/).join('-') };
  return { missing: `Go ${wanted} is needed (${lastLine(selected.stderr)})` };
}

async function waitForLock(task: {
  path: string;
  isDone: () => boolean;
  tool: BuiltTool;
  log: Log;
}): Promise<LockFile | null> {
  for (let waited = 0; ; waited += 1) {
    if (task.isDone()) return null;
    const attempt = tryLockFile({ path: task.path });
    if ('lock' in attempt) return attempt.lock;
    if (waited % 10 === 0) task.log(`Waiting for process ${attempt.heldBy}, which builds ${task.tool} ...`);
    await sleep(1_000);
  }
}

async function build({ tool, path, log }: { tool: BuiltTool; path: string; log: Log }): Promise<void> {
  log(
    `Building ${tool} once from tools/${tool} with Go: ${expected[tool]} on 2 cores, later starts use the result. ` +
      'Go needs several GB of disk for its caches meanwhile.',
  );
  const unfinished = `${path}.building-${process.pid}`;
  const startedAt = Date.now();
  let packages = 0;
  const progress = setInterval(() => {
    const seconds = Math.round((Date.now() - startedAt) / 1_000);
    log(`Building ${tool}: ${seconds} s, ${packages} packages compiled ...`);
  }, progressEveryMs);
  const result = await runCommand({
    command: 'go',
    args: ['build', '-v', '-mod=readonly', '-trimpath', '-ldflags=-s -w', '-o', unfinished, goPackages[tool]],
    cwd: join(toolsDir, tool),
    onLine: (line) => {
      if (!line.startsWith('go: ')) packages += 1;
    },
  });
  clearInterval(progress);
  if (result.code !== 0) {
    rmSync(unfinished, { force: true });
    throw new StackError(`go build failed in tools/${tool}: ${lastLine(result.stderr)}`);
  }
  renameSync(unfinished, path);
  log(`Built ${tool} in ${Math.round((Date.now() - startedAt) / 1_000)} s.`);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
