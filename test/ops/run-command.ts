import { type OpsPorts, runOps } from '../../src/ops/cli.ts';
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
