import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './child-process.ts';
import type { DemoFigures } from './demo-figures.ts';
import { startEmbeddedStack } from './embedded-stack.ts';
import { orderSearchAttributes } from './order-search-attributes.ts';

type Log = (line: string) => void;

/** A bug that the demo must see: the text that it replaces, and the counter that must rise. */
export interface PlantedBug {
  name: string;
  edits: readonly { file: string; find: string; replaceBy: string }[];
  counter: keyof DemoFigures;
}

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'text-prefix match',
    edits: [
      {
        file: 'src/domain/package-name.ts',
        find: 'return name.thirds.includes(address[2]) && (name.fourth === null || name.fourth === address[3]);',
        replaceBy: 'return input.address.startsWith(name.text);',
      },
    ],
    counter: 'wrongDelivered',
  },
  {
    // The ledger's fence would keep purchases apart without the lock: both guards go, or nothing is seen.
    name: 'lock released before the purchase ends (and no fence behind it)',
    edits: [
      {
        file: 'workflows/with-package-lock.ts',
        find: 'const done = await body(',
        replaceBy: "await giveBack(desk, pass, 'supplierAnswered');\n    const done = await body(",
      },
      {
        file: 'src/purchases/fence.ts',
        find: "if (purchase && !freesFence(purchase.state)) return { kind: 'busy', purchase };",
        replaceBy: '',
      },
    ],
    counter: 'overlaps',
  },
];

const root = fileURLToPath(new URL('../../', import.meta.url));
const notCopied = ['node_modules', '.git', '.data', '.artifacts'];
const demoLimitMs = 6 * 60_000;

/** Runs the demo once for each bug, in a copy of the sources. One line each, then `N passed, N failed`; exit code 1
 * where a bug was not caught. */
export async function runPlantedBugs({ log }: { log: Log }): Promise<number> {
  const stack = await startEmbeddedStack({ searchAttributes: orderSearchAttributes, log: console.error });
  const env = { TEMPORAL_ADDRESS: stack.temporalAddress, MONGODB_URI: stack.mongodbUri };
  let failed = 0;
  try {
    for (const bug of plantedBugs) {
      const { caught, words } = await catchBug(bug, env);
      if (!caught) failed += 1;
      log(`${caught ? 'caught    ' : 'NOT CAUGHT'} ${bug.name}: ${words}`);
    }
  } finally {
    await stack.stop();
  }
  log(`${plantedBugs.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function catchBug(bug: PlantedBug, env: Record<string, string>) {
  const dir = mkdtempSync(join(tmpdir(), 'harbourmaster-planted-'));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    copySources(dir);
    for (const edit of bug.edits) plant({ dir, ...edit });
    const { code, stdout, stderr } = await runCommand({
      command: process.execPath,
      args: [join('src', 'bin', 'run.mjs'), 'demo', '--json'],
      cwd: dir,
      env: { ...process.env, ...env },
      timeoutMs: demoLimitMs,
      onLine: (line) => console.error(`  ${line}`),
    });
    return judge({ bug, code, figures: findFigures(stdout), stderr });
  } finally {
    remove();
  }
}

function copySources(dir: string): void {
  const isWanted = (path: string) => !notCopied.includes(relative(root, path).split(/[\\/]/)[0] ?? '');
  cpSync(root, dir, { recursive: true, filter: isWanted });
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
}

/** Replaces the one occurrence of a text. Throws where it is not there exactly once: the bug would not be planted. */
export function plant(edit: { dir: string; file: string; find: string; replaceBy: string }): void {
  const path = join(edit.dir, edit.file);
  const parts = readFileSync(path, 'utf8').split(edit.find);
  if (parts.length !== 2) {
    throw new Error(
      `Failed to plant a bug in ${edit.file}: its text is there ${parts.length - 1} times, not once. ` +
        'Bring src/dev/planted-bugs.ts up to the code.',
    );
  }
  writeFileSync(path, parts.join(edit.replaceBy));
}

function findFigures(stdout: string): DemoFigures | null {
  const last = stdout.trim().split('\n').at(-1) ?? '';
  return last.startsWith('{') ? (JSON.parse(last) as DemoFigures) : null;
}

function judge(input: { bug: PlantedBug; code: number; figures: DemoFigures | null; stderr: string }) {
  const { bug, code, figures, stderr } = input;
  if (figures === null) {
    const lastWords = stderr.split('\n').at(-1);
    return { caught: false, words: `the demo ended with code ${code} and no figures: ${lastWords}` };
  }
  const count = figures[bug.counter];
  return { caught: code === 1 && count > 0, words: `exit code ${code}, ${bug.counter} ${count}` };
}
