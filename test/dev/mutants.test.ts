import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mutants } from '../../src/dev/mutants.ts';
import { plantMutant, readTap } from '../../src/dev/mutants-run.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

function emptyFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'mutants-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function copyInto(dir: string, file: string): void {
  mkdirSync(dirname(join(dir, file)), { recursive: true });
  cpSync(join(root, file), join(dir, file));
}

test('at least 12 bugs, each with a name of its own, tests that are there, and texts that the sources hold', (t) => {
  assert.ok(mutants.length >= 12);
  assert.equal(new Set(mutants.map(({ name }) => name)).size, mutants.length);
  for (const mutant of mutants) {
    const dir = emptyFolder(t);
    for (const { file } of mutant.edits) copyInto(dir, file);
    plantMutant({ mutant, dir });
    for (const { file } of mutant.edits) {
      assert.notEqual(
        readFileSync(join(dir, file), 'utf8'),
        readFileSync(join(root, file), 'utf8'),
        mutant.name,
      );
    }
    assert.ok(mutant.tests.length > 0, mutant.name);
    for (const path of mutant.tests) assert.ok(existsSync(join(root, path)), path);
  }
});

test('a bug whose text is gone from the sources is told by its name and file', (t) => {
  const dir = emptyFolder(t);
  const file = 'src/domain/package-name.ts';
  copyInto(dir, file);
  const mutant = { name: 'a bug', edits: [{ file, find: 'no such text', replaceBy: '' }], tests: ['x'] };
  assert.throws(
    () => plantMutant({ mutant, dir }),
    /Failed to plant "a bug" in src\/domain\/package-name\.ts/,
  );
});

test('a failed test counts, a file that could not be loaded and a skipped test do not', () => {
  const report = [
    'TAP version 13',
    'ok 1 - buys once',
    'not ok 2 - a lost answer is unknown',
    '    ok 1 - nested',
    'ok 3 - later # SKIP',
    'not ok 4 - /somewhere/test/purchases/buy-once.test.ts',
    '# pass 2',
  ].join('\n');
  assert.deepEqual(readTap(report), { passed: 2, failed: ['a lost answer is unknown'] });
});
