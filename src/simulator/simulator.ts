import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createCashfreeRouter } from './cashfree.ts';
import { resumeCashfree } from './cashfree-ledger.ts';
import { createCheckoutRouter } from './checkout-page.ts';
import { createControlRouter } from './control.ts';
import { startMailSink } from './mail-sink.ts';
import { createPersistence, noPersistence, type Persistence } from './persistence.ts';
import { createRazorpayRouter } from './razorpay.ts';
import { createRazorpayCheckoutRouter } from './razorpay-checkout-page.ts';
import { resumeRazorpay } from './razorpay-ledger.ts';
import { parseScenario, type Scenario } from './scenario.ts';
import { createSmartvpsRouter } from './smartvps.ts';
import { applyConfig, createState, type SimulatorState, withRazorpay } from './state.ts';
import { createWorld, type World } from './world.ts';

export interface SimulatorAddresses {
  smartvpsBaseUrl: string;
  cashfreeBaseUrl: string;
  razorpayBaseUrl: string;
  smtpUrl: string;
  controlUrl: string;
}

export interface Simulator {
  addresses: SimulatorAddresses;
  /** Ends running calls unanswered, saves, and frees the ports. */
  stop(): Promise<void>;
}

export interface SimulatorOptions {
  /** Default 0: a free one. */
  port?: number;
  smtpPort?: number;
  /** Address to listen on; default loopback alone. Other containers need 0.0.0.0. */
  host?: string | undefined;
  /** Folder that keeps everything over a restart; what it holds wins over the scenario. */
  dataDir?: string | undefined;
  scenario?: Scenario | undefined;
  /** Logins to insist on; they win over what was saved, a scenario's own win over them. */
  credentials?: Pick<Scenario, 'smartvps' | 'cashfree' | 'razorpay'>;
}

/**
 * Starts SmartVPS, Cashfree, Razorpay and a mail sink on loopback, with a ledger of what was really sold and paid. Throws a
 * sentence when a port is taken or the scenario cannot be read.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, smtpPort = 0, host = '127.0.0.1', dataDir, credentials = {} } = options;
  const scenario = parseScenario(options.scenario ?? {});
  const persistence = dataDir === undefined ? noPersistence : createPersistence({ dataDir });
  const saved = await persistence.load();
  const withLogins = (base: Scenario): Scenario => ({
    ...base,
    smartvps: { ...credentials.smartvps, ...base.smartvps },
    cashfree: { ...credentials.cashfree, ...base.cashfree },
    razorpay: { ...credentials.razorpay, ...base.razorpay },
  });
  let world = beginWorld({
    state:
      saved === undefined
        ? createState(withLogins(scenario))
        : insistOn({ state: withRazorpay(saved), credentials }),
    persistence,
  });
  const getWorld = () => world;
  const reset = (next: Scenario) => {
    const state = createState(withLogins(next));
    world.end();
    world = beginWorld({ state, persistence });
  };
  const server = createServer(createApp({ getWorld, reset }));
  const mailSink = await startMailSink({ port: smtpPort, host, getWorld }).catch((error: unknown) => {
    throw portError({ error, port: smtpPort, variable: 'SIMULATOR_SMTP_PORT' });
  });
  await listen({ server, port, host }).catch(async (error: unknown) => {
    await mailSink.stop();
    throw portError({ error, port, variable: 'SIMULATOR_PORT' });
  });
  const stop = async () => {
    world.end();
    server.close();
    server.closeAllConnections();
    await mailSink.stop();
    await persistence.save(world.state);
  };
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { addresses: listAddresses({ origin, smtpPort: mailSink.port }), stop: once(stop) };
}

function insistOn(input: {
  state: SimulatorState;
  credentials: NonNullable<SimulatorOptions['credentials']>;
}): SimulatorState {
  const { state, credentials } = input;
  return { ...state, config: applyConfig({ config: state.config, patch: credentials }) };
}

function beginWorld({ state, persistence }: { state: SimulatorState; persistence: Persistence }): World {
  const world = createWorld({ state, persistence });
  closeInterrupted(world);
  resumeCashfree(world);
  resumeRazorpay(world);
  world.changed();
  return world;
}

/** No purchase outlives the process: what a stop cut short ended then, sold or not. */
function closeInterrupted(world: World): void {
  for (const purchase of world.state.purchases) {
    if (purchase.endSequence !== null && purchase.answer !== 'pending') continue;
    purchase.answer = 'interrupted';
    purchase.endedAt ??= new Date().toISOString();
    purchase.endSequence ??= world.nextSequence();
  }
}

function createApp(deps: { getWorld: () => World; reset: (scenario: Scenario) => void }) {
  const { getWorld, reset } = deps;
  const app = express();
  app.disable('x-powered-by');
  const text = express.text({ type: () => true, limit: '1mb' });
  app.use('/simulator', createControlRouter({ getWorld, reset }));
  app.use('/smartvps', text, createSmartvpsRouter({ getWorld }));
  app.use('/cashfree', createCheckoutRouter({ getWorld }));
  app.use('/cashfree', text, createCashfreeRouter({ getWorld }));
  app.use('/razorpay', createRazorpayCheckoutRouter({ getWorld }));
  app.use('/razorpay', text, createRazorpayRouter({ getWorld }));
  return app;
}

function listen(input: { server: Server; port: number; host: string }): Promise<void> {
  const { server, port, host } = input;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function portError({ error, port, variable }: { error: unknown; port: number; variable: string }): Error {
  const reason = error instanceof Error ? error.message : String(error);
  return new Error(
    `Failed to start the simulator on port ${port}: ${reason}. Set ${variable} to a free port or leave it out.`,
    { cause: error },
  );
}

function listAddresses({ origin, smtpPort }: { origin: string; smtpPort: number }): SimulatorAddresses {
  return {
    smartvpsBaseUrl: `${origin}/smartvps`,
    cashfreeBaseUrl: `${origin}/cashfree`,
    razorpayBaseUrl: `${origin}/razorpay`,
    smtpUrl: `smtp://127.0.0.1:${smtpPort}`,
    controlUrl: `${origin}/simulator`,
  };
}

function once(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= task();
    return running;
  };
}
