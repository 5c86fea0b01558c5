import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type GuardedProcess, startGuarded } from './child-process.ts';
import { StackError } from './stack-error.ts';

const entry = fileURLToPath(new URL('../bin/run.mjs', import.meta.url));
const readyLimitMs = 90_000;
const lookEveryMs = 50;

/** Starts one part of the service (`worker`, `api`) as its own process and waits until it serves. */
export async function startServiceProcess(input: {
  part: 'worker' | 'api';
  env: Record<string, string>;
  onLine?: (line: string) => void;
}): Promise<GuardedProcess> {
  const { part, env } = input;
  let isReady = false;
  const running = startGuarded({
    command: process.execPath,
    args: [entry, part],
    // A worker that is asked to end finishes its purchases first (4 min by default).
    killAfterMs: part === 'worker' ? 330_000 : 8_000,
    env: { ...systemEnvironment(), ...env },
    onLine: (line) => {
      isReady ||= part === 'worker' && line.includes('"Worker ready"');
      input.onLine?.(line);
    },
  });
  const deadline = Date.now() + readyLimitMs;
  while (Date.now() < deadline && !running.hasExited()) {
    if (part === 'api') isReady = await answersReady(env.PORT ?? '');
    if (isReady) return running;
    await sleep(lookEveryMs);
  }
  await running.stop();
  throw new StackError(`Failed to start the ${part}. It said:\n${running.lastLines().join('\n')}`);
}

/** What a process needs of ours to run at all; settings of the service are given, never inherited. */
function systemEnvironment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'NODE_EXTRA_CA_CERTS'];
  return Object.fromEntries(kept.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

async function answersReady(port: string): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
