import { type Command, Option } from 'commander';
import type { Verdict } from '../domain/verdict.ts';

/** The command has failed and has said so itself: only its exit code is left. */
export class AlreadyTold extends Error {
  override name = 'AlreadyTold';
}

/** Who acts, why, and how it is printed. */
export interface ActOptions {
  by: string;
  reason?: string;
  json?: boolean;
}

/** Adds `--reason`, `--by` and `--json`; `actor` acts where `--by` names nobody. */
export function takeActOptions(command: Command, actor: string, { needsReason = false } = {}): Command {
  return command
    .addOption(new Option('--reason <text>', 'why').makeOptionMandatory(needsReason))
    .option('--by <name>', 'who decides', actor)
    .option('--json', 'print the answer as one line of JSON');
}

/** Prints what was done. @throws with the sentence where it was not. */
export function sayOutcome(
  { print }: { print(text: string): void },
  { action, outcome, json }: { action: string; outcome: Verdict; json: boolean | undefined },
): void {
  if (json) print(JSON.stringify(outcome));
  else if (outcome.kind === 'accepted') print(outcome.next);
  if (outcome.kind === 'accepted') return;
  const sentence = `Failed to ${action}: ${outcome.sentence}`;
  throw json ? new AlreadyTold(sentence) : new Error(sentence);
}
