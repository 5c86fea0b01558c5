import { createSimulatorControl, type SimulatorControl } from '../../src/dev/simulator-control.ts';
import type { LatencyProfile } from '../../src/simulator/latency.ts';
import type { Scenario } from '../../src/simulator/scenario.ts';
import {
  type SimulatorAddresses,
  type SimulatorOptions,
  startSimulator,
} from '../../src/simulator/simulator.ts';

export interface TestSimulator {
  addresses: SimulatorAddresses;
  control: SimulatorControl;
  stop(): Promise<void>;
}

/** Short enough for many orders in one test, long enough for calls to overlap. */
export const testLatency: LatencyProfile = {
  buyMs: 30,
  credentialsMs: 40,
  othersMs: 1,
  refundMs: 30,
  webhookRetryMs: [50, 100, 200],
};

/** A simulator of its own on free ports, with times of a few ms unless the scenario says otherwise. */
export async function startTestSimulator(
  scenario: Scenario = {},
  options: Omit<SimulatorOptions, 'scenario'> = {},
): Promise<TestSimulator> {
  const quick = scenario.profile === undefined ? testLatency : {};
  const { addresses, stop } = await startSimulator({
    ...options,
    scenario: { ...scenario, latency: { ...quick, ...scenario.latency } },
  });
  return { addresses, stop, control: createSimulatorControl(addresses.controlUrl) };
}
