import { setTimeout as sleep } from 'node:timers/promises';
import { type GuardedProcess, startGuarded } from './child-process.ts';
import { StackError } from './stack-error.ts';

const attempts = 3;
const readyLimitMs = 60_000;
const pollEveryMs = 50;

/** One attempt to start a part: the command line, and the question whether it serves yet. */
export interface PartAttempt {
  command: string;
  args: string[];
  removeAtEnd?: string | undefined;
  /** True once it serves; false or a throw means "not yet". */
  isReady(): Promise<boolean>;
}

/** Starts a tool and waits until it serves. A port that somebody took between our look and its start is answered by
 * another attempt (`prepare` chooses ports anew). Throws StackError with the tool's last words. */
export async function startPart<Attempt extends PartAttempt>(part: {
  name: string;
  prepare: () => Promise<Attempt>;
}): Promise<{ process: GuardedProcess; attempt: Attempt }> {
  for (let n = 1; ; n += 1) {
    const attempt = await part.prepare();
    const { command, args, removeAtEnd } = attempt;
    const process = startGuarded({ command, args, removeAtEnd });
    if (await becomesReady(process, attempt)) return { process, attempt };
    const ended = process.hasExited();
    await process.stop();
    const words = process.lastLines().join('\n');
    if (n < attempts && /address already in use/i.test(words)) continue;
    const what = ended ? 'it ended at once' : `it did not answer within ${readyLimitMs / 1_000} s`;
    throw new StackError(`Failed to start ${part.name}: ${what}. ${howToGoOn(words)}`);
  }
}

async function becomesReady(process: GuardedProcess, attempt: PartAttempt): Promise<boolean> {
  const deadline = Date.now() + readyLimitMs;
  while (!process.hasExited() && Date.now() < deadline) {
    if (await attempt.isReady().catch(() => false)) return !process.hasExited();
    await sleep(pollEveryMs);
  }
  return false;
}

function howToGoOn(words: string): string {
  return words === ''
    ? 'It said nothing; try again, or with another folder (--data).'
    : `Mend what it says, or try another folder (--data). It said:\n${words}`;
}
