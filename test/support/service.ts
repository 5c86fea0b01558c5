import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import { type Collections, collectionsOf } from '../../src/database.ts';
import type { GuardedProcess } from '../../src/dev/child-process.ts';
import { demoCatalogue } from '../../src/dev/demo-catalogue.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { serviceEnvironment } from '../../src/dev/service-environment.ts';
import { startServiceProcess } from '../../src/dev/service-process.ts';
import { makeSecrets } from '../../src/dev/service-secrets.ts';
import type { SimulatorControl } from '../../src/dev/simulator-control.ts';
import { createStorefront, type OrderAnswer, type Storefront } from '../../src/dev/storefront.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { importProducts, parseCatalogue } from '../../src/orders/import-products.ts';
import type { Scenario } from '../../src/simulator/scenario.ts';
import { eventually } from './eventually.ts';
import { startTestSimulator } from './simulator.ts';
import { freshDatabase, useStack } from './stack.ts';

/** A whole service on real parts: worker and API as processes, the simulator as supplier, gateway and mail server. */
export interface TestService {
  simulator: SimulatorControl;
  storefront: Storefront;
  apiUrl: string;
  env: Record<string, string>;
  db: Collections;
  client: Client;
  /** Places an order, and pays it unless told otherwise; gives its id. */
  order(input?: { productId?: string; ramGb?: number; os?: string; pay?: boolean }): Promise<string>;
  /** Waits until the storefront sees the order in one of these statuses. */
  orderIn(orderId: string, ...statuses: string[]): Promise<OrderAnswer>;
  startWorker(): Promise<GuardedProcess>;
  worker: GuardedProcess;
}

/** Short times, so that a whole order takes well under a second. */
const quickPolicy: Partial<Policy> = {
  longestPurchase: '4s',
  settleAfter: '500ms',
  credentialsEvery: '50ms',
  stockEvery: '1s',
  holderCheckEvery: '500ms',
};

/** Starts a service in a namespace and a database of its own; it ends with the test file. */
export async function startTestService(
  input: { scenario?: Scenario; policy?: Partial<Policy>; catalogue?: readonly object[] } = {},
): Promise<TestService> {
  const stack = await useStack();
  const { uri, db } = await freshDatabase();
  const simulator = await startTestSimulator(input.scenario);
  const dir = await mkdtemp(join(tmpdir(), 'harbourmaster-test-'));
  const policyFile = join(dir, 'policy.json');
  await writeFile(policyFile, JSON.stringify({ ...quickPolicy, ...input.policy }));
  const namespace = `test-${randomUUID().slice(0, 8)}`;
  const connection = await Connection.connect({ address: stack.temporalAddress });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  const secrets = makeSecrets();
  const apiPort = await freePort({ part: 'API', log: () => undefined });
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const env = serviceEnvironment({
    temporalAddress: stack.temporalAddress,
    namespace,
    mongodbUri: uri,
    simulator: simulator.addresses,
    apiPort,
    secrets,
    policyFile,
    logLevel: process.env.TEST_LOG_LEVEL ?? 'info',
  });
  const collections = collectionsOf(db);
  const entries = parseCatalogue(input.catalogue ?? demoCatalogue);
  await importProducts({ db: collections, entries, defaults: { matchPolicy: 'exact', reserve: 0 } });
  const onLine = process.env.TEST_LOG_LEVEL ? (line: string) => console.error(line) : undefined;
  const processes: GuardedProcess[] = [];
  const start = async (part: 'worker' | 'api') => {
    const running = await startServiceProcess({ part, env, ...(onLine ? { onLine } : {}) });
    processes.push(running);
    return running;
  };
  after(async () => {
    await Promise.all(processes.map((running) => running.stop()));
    await simulator.stop();
    await connection.close();
    await rm(dir, { recursive: true });
  });
  const [worker] = await Promise.all([start('worker'), start('api')]);
  const storefront = createStorefront({ apiUrl, ...secrets });
  return {
    simulator: simulator.control,
    storefront,
    apiUrl,
    env,
    db: collections,
    client: new Client({ connection, namespace }),
    worker,
    startWorker: () => start('worker'),
    async order({ productId = 'vps-103-181-91', ramGb = 8, os = 'Ubuntu 22', pay = true } = {}) {
      const { status, body } = await storefront.checkout({ productId, ramGb, os });
      if (status !== 201) throw new Error(`Checkout answered ${status}: ${JSON.stringify(body)}`);
      if (pay) await simulator.control.pay({ orderId: body.orderId });
      return body.orderId;
    },
    orderIn: (orderId, ...statuses) =>
      eventually({
        what: `order ${orderId} in ${statuses.join(' or ')}`,
        read: () => storefront.order(orderId),
        isRight: ({ status }) => statuses.includes(status),
      }),
  };
}
