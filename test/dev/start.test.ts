import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { canConnect } from '../../src/dev/can-connect.ts';
import { runCommand } from '../../src/dev/child-process.ts';
import type { ServiceSecrets } from '../../src/dev/service-secrets.ts';
import { createSimulatorControl } from '../../src/dev/simulator-control.ts';
import { eventually } from '../support/eventually.ts';
import { assertAbsent, formsOf, passwordsSold } from '../support/secrets.ts';
import { useStack } from '../support/stack.ts';

// Builds the tools before a stack of our own needs them, so that no test waits for that.
const shared = await useStack();

const entry = join(import.meta.dirname, '..', '..', 'src', 'bin', 'run.mjs');
const dirs: string[] = [];
const dataDir = freshDir();
const running: ChildProcess[] = [];
after(() => {
  for (const child of running) child.kill('SIGKILL');
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

/** `npm start`'s program, and what it has said so far. */
interface Started {
  child: ChildProcess;
  said(): string;
  ended: Promise<number | null>;
}

function start(args: string[], env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(process.execPath, [entry, 'start', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  running.push(child);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, said: () => lines.join('\n'), ended };
}

function untilUp(started: Started): Promise<string> {
  return eventually({
    what: 'npm start is up',
    read: async () => started.said(),
    isRight: (said) => {
      assert.equal(started.child.exitCode, null, said);
      return said.includes('Everything is up.');
    },
    withinMs: 150_000,
  });
}

/** What a line of the start names, e.g. an address. */
function find(said: string, pattern: RegExp): string {
  const found = pattern.exec(said)?.[1];
  assert.ok(found, `${pattern} is not in:\n${said}`);
  return found;
}

function addressesOf(said: string): string[] {
  return [
    find(said, /Database ready: mongodb:\/\/([\d.:]+)\//),
    find(said, /Temporal ready: ([\d.:]+),/),
    find(said, /Web UI http:\/\/([\d.:]+)/),
    find(said, /Simulator ready: .+ at http:\/\/([\d.:]+)/),
    find(said, /API ready: http:\/\/([\d.:]+)/),
  ];
}

async function assertAllGone(addresses: string[]): Promise<void> {
  await eventually({
    what: 'nothing of the start answers',
    read: () => Promise.all(addresses.map((address) => canConnect({ address }))),
    isRight: (answers) => !answers.includes(true),
  });
}

function keptSecrets(): ServiceSecrets {
  return JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8'));
}

function freshDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'start-test-'));
  dirs.push(dir);
  return dir;
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

let firstOrder = '';
let firstSecrets: ServiceSecrets | null = null;

test('a start delivers one order, says where everything is, keeps secrets to itself, and leaves nothing behind', async () => {
  const started = start(['--data', dataDir]);
  const said = await untilUp(started);
  firstOrder = find(said, /^Delivered: order (\S+), server 103\.181\.91\.\d+, [\d.]+ s after the checkout/m);
  const words = [
    'Waiting its turn',
    'Buying the server',
    'Server bought, waiting for its login',
    'Delivered',
  ];
  assert.match(said, new RegExp(words.map((word) => `s  ${word}`).join('.*'), 's'));
  assert.match(said, new RegExp(`http://\\S+/namespaces/default/workflows/order-${firstOrder}$`, 'm'));
  assert.equal(modeOf(join(dataDir, 'secrets.json')), '600');
  assert.equal(modeOf(dataDir), '700');
  firstSecrets = keptSecrets();
  for (const secret of Object.values(firstSecrets)) assert.ok(!said.includes(secret));
  const curl = find(said, /^See the order:\n((?: {2}.*\n)+)/m);
  const answer = JSON.parse(execFileSync('sh', ['-c', asShell(curl)], { encoding: 'utf8' }));
  assert.deepEqual([answer.orderId, answer.status], [firstOrder, 'active']);

  const second = await runCommand({ command: process.execPath, args: [entry, 'start', '--data', dataDir] });
  assert.equal(second.code, 1);
  assert.match(
    second.stderr,
    /is in use by process \d+\. Use the stack that runs, or stop it, or give another folder/,
  );

  const control = createSimulatorControl(`http://${addressesOf(said)[3]}/simulator`);
  const passwords = await passwordsSold(control);
  started.child.kill('SIGINT');
  assert.equal(await started.ended, 0);
  await assertAllGone(addressesOf(said));
  assertFilesKeepSecrets(passwords);
});

/**
 * No file of the data folder holds the login of a server, or a secret of ours. Two do by their purpose: `secrets.json`
 * keeps ours, and the simulator, who is supplier and gateway here, knows what it sold and who calls.
 */
function assertFilesKeepSecrets(passwords: string[]): void {
  assert.equal(passwords.length, 1);
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(dataDir, join(parentPath, name)))
    .filter((name) => name !== 'secrets.json' && !name.startsWith(`simulator${sep}`))
    .map((name) => ({ name, text: readFileSync(join(dataDir, name), 'latin1') }));
  const holds = (name: RegExp, word: string) =>
    files.some((file) => name.test(file.name) && file.text.includes(word));
  for (const name of [/^temporal\.db/, /^worker\.log$/, /^api\.log$/]) {
    assert.ok(holds(name, firstOrder), `${name} can be searched`);
  }
  const isReadable = files.some(({ name }) => name.startsWith('ferretdb'));
  assert.ok(!isReadable || holds(/^ferretdb/, firstOrder), 'the database can be searched');
  // A page of a file may end within a password: then one half of it is whole.
  const halves = passwords.flatMap((word) => [word.slice(0, word.length / 2), word.slice(word.length / 2)]);
  const forms = halves.flatMap((half) => formsOf(half).filter((form) => form.length >= half.length));
  const secrets = Object.values(keptSecrets());
  assertAbsent({ words: [...passwords, ...secrets], places: files });
  for (const { name, text } of files) {
    assert.ok(!forms.some((form) => text.includes(form)), `${name} holds a part of a password`);
  }
  const withoutOrders = files.filter(({ name }) => /^temporal\.db|\.log$/.test(name));
  assertAbsent({ words: ['Demo Customer', 'customer@example.com', '9876543210'], places: withoutOrders });
}

test('started again it keeps its data and places one more order; a part that dies ends everything', async () => {
  const started = start(['--data', dataDir]);
  const said = await untilUp(started);
  const secondOrder = find(said, /^Delivered: order (\S+),/m);
  assert.notEqual(secondOrder, firstOrder);
  assert.deepEqual(keptSecrets(), firstSecrets);
  assert.match(said, /^Catalogue ready: 0 products created, 2 known$/m);
  const control = createSimulatorControl(`http://${addressesOf(said)[3]}/simulator`);
  assert.equal((await control.ledger()).summary.sales, 2);
  const apiUrl = `http://${addressesOf(said)[4]}`;
  const headers = { authorization: `Bearer ${keptSecrets().storefrontToken}` };
  const earlier = await fetch(`${apiUrl}/api/orders/${firstOrder}`, { headers });
  assert.equal(((await earlier.json()) as { status: string }).status, 'active');

  process.kill(await pidOfPart(started, 'api'), 'SIGKILL');
  assert.equal(await started.ended, 1);
  assert.match(started.said(), /^The API ended unexpectedly \(exit code 137\)\. Start again\./m);
  await assertAllGone(addressesOf(said));
});

test('a folder that cannot be written is told in one sentence', async () => {
  const started = start(['--data', join(entry, 'data')]);
  assert.equal(await started.ended, 1);
  assert.match(
    started.said(),
    /^Failed to start the stack: cannot write to .+ Make it writable, or give another folder with --data\.$/,
  );
});

/** A start that needs no servers of its own, because Temporal and the database are given. */
async function startOnShared(
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; said: string }> {
  const given = { TEMPORAL_ADDRESS: shared.temporalAddress, MONGODB_URI: shared.mongodbUri };
  const started = start(args, { ...given, ...env });
  const code = await started.ended;
  return { code, said: started.said() };
}

test('a PORT that is set and in use is told', async () => {
  const PORT = new URL(shared.mongodbUri).port;
  const { code, said } = await startOnShared(['--data', freshDir()], { PORT });
  assert.equal(code, 1);
  assert.match(
    said,
    new RegExp(`^Failed to start the API: its PORT ${PORT} is in use\\. Set PORT to a free`, 'm'),
  );
});

test('secrets that cannot be read are told, never replaced', async () => {
  const dir = freshDir();
  writeFileSync(join(dir, 'secrets.json'), '{"adminToken":');
  const { code, said } = await startOnShared(['--data', dir], {});
  assert.equal(code, 1);
  assert.match(
    said,
    /^Failed to read the secrets in .+secrets\.json: .+ Put the file right, or start with a new folder/m,
  );
  assert.equal(readFileSync(join(dir, 'secrets.json'), 'utf8'), '{"adminToken":');
});

test('an outside supplier without its login is told by name, and never gets ours', async () => {
  const SMARTVPS_BASE_URL = 'http://127.0.0.1:9/smartvps';
  const { code, said } = await startOnShared(['--data', freshDir()], { SMARTVPS_BASE_URL });
  assert.equal(code, 1);
  assert.match(said, /SMARTVPS_USERNAME is missing/);
  assert.match(said, /SMARTVPS_PASSWORD is missing/);
});

/** The commands on the screen find Node as a person's shell would: here, the one that runs the tests. */
function asShell(command: string): string {
  return `node() { '${process.execPath}' "$@"; }\n${command.replaceAll('curl ', 'curl --silent ')}`;
}

/** The process of a part, below its guard, below the start. */
async function pidOfPart(started: Started, part: string): Promise<number> {
  for (const guard of await childrenOf(started.child.pid ?? 0)) {
    const [tool] = (await commandLineOf(guard)).includes(`"${part}"`) ? await childrenOf(guard) : [];
    if (tool !== undefined) return tool;
  }
  return assert.fail(`the ${part} does not run`);
}

async function childrenOf(pid: number): Promise<number[]> {
  const text =
    process.platform === 'linux'
      ? readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      : (await runCommand({ command: 'pgrep', args: ['-P', String(pid)] })).stdout;
  return (text.match(/\d+/g) ?? []).map(Number);
}

async function commandLineOf(pid: number): Promise<string> {
  if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  return (await runCommand({ command: 'ps', args: ['-o', 'args=', '-p', String(pid)] })).stdout;
}
