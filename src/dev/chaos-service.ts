import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type LockView, lockStateQuery, packageLockId } from '../../workflows/contract/package-lock.ts';
import { readConfig } from '../config.ts';
import { type Collections, collectionsOf, openDatabase } from '../database.ts';
import type { Policy } from '../domain/policy.ts';
import { importProducts, parseCatalogue } from '../orders/import-products.ts';
import { importForeignServers } from '../servers/import-foreign.ts';
import { createTemporalClient } from '../temporal/connection.ts';
import { killTool } from './chaos-kill.ts';
import type { ChaosPlan, ChaosVictim } from './chaos-plan.ts';
import type { GuardedProcess } from './child-process.ts';
import { startMongodb } from './embedded-mongodb.ts';
import { startTemporal } from './embedded-temporal.ts';
import { freePort } from './free-port.ts';
import { orderSearchAttributes } from './order-search-attributes.ts';
import { givenVariables, serviceEnvironment } from './service-environment.ts';
import { startServiceProcess } from './service-process.ts';
import { makeSecrets, type ServiceSecrets } from './service-secrets.ts';
import type { SimulatorControl } from './simulator-control.ts';
import { startSimulatorProcess } from './simulator-process.ts';

type Log = (line: string) => void;

/** A service whose parts can be killed while the simulator keeps the true ledger. */
export interface ChaosService {
  apiUrl: string;
  secrets: ServiceSecrets;
  simulator: SimulatorControl;
  db: Collections;
  client: Client;
  lock(packageName: string): Promise<LockView | undefined>;
  /** SIGKILL, then a new start on the same ports with the same files. */
  killAndRestart(victim: ChaosVictim): Promise<void>;
  stop(): Promise<void>;
}

/** Every bound of an order is short, so that a run ends by itself; a lost login or mail is missed after a minute. */
export const chaosPolicy = {
  longestPurchase: '8s',
  settleAfter: '1s',
  notBoughtAfter: '2s',
  settleProbesPerSecond: 200,
  lockWaitLimit: '3m',
  provisioningLimit: '45s',
  credentialsEvery: '500ms',
  credentialsLimit: '3m',
  stockEvery: '3s',
  // What is nearly empty is what a chaos run is about.
  stockAutoDisable: 0,
  waitForStock: '20s',
  holderCheckEvery: '2s',
  breakerPauses: ['3s', '6s'],
} satisfies Partial<Policy>;

/** Which parts may be killed: what the environment names belongs to somebody else. */
export function chaosVictims(env: NodeJS.ProcessEnv): [ChaosVictim, ...ChaosVictim[]] {
  return [
    'worker',
    'worker',
    'api',
    ...(env.TEMPORAL_ADDRESS ? [] : (['temporal'] as const)),
    ...(env.MONGODB_URI ? [] : (['database'] as const)),
  ];
}

