import { readFile } from 'node:fs/promises';
import { type GuardedProcess, runCommand } from '../../src/dev/child-process.ts';

/** Ends a guarded tool by a signal to the tool itself, not to its guard, and waits until both are gone. */
export async function killProcess(input: {
  process: GuardedProcess;
  signal: 'SIGKILL' | 'SIGTERM';
}): Promise<void> {
  await signalProcess(input);
  await input.process.exited;
}

/** Sends a signal to the tool itself, not to its guard, and does not wait. */
export async function signalProcess(input: {
  process: GuardedProcess;
  signal: 'SIGKILL' | 'SIGTERM';
}): Promise<void> {
  const [pid] = await childrenOf(input.process.pid);
  if (pid === undefined) throw new Error(`The guard ${input.process.pid} has no tool to signal.`);
  process.kill(pid, input.signal);
}

async function childrenOf(pid: number): Promise<number[]> {
  if (process.platform === 'linux') {
    return numbersIn(await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'));
  }
  return numbersIn((await runCommand({ command: 'pgrep', args: ['-P', String(pid)] })).stdout);
}

function numbersIn(text: string): number[] {
  return (text.match(/\d+/g) ?? []).map(Number);
}
