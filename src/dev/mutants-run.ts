import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './child-process.ts';
import { startEmbeddedStack } from './embedded-stack.ts';
import { type Mutant, mutants } from './mutants.ts';
import { orderSearchAttributes } from './order-search-attributes.ts';
import { StackError } from './stack-error.ts';

type Log = (line: string) => void;

interface TestRun {
  passed: number;
  /** Names of tests that failed; a file that could not be loaded or was stopped is none. */
  failed: string[];
  exitCode: number;
  seconds: number;
  lastWords: string;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
/** What the tests read; nothing else is copied. */
const copied = [
  'src',
  'workflows',
  'activities',
  'test',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];
const testLimitMs = 4 * 60_000;

/**
 * Plants each bug in a copy of the sources and runs the tests that should catch it. First the tests run unchanged: a
 * test that is red by itself would catch everything. Gives the exit code: 1 where a bug was not caught.
 * @throws StackError where no bug fits `wishes`, a bug's text is not in the sources, or an unchanged test fails.
 */
export async function runMutants({ wishes, log }: { wishes: readonly string[]; log: Log }): Promise<number> {
  const chosen = mutants.filter(
    ({ name }) => wishes.length === 0 || wishes.some((part) => name.includes(part)),
  );
  if (chosen.length === 0)
    throw new StackError(
      `Failed to run the mutants: none is named ${wishes.join(', ')}. Give a part of a name.`,
    );
  const stack = await startEmbeddedStack({ searchAttributes: orderSearchAttributes, log: console.error });
  const dir = copySources();
  try {
    const env = { TEST_TEMPORAL_ADDRESS: stack.temporalAddress, TEST_MONGODB_URI: stack.mongodbUri };
    await runControl({ chosen, dir, env, log });
    let survivors = 0;
    log(`${'bug'.padEnd(nameWidth)}  seconds  caught by`);
    for (const mutant of chosen) {
      const run = await runPlanted({ mutant, dir, env });
      const isCaught = run.failed.length > 0;
      if (!isCaught) survivors += 1;
      log(
        `${mutant.name.padEnd(nameWidth)}  ${inSeconds(run)}  ${isCaught ? sayCaught(run) : saySurvived(run)}`,
      );
    }
    log(`${chosen.length - survivors} caught, ${survivors} not caught`);
    return survivors === 0 ? 0 : 1;
  } finally {
    rmSync(dir, { recursive: true, force: true });
    await stack.stop();
  }
}

const nameWidth = Math.max(...mutants.map(({ name }) => name.length));

function inSeconds({ seconds }: TestRun): string {
  return seconds.toFixed(1).padStart(7);
}

function sayCaught({ failed }: TestRun): string {
  const others = failed.length > 1 ? ` (and ${failed.length - 1} more)` : '';
  return `"${failed[0]}"${others}`;
}

function saySurvived({ passed, exitCode, lastWords }: TestRun): string {
  if (exitCode === 0) return `NOT CAUGHT: ${passed} tests passed`;
  return `NOT CAUGHT: the tests ended with exit code ${exitCode} and no failed test: ${lastWords}`;
}

function copySources(): string {
  const dir = mkdtempSync(join(tmpdir(), 'harbourmaster-mutants-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  for (const path of copied) cpSync(join(root, path), join(dir, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  return dir;
}

async function runControl(input: {
  chosen: readonly Mutant[];
  dir: string;
  env: Record<string, string>;
  log: Log;
}): Promise<void> {
  const { chosen, dir, env, log } = input;
  const kinds = Map.groupBy(chosen, ({ tests, only }) => `${tests.join(' ')}${only ?? ''}`);
  let passed = 0;
  let seconds = 0;
  for (const [mutant] of kinds.values()) {
    if (!mutant) continue;
    const first = await runTests({ mutant, dir, env });
    // Some tests have times of their own, which a machine that is busy elsewhere may miss once.
    const run = first.exitCode === 0 ? first : await runTests({ mutant, dir, env });
    if (run.exitCode !== 0 || run.passed === 0) {
      const why = run.failed[0] ?? run.lastWords;
      throw new StackError(
        `Failed to run the mutants: without a bug, ${mutant.tests.join(', ')} fails: ${why}.`,
      );
    }
    passed += run.passed;
    seconds += run.seconds;
  }
  log(`Without a bug: ${passed} tests pass in ${seconds.toFixed(1)} s.`);
}

async function runPlanted(input: {
  mutant: Mutant;
  dir: string;
  env: Record<string, string>;
}): Promise<TestRun> {
  const { mutant, dir } = input;
  const before = new Map(mutant.edits.map(({ file }) => [file, readFileSync(join(dir, file), 'utf8')]));
  try {
    plantMutant({ mutant, dir });
    return await runTests(input);
  } finally {
    for (const [file, text] of before) writeFileSync(join(dir, file), text);
  }
}

/** Replaces each text by the bug. Throws where a text is not there exactly once: the bug would not be planted. */
export function plantMutant({ mutant, dir }: { mutant: Mutant; dir: string }): void {
  for (const { file, find, replaceBy } of mutant.edits) {
    const path = join(dir, file);
    const parts = readFileSync(path, 'utf8').split(find);
    if (parts.length !== 2) {
      throw new StackError(
        `Failed to plant "${mutant.name}" in ${file}: its text is there ${parts.length - 1} times, not once. ` +
          'Bring src/dev/mutants.ts up to the code.',
      );
    }
    writeFileSync(path, parts.join(replaceBy));
  }
}

async function runTests(input: {
  mutant: Mutant;
  dir: string;
  env: Record<string, string>;
}): Promise<TestRun> {
  const { mutant, dir, env } = input;
  const { tests, only } = mutant;
  const startedAt = Date.now();
  const names = only === undefined ? [] : [`--test-name-pattern=${only}`];
  const { code, stdout, stderr } = await runCommand({
    command: process.execPath,
    args: ['--test', '--test-reporter=tap', `--test-timeout=${testLimitMs}`, ...names, ...tests],
    cwd: dir,
    // Inside a test of ours the runner would run nothing at all.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env },
    timeoutMs: testLimitMs + 30_000,
  });
  return {
    ...readTap(stdout),
    exitCode: code,
    seconds: (Date.now() - startedAt) / 1_000,
    lastWords: [...stderr.split('\n'), ...stdout.split('\n')].at(-1) ?? '',
  };
}

/** What a TAP report says of single tests: a line that names a file is not one. */
export function readTap(report: string): { passed: number; failed: string[] } {
  const failed: string[] = [];
  let passed = 0;
  for (const line of report.split('\n')) {
    const [, not, name = ''] = /^\s*(not )?ok \d+ - (.+?)$/.exec(line) ?? [];
    if (name === '' || name.endsWith('.test.ts') || name.includes('# SKIP')) continue;
    if (not) failed.push(name);
    else passed += 1;
  }
  return { passed, failed };
}
