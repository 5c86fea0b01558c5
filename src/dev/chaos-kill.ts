import { readFile } from 'node:fs/promises';
import { type GuardedProcess, runCommand } from './child-process.ts';

/** Kills a guarded tool by SIGKILL, past its guard, and waits until both are gone. */
export async function killTool({ pid, exited }: GuardedProcess): Promise<void> {
  for (const child of await childrenOf(pid)) process.kill(child, 'SIGKILL');
  await exited;
}

async function childrenOf(pid: number): Promise<number[]> {
  const listed =
    process.platform === 'linux'
      ? await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
      : (await runCommand({ command: 'pgrep', args: ['-P', String(pid)] })).stdout;
  return (listed.match(/\d+/g) ?? []).map(Number);
}
