import { runCommand } from './child-process.ts';

/** One check: a command whose exit code 0 means that all is well. */
export interface Check {
  label: string;
  command: string;
  args: string[];
}

/** Runs all checks, whatever the earlier ones said; prints the output of those that fail and a summary. Returns the
 * exit code: 1 where any failed. */
export async function runChecks(checks: readonly Check[]): Promise<number> {
  const summary: string[] = [];
  let failed = 0;
  for (const { label, command, args } of checks) {
    const startedAt = Date.now();
    const { code, stdout, stderr } = await runCommand({ command, args });
    const verdict = `${code === 0 ? 'ok    ' : 'FAILED'} ${label} (${((Date.now() - startedAt) / 1_000).toFixed(1)} s)`;
    summary.push(verdict);
    if (code === 0) continue;
    failed += 1;
    console.log(`--- ${label} ---\n${[stdout, stderr].filter((text) => text !== '').join('\n')}\n`);
  }
  console.log(summary.join('\n'));
  console.log(failed === 0 ? 'All checks passed.' : `${failed} of ${checks.length} checks failed.`);
  return failed === 0 ? 0 : 1;
}
