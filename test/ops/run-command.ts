import { type OpsPorts, runOps } from '../../src/ops/cli.ts';
import { composeOps } from '../../src/ops-composition.ts';
import { noVerbs } from './no-verbs.ts';

/** Runs a command in this process; a verb that the test does not give must not be called. */
export async function runCommand(args: string[], verbs: Partial<OpsPorts> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const print = (text: string) => void out.push(text);
  const printError = (text: string) => void err.push(text);
  const code = await runOps({ ...noVerbs, print, printError, ...verbs }, args);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

/** A verb that remembers what it was given and gives `answer`. */
export function verb<T>(answer: T) {
  const seen: unknown[] = [];
  return {
    seen,
    call: async (input?: unknown) => {
      seen.push(input);
      return answer;
    },
  };
}

/** Runs a command in this process with its real verbs, in an environment of its own. */
export async function opsIn(env: Readonly<Record<string, string>>, args: string[]) {
  const warnings: string[] = [];
  const verbs = composeOps({ env: { ...env }, warn: (sentence) => void warnings.push(sentence) });
  const { code, out, err } = await runCommand(args, verbs);
  return { code, stdout: out, stderr: [...warnings, ...(err === '' ? [] : [err])].join('\n') };
}
