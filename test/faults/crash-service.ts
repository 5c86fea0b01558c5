import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { MongoClient } from 'mongodb';
import { type Collections, collectionsOf } from '../../src/database.ts';
import type { GuardedProcess } from '../../src/dev/child-process.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { serviceEnvironment } from '../../src/dev/service-environment.ts';
import { startServiceProcess } from '../../src/dev/service-process.ts';
import { makeSecrets, type ServiceSecrets } from '../../src/dev/service-secrets.ts';
import type { SimulatorControl } from '../../src/dev/simulator-control.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { importProducts, parseCatalogue } from '../../src/orders/import-products.ts';
import { type LockView, lockStateQuery, packageLockId } from '../../workflows/contract/package-lock.ts';
import { killProcess } from '../support/kill-process.ts';
import { catalogueOf } from '../support/service.ts';
import { startTestSimulator } from '../support/simulator.ts';
import type { CrashStack, StackPart } from './crash-stack.ts';
import { type GrpcWire, startGrpcWire } from './grpc-wire.ts';
import { type HttpWire, startHttpWire } from './http-wire.ts';
import { type MongoWire, startMongoWire } from './mongo-wire.ts';

export type Victim = 'worker' | 'api' | StackPart;

/** A service with a wire that can be stopped before everything it talks to, and parts that can be killed. */
export interface CrashService {
  apiUrl: string;
  secrets: ServiceSecrets;
  simulator: SimulatorControl;
  db: Collections;
  client: Client;
  wires: { database: MongoWire; supplier: HttpWire; temporal: GrpcWire };
  lock(packageName: string): Promise<LockView | undefined>;
  kill(victim: Victim): Promise<void>;
  restart(victim: Victim): Promise<void>;
  /** How each part is, in words: for who reads a case that came to no end. */
  sayParts(): Promise<string>;
  /** Ends the stack too, where that is its own. */
  stop(): Promise<void>;
}

/**
 * The longest purchase is longer than a wave of cases needs to reach its borders, so that no purchase is cut before
 * the kill; everything else is short.
 */
const policy: Partial<Policy> = {
  longestPurchase: '14s',
  provisioningLimit: '60s',
  settleAfter: '500ms',
  notBoughtAfter: '1s',
  settleProbesPerSecond: 1000,
  credentialsEvery: '200ms',
  credentialsLimit: '5m',
  stockEvery: '1h',
  stockAutoDisable: 0,
  holderCheckEvery: '500ms',
};

/** Starts a service on `stack` that sells the given packages. */
export async function startCrashService(input: {
  stack: CrashStack;
  packageNames: readonly string[];
}): Promise<CrashService> {
  const { stack, packageNames } = input;
  const simulator = await startTestSimulator({
    packages: packageNames.map((name, index) => ({ id: 50 + index, name, addresses: [`${name}.10-60`] })),
    latency: { webhookRetryMs: Array.from({ length: 200 }, () => 300) },
  });
  const name = `crash-${randomUUID().slice(0, 8)}`;
  const connection = await Connection.connect({ address: stack.temporalAddress });
  await connection.workflowService.registerNamespace({
    namespace: name,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  const mongo = await MongoClient.connect(stack.mongodbUri, { serverSelectionTimeoutMS: 5_000 });
  const db = collectionsOf(mongo.db(name));
  await stockShop(db, packageNames);
  const wires = {
    database: await startMongoWire({ target: new URL(stack.mongodbUri).host }),
    supplier: await startHttpWire({ target: new URL(simulator.addresses.smartvpsBaseUrl).host }),
    temporal: await startGrpcWire({ target: stack.temporalAddress }),
  };
  const dir = await mkdtemp(join(tmpdir(), 'harbourmaster-crash-'));
  const policyFile = join(dir, 'policy.json');
  await writeFile(policyFile, JSON.stringify(policy));
  const secrets = makeSecrets();
  const apiPort = await freePort({ part: 'API', log: () => undefined });
  const env = serviceEnvironment({
    temporalAddress: wires.temporal.address,
    namespace: name,
    mongodbUri: `mongodb://${wires.database.address}/${name}`,
    simulator: throughWire(simulator.addresses, wires.supplier),
    apiPort,
    secrets,
    policyFile,
  });
  const onLine = process.env.TEST_LOG_LEVEL ? (line: string) => console.error(line) : () => undefined;
  const start = (part: 'worker' | 'api') => startServiceProcess({ part, env, onLine });
  const parts: Partial<Record<'worker' | 'api', GuardedProcess>> = {};
  [parts.worker, parts.api] = await Promise.all([start('worker'), start('api')]);
  const client = new Client({ connection, namespace: name });
  return {
    apiUrl: `http://127.0.0.1:${apiPort}`,
    secrets,
    simulator: simulator.control,
    db,
    client,
    wires,
    lock: (packageName) => findLock(client, packageName),
    async kill(victim) {
      if (victim === 'temporal' || victim === 'database') return stack.kill(victim);
      const running = parts[victim];
      if (running) await killProcess({ process: running, signal: 'SIGKILL' });
    },
    async restart(victim) {
      if (victim === 'temporal' || victim === 'database') return stack.restart(victim);
      parts[victim] = await start(victim);
    },
    async sayParts() {
      const database = inTime(db.settings.updateOne({ _id: 'foreignServers' }, { $set: { count: 0 } }));
      const temporal = inTime(connection.workflowService.describeNamespace({ namespace: name }));
      const said = await Promise.all([
        database.then((how) => `a write of the database ${how}`),
        temporal.then((how) => `a call of Temporal ${how}`),
      ]);
      const ended = Object.entries(parts).flatMap(([part, running]) =>
        running.hasExited() ? [`the ${part} has ended: ${running.lastLines().join(' | ')}`] : [],
      );
      return [...said, ...ended].join('; ');
    },
    async stop() {
      await Promise.all(Object.values(parts).map((part) => part.stop()));
      await Promise.all(Object.values(wires).map((wire) => wire.stop()));
      await Promise.all([simulator.stop(), connection.close(), mongo.close(), rm(dir, { recursive: true })]);
      await stack.stop();
    },
  };
}

async function inTime(asked: Promise<unknown>): Promise<string> {
  const startedAt = Date.now();
  const done = asked.then(
    () => `took ${Date.now() - startedAt} ms`,
    (error: Error) => `failed: ${error.message}`,
  );
  const limitMs = 10_000;
  return Promise.race([done, sleep(limitMs, `took more than ${limitMs} ms`, { ref: false })]);
}

/** A shop whose packages have sold before, and whose account has no older servers. */
async function stockShop(db: Collections, packageNames: readonly string[]): Promise<void> {
  const entries = parseCatalogue(catalogueOf(...packageNames));
  await importProducts({ db, entries, defaults: { matchPolicy: 'exact', reserve: 0 } });
  await db.openPurchases.insertMany(
    packageNames.map((name) => ({ _id: `smartvps:${name}`, highest: 0, purchaseId: null })),
  );
  await db.settings.insertOne({
    _id: 'foreignServers',
    count: 0,
    at: new Date().toISOString(),
    by: 'crash matrix',
  });
}

function throughWire<A extends { smartvpsBaseUrl: string; cashfreeBaseUrl: string }>(
  addresses: A,
  { address }: HttpWire,
): A {
  const moved = (url: string) => url.replace(new URL(url).host, address);
  return {
    ...addresses,
    smartvpsBaseUrl: moved(addresses.smartvpsBaseUrl),
    cashfreeBaseUrl: moved(addresses.cashfreeBaseUrl),
  };
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
