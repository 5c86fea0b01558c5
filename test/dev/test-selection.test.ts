import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { StackError } from '../../src/dev/stack-error.ts';
import { selectTests } from '../../src/dev/test-selection.ts';

function project(t: TestContext, files: string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'test-selection-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), '');
  }
  return root;
}

const files = [
  'test/a.test.ts',
  'test/domain/money.test.ts',
  'test/e2e/long/month.test.ts',
  'test/e2e/order.test.ts',
  'test/faults/kill.test.ts',
  'test/support/stack.ts',
];

test('without a wish all test files run, except the long suites', (t) => {
  const root = project(t, files);
  assert.deepEqual(selectTests({ root, wishes: [] }).files, [
    'test/a.test.ts',
    'test/domain/money.test.ts',
    'test/e2e/order.test.ts',
  ]);
});

test('a part of a path selects, also long suites, and flags go to the runner', (t) => {
  const root = project(t, files);
  assert.deepEqual(selectTests({ root, wishes: ['./test/faults/kill.test.ts', 'money', '--test-only'] }), {
    files: ['test/domain/money.test.ts', 'test/faults/kill.test.ts'],
    flags: ['--test-only'],
  });
  assert.deepEqual(selectTests({ root, wishes: ['test/e2e'] }).files, [
    'test/e2e/long/month.test.ts',
    'test/e2e/order.test.ts',
  ]);
});

test('nothing to run is a failure, not a success', (t) => {
  const root = project(t, files);
  assert.throws(
    () => selectTests({ root, wishes: ['nosuch'] }),
    new StackError('Failed to run the tests: no file of test/ fits nosuch. Give a path or a part of one.'),
  );
  assert.throws(() => selectTests({ root: join(root, 'test', 'support'), wishes: [] }), StackError);
});
