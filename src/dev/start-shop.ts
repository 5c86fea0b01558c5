import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readConfig } from '../config.ts';
import { composeImport, composeRecords } from '../ops-composition.ts';
import type { Scenario } from '../simulator/scenario.ts';
import { demoCatalogue } from './demo-catalogue.ts';
import type { EmbeddedStack } from './embedded-stack.ts';
import { freePort } from './free-port.ts';
import type { RunningParts } from './running-parts.ts';
import { givenVariables, serviceEnvironment } from './service-environment.ts';
import { startServiceProcess } from './service-process.ts';
import { keepSecrets } from './service-secrets.ts';
import type { SimulatorControl } from './simulator-control.ts';
import { startSimulatorProcess } from './simulator-process.ts';
import { messageOf, StackError } from './stack-error.ts';

type Log = (line: string) => void;

/** A shop that runs: where it is, and what of its outside is simulated. */
export interface Shop {
  apiUrl: string;
  /** The environment of worker and API. */
  env: Record<string, string>;
  /** What of it came from outside. */
  given: Record<string, string>;
  secretsFile: string;
  simulator: { control: SimulatorControl; controlUrl: string; cashfreeUrl: string } | null;
  /** Supplier and gateway are both the simulator: an order costs nothing and can be paid here. */
  isDemo: boolean;
  /** Who can sign in to the admin site; null where the database is somebody's own. */
  demoAdmin: string | null;
}

const apiPort = 3_000;

/** Three Node processes beside two servers on one small machine: 15 to 40 MB less each, for more frequent cleaning. */
const frugal = { NODE_OPTIONS: '--max-semi-space-size=2' };

/** Enough addresses for many starts: each places one order. */
const demoPackages: Scenario = {
  packages: [
    { id: 5, name: '103.181.91', addresses: ['103.181.91.10-209'], fallback: '103.182.44' },
    { id: 6, name: '103.182.44', addresses: ['103.182.44.18-117'] },
  ],
};

/**
 * Starts everything around and of the service on a running stack, and adds each process to `parts`. What the
 * environment sets wins over the embedded parts. Throws `StackError` with the way out.
 */
export async function startShop(input: {
  stack: EmbeddedStack;
  dataDir: string;
  parts: RunningParts;
  log: Log;
}): Promise<Shop> {
  const { stack, parts, log } = input;
  const dataDir = resolve(input.dataDir);
  const given = givenForStart(process.env);
  const secretsFile = join(dataDir, 'secrets.json');
  const secrets = keepSecrets({ path: secretsFile });
  const port = await portOfApi(given.PORT, log);
  const around = {
    ...stack,
    namespace: 'default',
    apiPort: port,
    secrets,
    given: { ...given, PORT: String(port) },
  };
  const simulator = isAllOutside(given)
    ? null
    : await startSimulator({
        env: serviceEnvironment({ ...around, simulator: noAddresses }),
        dataDir,
        parts,
      });
  if (simulator) {
    log(`Simulator ready: ${sayOutside(given)} at ${new URL(simulator.addresses.controlUrl).origin}`);
  }
  const env = serviceEnvironment({ ...around, simulator: simulator?.addresses ?? null });
  const isDemo = !given.SMARTVPS_BASE_URL && !given.CASHFREE_BASE_URL;
  if (!given.SMARTVPS_BASE_URL) await importDemoCatalogue(env, log);
  const demoAdmin = given.MONGODB_URI ? null : await addDemoAdmin(env, secrets.demoPassword);
  await Promise.all([
    startPart('worker', { ...env, ...frugal }, input),
    startPart('api', { ...env, ...frugal }, input),
  ]);
  return {
    apiUrl: `http://127.0.0.1:${port}`,
    env,
    given,
    secretsFile,
    simulator: simulator && {
      control: simulator.control,
      controlUrl: simulator.addresses.controlUrl,
      cashfreeUrl: simulator.addresses.cashfreeBaseUrl,
    },
    isDemo,
    demoAdmin,
  };
}

/** The worker says that it is ready at the level info, so a quieter level cannot be passed on. */
function givenForStart(env: NodeJS.ProcessEnv): Record<string, string> {
  const { LOG_LEVEL: level, ...given } = givenVariables(env);
  return level === 'debug' || level === 'trace' ? { ...given, LOG_LEVEL: level } : given;
}

