import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium } from 'playwright-core';
import { runCommand } from '../../src/dev/child-process.ts';
import { fetchFirstByte } from '../../src/dev/download-limits.ts';
import { type LockFile, tryLockFile } from '../../src/dev/lock-file.ts';
import { messageOf } from '../../src/dev/stack-error.ts';
import { cacheDir } from '../../src/dev/tool-cache.ts';

type Log = (line: string) => void;

const programs = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const macPrograms = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const versionTimeoutMs = 30_000;
const installTimeoutMs = 10 * 60_000;
const progressEveryMs = 10_000;
const isRoot = process.getuid?.() === 0;

/**
 * Starts a headless Chromium that sees this machine alone; the caller closes it. The browser is got by the first way
 * that works: CHROME_PATH, one on PATH, playwright's download, Debian's package. Throws with every way that failed.
 */
export async function openBrowser(input: { log?: Log } = {}): Promise<Browser> {
  const executablePath = await resolveBrowser({ log: input.log ?? console.error });
  return chromium.launch({
    executablePath,
    headless: true,
    // Containers seldom allow the sandbox, root never does; the only pages opened are our own.
    chromiumSandbox: false,
    args: [
      '--disable-dev-shm-usage',
      '--no-proxy-server',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ],
  });
}

/** The path of a Chromium that runs here, installed now where there is none. */
async function resolveBrowser({ log }: { log: Log }): Promise<string> {
  const { CHROME_PATH } = process.env;
  if (CHROME_PATH) {
    if (await runs(CHROME_PATH)) return CHROME_PATH;
    throw new Error(`CHROME_PATH is ${CHROME_PATH}, which does not run. Correct it, or unset it.`);
  }
  const present = await findPresent();
  if (present) return present;
  const lock = await waitForLock(log);
  try {
    return (await findPresent()) ?? (await install(log));
  } finally {
    lock.release();
  }
}

async function findPresent(): Promise<string | undefined> {
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((dir) => programs.map((name) => join(dir, name)));
  const places = [...onPath, ...macPrograms, chromium.executablePath()].filter(isExecutable);
  for (const place of places) {
    if (await runs(place)) return place;
  }
  return undefined;
}

async function install(log: Log): Promise<string> {
  const failures = ['none on PATH'];
  for (const way of [installByPlaywright, installByDebian]) {
    const startedAt = Date.now();
    const progress = setInterval(() => {
      log(`Installing Chromium: ${Math.round((Date.now() - startedAt) / 1_000)} s ...`);
    }, progressEveryMs);
    try {
      await way(log);
      const path = await findPresent();
      if (path !== undefined) return path;
      failures.push(`${way.name} ended well, but what it brought does not run here`);
    } catch (thrown) {
      failures.push(messageOf(thrown));
      log(`${messageOf(thrown)}.`);
    } finally {
      clearInterval(progress);
    }
  }
  throw new Error(
    `Failed to get a Chromium for the browser tests: ${failures.join('; ')}. ` +
      'Install Chromium or Google Chrome, or set CHROME_PATH to its program.',
  );
}

/** Asks the download's server first: playwright itself tries for minutes where it cannot be reached. */
async function installByPlaywright(log: Log): Promise<void> {
  const cli = join(dirname(createRequire(import.meta.url).resolve('playwright-core/package.json')), 'cli.js');
  const args = [cli, 'install', '--no-shell', 'chromium'];
  const plan = await runCommand({ command: process.execPath, args: [...args, '--dry-run'] });
  const url = /https?:\/\/\S+/.exec(plan.stdout)?.[0];
  if (url === undefined) throw new Error("playwright's download does not know this system");
  try {
    const { abort } = await fetchFirstByte(url, { method: 'HEAD' });
    abort.abort();
  } catch (thrown) {
    throw new Error(`no download of Chromium by playwright (${messageOf(thrown)})`);
  }
  log(`Downloading Chromium from ${new URL(url).host} ...`);
  await runToEnd({ what: "playwright's download", command: process.execPath, args, log });
}

async function installByDebian(log: Log): Promise<void> {
  const hasApt = (await runCommand({ command: 'apt-get', args: ['--version'] })).code === 0;
  if (!hasApt) throw new Error("no apt-get for Debian's package chromium");
  const maySudo = !isRoot && (await runCommand({ command: 'sudo', args: ['-n', 'true'] })).code === 0;
  if (!isRoot && !maySudo) throw new Error("neither root nor sudo for Debian's package chromium");
  log("Installing Debian's package chromium; it takes about a minute ...");
  const options = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::http::Timeout=20'];
  const aptGet = (...words: string[]) => {
    const task = ['DEBIAN_FRONTEND=noninteractive', 'apt-get', ...options, ...words];
    const [command, args] = isRoot ? ['env', task] : ['sudo', ['-n', 'env', ...task]];
    return runToEnd({ what: `apt-get ${words[0]}`, command: command as string, args: args as string[], log });
  };
  await aptGet('update');
  await aptGet('install', '--no-install-recommends', 'chromium');
}

async function runToEnd(task: { what: string; command: string; args: string[]; log: Log }): Promise<void> {
  const { what, command, args } = task;
  const result = await runCommand({ command, args, timeoutMs: installTimeoutMs });
  if (result.code === 0) return;
  const words = (result.stderr || result.stdout).trim().split('\n').at(-1) ?? '';
  throw new Error(`${what} failed with exit code ${result.code} (${words})`);
}

async function waitForLock(log: Log): Promise<LockFile> {
  const path = join(cacheDir(), 'browser.lock');
  for (let waited = 0; ; waited += 1) {
    const attempt = tryLockFile({ path });
    if ('lock' in attempt) return attempt.lock;
    if (waited % 10 === 0) log(`Waiting for process ${attempt.heldBy}, which installs Chromium ...`);
    await sleep(1_000);
  }
}

/** A program may be there and not run: a placeholder for another package manager, or one whose libraries lack. */
async function runs(path: string): Promise<boolean> {
  const result = await runCommand({ command: path, args: ['--version'], timeoutMs: versionTimeoutMs });
  return result.code === 0 && /\d+\.\d+/.test(result.stdout);
}

function isExecutable(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
