import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { canConnect } from '../../src/dev/can-connect.ts';
import { runCommand } from '../../src/dev/child-process.ts';
import { useStack } from '../support/stack.ts';

// Builds the tools before a stack of our own needs them, so that no test waits for that.
await useStack();

const entry = join(import.meta.dirname, '..', '..', 'src', 'bin', 'run.mjs');
const goneWithinMs = 20_000;

function scratch(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'stack-processes-'));
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}

/** Starts `npm run stack`'s program and reads the one line that it prints. */
async function startStack(t: TestContext, args: string[]) {
  const child = spawn(process.execPath, [entry, 'stack', ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { temporalAddress, temporalUi, mongodbUri } = JSON.parse(line) as Record<string, string>;
  assert.match(mongodbUri ?? '', /^mongodb:\/\/127\.0\.0\.1:\d+\/$/);
  const parts = [temporalAddress, new URL(temporalUi ?? '').host, new URL(mongodbUri ?? '').host];
  return { child, addresses: parts.map(String) };
}

async function someAnswer(addresses: string[]): Promise<boolean> {
  const answers = await Promise.all(addresses.map((address) => canConnect({ address })));
  return answers.includes(true);
}

async function endsWith(
  child: ChildProcess,
  signal: NodeJS.Signals,
  addresses: string[],
): Promise<number | null> {
  const ended = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  const [code] = await ended;
  const deadline = Date.now() + goneWithinMs;
  while (await someAnswer(addresses)) assert.ok(Date.now() < deadline, 'a part outlived the stack');
  return code;
}

test('a stack that is asked to end leaves nothing that answers, and exit code 0', async (t) => {
  const { child, addresses } = await startStack(t, []);
  assert.equal(await endsWith(child, 'SIGTERM', addresses), 0);
});

test('a stack that is killed leaves nothing that answers, and its folder can be used again', async (t) => {
  const data = scratch(t);
  const killed = await startStack(t, ['--data', data]);
  await endsWith(killed.child, 'SIGKILL', killed.addresses);
  const again = await startStack(t, ['--data', data]);
  assert.equal(await endsWith(again.child, 'SIGINT', again.addresses), 0);
});

test('a second stack on one folder says who uses it and what to do', async (t) => {
  const data = scratch(t);
  const { child, addresses } = await startStack(t, ['--data', data]);
  const second = await runCommand({ command: process.execPath, args: [entry, 'stack', '--data', data] });
  assert.equal(second.code, 1);
  assert.equal(
    second.stderr,
    `Failed to start the stack: ${data} is in use by process ${child.pid}. ` +
      'Use the stack that runs, or stop it, or give another folder with --data.',
  );
  await endsWith(child, 'SIGTERM', addresses);
});

test('a folder that cannot be made is told in one sentence', async () => {
  const { code, stderr } = await runCommand({
    command: process.execPath,
    args: [entry, 'stack', '--data', join(entry, 'data')],
  });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^Failed to start the stack: cannot write to .+ Make it writable, or give another folder/,
  );
});

test('without any way to get a server the error names every way out', async (t) => {
  const { PATH: _path, ...env } = process.env;
  const { code, stderr } = await runCommand({
    command: process.execPath,
    args: [entry, 'stack'],
    env: { ...env, PATH: scratch(t), XDG_CACHE_HOME: scratch(t), HARBOURMASTER_TOOLS: 'build' },
  });
  assert.equal(code, 1);
  assert.equal(
    stderr,
    'Failed to get a database server: Go 1.26 is missing. Install Go 1.26 or newer (https://go.dev/dl), ' +
      'or put mongod 7 or newer on PATH (https://www.mongodb.com/docs/manual/installation), ' +
      'or set MONGODB_URI to a running server.',
  );
});