async function portOfApi(given: string | undefined, log: Log): Promise<number> {
  if (given === undefined || given === '0') {
    return freePort({ preferred: given === '0' ? 0 : apiPort, part: 'the API', log });
  }
  const preferred = Number(given);
  const port = Number.isInteger(preferred) && preferred < 65_536 ? preferred : -1;
  const found = port < 0 ? -1 : await freePort({ preferred: port, part: 'the API', log: () => undefined });
  if (found === port && port > 0) return port;
  throw new StackError(
    `Failed to start the API: its PORT ${given} ${port < 0 ? 'is no port' : 'is in use'}. ` +
      'Set PORT to a free one, or unset it.',
  );
}

function isAllOutside(given: Record<string, string>): boolean {
  return Boolean(given.SMARTVPS_BASE_URL && given.CASHFREE_BASE_URL && given.SMTP_URL);
}

function sayOutside(given: Record<string, string>): string {
  const simulated = [
    given.SMARTVPS_BASE_URL ? [] : ['SmartVPS'],
    given.CASHFREE_BASE_URL ? [] : ['Cashfree', 'Razorpay'],
    given.SMTP_URL ? [] : ['mail'],
  ].flat();
  return new Intl.ListFormat('en').format(simulated);
}

const noAddresses = { smartvpsBaseUrl: '', cashfreeBaseUrl: '', razorpayBaseUrl: '', smtpUrl: '' };

async function startSimulator(input: { env: Record<string, string>; dataDir: string; parts: RunningParts }) {
  const { env, dataDir, parts } = input;
  const dir = join(dataDir, 'simulator');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const scenarioFile = join(dir, 'scenario.json');
  writeFileSync(scenarioFile, JSON.stringify(demoPackages));
  const logins = [
    ...['SMARTVPS_USERNAME', 'SMARTVPS_PASSWORD', 'CASHFREE_CLIENT_ID', 'CASHFREE_CLIENT_SECRET'],
    ...['RAZORPAY_KEY_ID', 'RAZORPAY_KEY_SECRET', 'RAZORPAY_WEBHOOK_SECRET', 'PUBLIC_URL'],
  ].flatMap((name) => (env[name] ? [[name, env[name]]] : []));
  const simulator = await startSimulatorProcess({
    env: { ...Object.fromEntries(logins), ...frugal },
    dataDir: dir,
    scenarioFile,
  });
  parts.add({ name: 'simulator', process: simulator.process });
  return simulator;
}

async function importDemoCatalogue(env: Record<string, string>, log: Log): Promise<void> {
  try {
    const config = readConfig('import', env);
    const counts = await composeImport(config)(demoCatalogue);
    await composeRecords(config).importForeign({ list: null, supplier: 'smartvps', by: 'demo' });
    log(`Catalogue ready: ${counts.created} products created, ${counts.updated + counts.unchanged} known`);
  } catch (thrown) {
    throw new StackError(messageOf(thrown));
  }
}

/** The admin of the demo, whose password is in the secrets' file. */
async function addDemoAdmin(env: Record<string, string>, password: string): Promise<string> {
  const name = 'demo';
  const said = { by: 'npm start', reason: 'the demo' };
  try {
    const records = composeRecords(readConfig('import', env));
    const known = await records.listAdmins();
    if (!known.some((admin) => admin.name === name)) {
      await records.addAdmin({ name, password, replace: false, ...said });
    }
    return name;
  } catch (thrown) {
    throw new StackError(messageOf(thrown));
  }
}

/** What a part logs is kept in the data folder, from this start on. */
async function startPart(
  part: 'worker' | 'api',
  env: Record<string, string>,
  { dataDir, parts, log }: { dataDir: string; parts: RunningParts; log: Log },
): Promise<void> {
  const file = createWriteStream(join(resolve(dataDir), `${part}.log`));
  const process = await startServiceProcess({ part, env, onLine: (line) => file.write(`${line}\n`) });
  parts.add({ name: part === 'api' ? 'API' : part, process });
  log(part === 'api' ? `API ready: http://127.0.0.1:${env.PORT}` : 'Worker ready');
}
