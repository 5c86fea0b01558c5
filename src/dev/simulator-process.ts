import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SimulatorAddresses } from '../simulator/simulator.ts';
import { type GuardedProcess, startGuarded } from './child-process.ts';
import { createSimulatorControl, type SimulatorControl } from './simulator-control.ts';
import { StackError } from './stack-error.ts';

const entry = fileURLToPath(new URL('../bin/run.mjs', import.meta.url));
const readyLimitMs = 60_000;

/** A simulator that runs as its own process. */
export interface SimulatorProcess {
  process: GuardedProcess;
  addresses: SimulatorAddresses;
  control: SimulatorControl;
}

/** Starts the simulator and waits for its line with addresses; `env` (logins, ports) is added to ours. Throws
 * StackError with its last words. */
export async function startSimulatorProcess(input: {
  env: Readonly<Record<string, string>>;
  /** Keeps its pools and ledger there. */
  dataDir?: string;
  scenarioFile?: string;
}): Promise<SimulatorProcess> {
  const { env, dataDir, scenarioFile } = input;
  const data = dataDir === undefined ? [] : ['--data', dataDir];
  const scenario = scenarioFile === undefined ? [] : ['--scenario', scenarioFile];
  let addresses: SimulatorAddresses | null = null;
  const running = startGuarded({
    command: process.execPath,
    args: [entry, 'simulator', ...data, ...scenario],
    env: { ...process.env, ...env },
    onLine: (line) => {
      addresses ??= findAddresses(line);
    },
  });
  const deadline = Date.now() + readyLimitMs;
  while (!running.hasExited() && Date.now() < deadline) {
    if (addresses !== null) return withControl(running, addresses);
    await sleep(20);
  }
  await running.stop();
  throw new StackError(running.lastLines().join('\n') || 'Failed to start the simulator: it said nothing.');
}

function withControl(process: GuardedProcess, addresses: SimulatorAddresses): SimulatorProcess {
  return { process, addresses, control: createSimulatorControl(addresses.controlUrl) };
}

function findAddresses(line: string): SimulatorAddresses | null {
  return line.startsWith('{"smartvpsBaseUrl"') ? (JSON.parse(line) as SimulatorAddresses) : null;
}