/** Starts everything in `dir`, with the plan's packages in the shop and at the supplier. */
export async function startChaosService(input: {
  plan: ChaosPlan;
  dir: string;
  log: Log;
}): Promise<ChaosService> {
  const { plan, dir, log } = input;
  const secrets = makeSecrets();
  const parts: Partial<Record<ChaosVictim | 'simulator', GuardedProcess>> = {};
  const stop = async () => {
    for (const part of ['worker', 'api', 'simulator', 'temporal', 'database'] as const)
      await parts[part]?.stop();
  };
  try {
    const database = await startDatabase({ dir, log });
    if (database.process) parts.database = database.process;
    const temporal = await startOwnTemporal({ dir, log });
    if (temporal.process) parts.temporal = temporal.process;
    const simulator = await startOracle({ dir, plan, secrets });
    parts.simulator = simulator.process;
    const apiPort = await freePort({ part: 'the API', log });
    const name = `chaos-${randomUUID().slice(0, 8)}`;
    const policyFile = join(dir, 'policy.json');
    writeFileSync(policyFile, JSON.stringify(chaosPolicy));
    const mongodbUri = new URL(database.uri);
    mongodbUri.pathname = `/${name}`;
    const env = serviceEnvironment({
      temporalAddress: temporal.address,
      namespace: name,
      mongodbUri: mongodbUri.href,
      simulator: simulator.addresses,
      apiPort,
      secrets,
      policyFile,
      given: temporalLogin(),
    });
    const shop = await openShop(env, plan);
    const start = (part: 'worker' | 'api') => startServiceProcess({ part, env });
    [parts.worker, parts.api] = await Promise.all([start('worker'), start('api')]);
    const restarts: Record<ChaosVictim, () => Promise<GuardedProcess | null>> = {
      worker: () => start('worker'),
      api: () => start('api'),
      temporal: async () => (await startOwnTemporal({ dir, log, at: temporal.address })).process,
      database: async () => (await startDatabase({ dir, log, at: mongodbUri.host })).process,
    };
    return {
      apiUrl: `http://127.0.0.1:${apiPort}`,
      secrets,
      simulator: simulator.control,
      ...shop,
      lock: (packageName) => findLock(shop.client, packageName),
      async killAndRestart(victim) {
        const running = parts[victim];
        if (running) await killTool(running);
        const again = await restarts[victim]();
        if (again) parts[victim] = again;
      },
      async stop() {
        await stop();
        await shop.close();
      },
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

async function startDatabase(input: { dir: string; log: Log; at?: string }) {
  const { dir, log, at } = input;
  if (process.env.MONGODB_URI) return { process: null, uri: process.env.MONGODB_URI };
  return startMongodb({
    folder: { writtenBy: null, databaseDir: (kind) => join(dir, kind) },
    port: portOf(at),
    log,
  });
}

async function startOwnTemporal(input: { dir: string; log: Log; at?: string }) {
  const { dir, log, at } = input;
  if (process.env.TEMPORAL_ADDRESS) return { process: null, address: process.env.TEMPORAL_ADDRESS };
  return startTemporal({
    file: join(dir, 'temporal.db'),
    ports: { temporal: portOf(at) },
    searchAttributes: orderSearchAttributes,
    log,
  });
}

function portOf(address: string | undefined): number | undefined {
  return address === undefined ? undefined : Number(new URL(`tcp://${address}`).port);
}

/** The simulator is never killed: its ledger is the judge. */
async function startOracle(input: { dir: string; plan: ChaosPlan; secrets: ServiceSecrets }) {
  const { dir, plan, secrets } = input;
  const scenarioFile = join(dir, 'scenario.json');
  const latency = { buyMs: 300, credentialsMs: 500, webhookRetryMs: Array.from({ length: 600 }, () => 500) };
  mkdirSync(dir, { recursive: true });
  writeFileSync(scenarioFile, JSON.stringify({ seed: plan.seed, packages: plan.packages, latency }));
  return startSimulatorProcess({
    scenarioFile,
    env: {
      ...{ SMARTVPS_USERNAME: 'demo-shop', SMARTVPS_PASSWORD: secrets.smartvpsPassword },
      ...{ CASHFREE_CLIENT_ID: 'demo-client', CASHFREE_CLIENT_SECRET: secrets.cashfreeClientSecret },
      ...{ SIMULATOR_PORT: '0', SIMULATOR_SMTP_PORT: '0' },
    },
  });
}

/** An outside Temporal may ask for a login; everything else is chaos's own. */
function temporalLogin(): Record<string, string> {
  const given = Object.entries(givenVariables(process.env));
  return Object.fromEntries(given.filter(([variable]) => /^TEMPORAL_(API_KEY|TLS_)/.test(variable)));
}

async function openShop(env: Record<string, string>, { soldPackages }: ChaosPlan) {
  const config = readConfig('ops', env);
  const client = createTemporalClient(config.temporal);
  await client.workflowService.registerNamespace({
    namespace: config.temporal.namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  const database = openDatabase({ uri: config.mongodbUri, name: config.mongodbDatabase });
  const db = collectionsOf(database.db);
  const catalogue = soldPackages.map((packageName) => ({
    productId: productOf(packageName),
    name: `🌊 ${packageName}`,
    supplier: 'smartvps',
    packageName,
    sizes: [{ ramGb: 8, pricePaise: 89_900 }],
  }));
  const defaults = { matchPolicy: 'exact', reserve: 0 } as const;
  await importProducts({ db, entries: parseCatalogue(catalogue), defaults });
  const now = () => new Date().toISOString();
  await importForeignServers({ db, now }, { supplier: 'smartvps', addresses: [], by: 'chaos' });
  return {
    db,
    client,
    close: () => Promise.all([database.client.close(), client.connection.close()]),
  };
}

/** The product of a package in chaos's catalogue. */
export function productOf(packageName: string): string {
  return `vps-${packageName.replaceAll('.', '-')}`;
}

async function findLock(client: Client, packageName: string): Promise<LockView | undefined> {
  try {
    const handle = client.workflow.getHandle(packageLockId({ supplier: 'smartvps', packageName }));
    return await handle.query(lockStateQuery);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
