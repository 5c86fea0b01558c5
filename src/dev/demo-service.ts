import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { readConfig } from '../config.ts';
import { type Collections, collectionsOf, openDatabase } from '../database.ts';
import { importProducts, parseCatalogue } from '../orders/import-products.ts';
import { importForeignServers } from '../servers/import-foreign.ts';
import { createTemporalClient } from '../temporal/connection.ts';
import { demoCatalogue } from './demo-catalogue.ts';
import type { EmbeddedStack } from './embedded-stack.ts';
import { freePort } from './free-port.ts';
import { givenVariables, serviceEnvironment } from './service-environment.ts';
import { startServiceProcess } from './service-process.ts';
import type { ServiceSecrets } from './service-secrets.ts';
import type { SimulatorProcess } from './simulator-process.ts';
import { createStorefront, type Storefront } from './storefront.ts';

/** A service for one run of the demo: worker and API as processes, a namespace and a database of its own. */
export interface DemoService {
  simulator: SimulatorProcess['control'];
  storefront: Storefront;
  db: Collections;
  client: Client;
  /** Resolves when both processes are gone and the database is dropped. */
  stop(): Promise<void>;
}

/** What all runs of the demo share. */
export interface DemoSurroundings {
  stack: Pick<EmbeddedStack, 'temporalAddress' | 'temporalUi' | 'mongodbUri'>;
  simulator: SimulatorProcess;
  secrets: ServiceSecrets;
  policyFile: string;
}

const retentionSeconds = 24 * 3600;

/** Beside the demo's catalogue: a package whose name begins as that of another one does. */
export const nearNamePackage = '103.181.9';
const nearNameProduct = {
  productId: 'vps-103-181-9',
  name: `🌊 ${nearNamePackage}`,
  supplier: 'smartvps',
  packageName: nearNamePackage,
  sizes: [{ ramGb: 8, pricePaise: 89_900 }],
} as const;

/** Starts a service that knows nothing of the runs before. */
export async function startDemoService(around: DemoSurroundings): Promise<DemoService> {
  const { simulator, secrets } = around;
  const apiPort = await freePort({ part: 'the API', log: () => undefined });
  const env = environmentOf(around, apiPort);
  const config = readConfig('ops', env);
  const client = createTemporalClient(config.temporal);
  await client.workflowService.registerNamespace({
    namespace: config.temporal.namespace,
    workflowExecutionRetentionPeriod: { seconds: retentionSeconds as never },
  });
  const database = openDatabase({ uri: config.mongodbUri, name: config.mongodbDatabase });
  const db = collectionsOf(database.db);
  const entries = parseCatalogue([...demoCatalogue, nearNameProduct]);
  await importProducts({ db, entries, defaults: { matchPolicy: 'exact', reserve: 0 } });
  const now = () => new Date().toISOString();
  await importForeignServers({ db, now }, { supplier: 'smartvps', addresses: [], by: 'demo' });
  const parts = await Promise.all([
    startServiceProcess({ part: 'worker', env }),
    startServiceProcess({ part: 'api', env }),
  ]);
  return {
    simulator: simulator.control,
    storefront: createStorefront({ apiUrl: `http://127.0.0.1:${apiPort}`, ...secrets }),
    db,
    client,
    async stop() {
      await Promise.all(parts.map((part) => part.stop()));
      await database.db.dropDatabase();
      await Promise.all([database.client.close(), client.connection.close()]);
    },
  };
}

/** Only where Temporal is comes from outside; everything else is the demo's own. */
function environmentOf(around: DemoSurroundings, apiPort: number): Record<string, string> {
  const { stack, simulator, secrets, policyFile } = around;
  const name = `demo-${randomUUID().slice(0, 8)}`;
  const database = new URL(stack.mongodbUri);
  database.pathname = `/${name}`;
  const given = Object.entries(givenVariables(process.env)).filter(([variable]) =>
    /^TEMPORAL_(API_KEY|TLS_)/.test(variable),
  );
  return serviceEnvironment({
    ...stack,
    namespace: name,
    mongodbUri: database.href,
    simulator: simulator.addresses,
    apiPort,
    secrets,
    policyFile,
    given: Object.fromEntries(given),
  });
}
