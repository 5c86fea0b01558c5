import { globSync } from 'node:fs';
import { StackError } from './stack-error.ts';

/** Two files at once suit two cores. The time limit holds for a whole file (the runner counts a file as a test), and
 * only ends what hangs. */
export const testRunnerFlags = ['--test', '--test-concurrency=2', '--test-timeout=300000'];

/** Long suites have scripts of their own; they run only where their path is given. */
const longSuites = ['test/faults/', 'test/e2e/long/'];

/** What to run for the arguments of `npm test`: files by path or part of a path (none = all but the long suites),
 * and whatever begins with "--" goes to Node's test runner. Throws StackError where nothing fits. */
export function selectTests({ root, wishes }: { root: string; wishes: string[] }): {
  files: string[];
  flags: string[];
} {
  const flags = wishes.filter((wish) => wish.startsWith('--'));
  const parts = wishes.filter((wish) => !wish.startsWith('--')).map((wish) => wish.replace(/^\.\//, ''));
  const all = globSync('test/**/*.test.ts', { cwd: root }).sort();
  const files = all.filter((file) =>
    parts.length === 0
      ? !longSuites.some((suite) => file.startsWith(suite))
      : parts.some((part) => file.includes(part)),
  );
  if (files.length > 0) return { files, flags };
  throw new StackError(
    parts.length === 0
      ? 'Failed to run the tests: there is no test/**/*.test.ts here. Run this in the project folder.'
      : `Failed to run the tests: no file of test/ fits ${parts.join(', ')}. Give a path or a part of one.`,
  );
}
