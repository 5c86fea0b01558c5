import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { Client, Connection, ScheduleNotFoundError, WorkflowNotFoundError } from '@temporalio/client';
import type { Db } from 'mongodb';
import { type Collections, collectionsOf } from '../../src/database.ts';
import type { GuardedProcess } from '../../src/dev/child-process.ts';
import { demoCatalogue } from '../../src/dev/demo-catalogue.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { serviceEnvironment } from '../../src/dev/service-environment.ts';
import { startServiceProcess } from '../../src/dev/service-process.ts';
import { makeSecrets, type ServiceSecrets } from '../../src/dev/service-secrets.ts';
import type { SimulatorControl } from '../../src/dev/simulator-control.ts';
import { createStorefront, type OrderAnswer, type Storefront } from '../../src/dev/storefront.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { importProducts, parseCatalogue } from '../../src/orders/import-products.ts';
import type { Scenario } from '../../src/simulator/scenario.ts';
import type { StoredMail } from '../../src/simulator/state.ts';
import type { StockLine } from '../../src/stock/stock-overview.ts';
import { monitorSchedule } from '../../src/temporal/stock-schedules.ts';
import { askGatewaysScheduleId } from '../../workflows/contract/ask-gateways.ts';
import { monitorStockScheduleId, reportLowStockScheduleId } from '../../workflows/contract/monitor-stock.ts';
import { type LockView, lockStateQuery, packageLockId } from '../../workflows/contract/package-lock.ts';
import { watchOrdersScheduleId } from '../../workflows/contract/watch-orders.ts';
import { eventually } from './eventually.ts';
import { startTestSimulator } from './simulator.ts';
import { freshDatabase, useStack } from './stack.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

export interface OrderWish {
  productId?: string;
  ramGb?: number;
  os?: string;
  pay?: boolean;
}

/** A whole service on real parts: worker and API as processes, the simulator as supplier, gateway and mail server. */
export interface TestService {
  simulator: SimulatorControl;
  storefront: Storefront;
  apiUrl: string;
  secrets: ServiceSecrets;
  db: Collections;
  /** The same database with every collection in it. */
  rawDb: Db;
  client: Client;
  /** The first worker; `workers` has those that were started later too, and those that have ended. */
  worker: GuardedProcess;
  workers: readonly GuardedProcess[];
  api: GuardedProcess;
  /** What worker and API were started with; the operator's commands take it too. */
  env: Readonly<Record<string, string>>;
  /** Every line that worker and API wrote. */
  logLines: string[];
  /** The wires that were asked for by `proxied`. */
  wires: Record<Wire, TcpProxy>;
  /** Places an order, and pays it unless told otherwise; gives its id. */
  order(input?: OrderWish): Promise<string>;
  /** Waits until the storefront sees the order in one of these statuses. */
  orderIn(orderId: string, ...statuses: string[]): Promise<OrderAnswer>;
  /** Waits until the sink has a mail to `to` in which all of `words` stand. */
  mailTo(to: 'admin' | 'customer', ...words: string[]): Promise<StoredMail>;
  /** What the lock of a package says; undefined where it was never asked for or has ended. */
  lock(packageName: string): Promise<LockView | undefined>;
  /** Posts to the API with the admin's token. */
  actAsAdmin(path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Reads the stock now, through `POST /api/smartvps/sync`. */
  sync(): Promise<SyncAnswer>;
  /** Changes the policy of what starts or fails from now on. */
  setPolicy(patch: Partial<Policy>): Promise<void>;
  startWorker(): Promise<GuardedProcess>;
  startApi(): Promise<GuardedProcess>;
}

/** What a sync found, and the stock after it. */
export interface SyncAnswer {
  suppliers: {
    supplier: string;
    kind: 'read' | 'unread';
    counted?: number;
    missing?: string[];
    why?: string;
  }[];
  disabled: string[];
  enabled: string[];
  packages: StockLine[];
}

/** A connection that can be cut: `apiToTemporal` is the API's alone, the others are those of all processes. */
export type Wire = 'apiToTemporal' | 'database' | 'supplier';

/** Short times, so that a whole order takes well under a second. */
const quickPolicy: Partial<Policy> = {
  longestPurchase: '4s',
  settleAfter: '500ms',
  notBoughtAfter: '1s',
  settleProbesPerSecond: 1000,
  credentialsEvery: '50ms',
  stockEvery: '1s',
  holderCheckEvery: '500ms',
  // Never by itself: a test of the watch says how often.
  watchOrdersEvery: '1d',
};

/** Starts a service in a namespace and a database of its own; it ends with the test file. */
export async function startTestService(
  input: {
    scenario?: Scenario;
    policy?: Partial<Policy>;
    catalogue?: readonly object[];
    proxied?: readonly Wire[];
  } = {},
): Promise<TestService> {
  const stack = await useStack();
  const { uri, db } = await freshDatabase();
  const simulator = await startTestSimulator(input.scenario);
  const dir = await mkdtemp(join(tmpdir(), 'harbourmaster-test-'));
  const policyFile = join(dir, 'policy.json');
  const policy = { ...quickPolicy, ...input.policy };
  const setPolicy = async (patch: Partial<Policy>) => {
    await writeFile(policyFile, JSON.stringify(Object.assign(policy, patch)));
  };
  await setPolicy({});
  const namespace = `test-${randomUUID().slice(0, 8)}`;
  const connection = await Connection.connect({ address: stack.temporalAddress });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  const client = new Client({ connection, namespace });
  await pauseMonitor(client);
  const secrets = makeSecrets();
  const apiPort = await freePort({ part: 'API', log: () => undefined });
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  await simulator.control.setConfig({
    razorpay: {
      webhookUrl: `${apiUrl}/webhooks/razorpay`,
      webhookSecret: secrets.razorpayWebhookSecret,
    },
  });
  const wires = await layWires({
    proxied: input.proxied ?? [],
    targets: {
      apiToTemporal: stack.temporalAddress,
      database: new URL(uri).host,
      supplier: new URL(simulator.addresses.smartvpsBaseUrl).host,
    },
  });
  const env = {
    ...serviceEnvironment({
      temporalAddress: stack.temporalAddress,
      namespace,
      mongodbUri: throughWire(uri, wires.database),
      simulator: simulator.addresses,
      apiPort,
      secrets,
      policyFile,
      logLevel: process.env.TEST_LOG_LEVEL ?? 'info',
      ...(process.env.TEST_TEMPORAL_UI ? { temporalUi: process.env.TEST_TEMPORAL_UI } : {}),
    }),
    ...(process.env.TEST_WORKFLOW_CACHE_SIZE
      ? { WORKFLOW_CACHE_SIZE: process.env.TEST_WORKFLOW_CACHE_SIZE }
      : {}),
    SMARTVPS_BASE_URL: throughWire(simulator.addresses.smartvpsBaseUrl, wires.supplier),
  };
  const collections = collectionsOf(db);
  const entries = parseCatalogue(input.catalogue ?? demoCatalogue);
  await importProducts({ db: collections, entries, defaults: { matchPolicy: 'exact', reserve: 0 } });
  const logLines: string[] = [];
  const onLine = (line: string) => {
    logLines.push(line);
    if (process.env.TEST_LOG_LEVEL) console.error(line);
  };
  const processes: GuardedProcess[] = [];
  const workers: GuardedProcess[] = [];
  const start = async (part: 'worker' | 'api') => {
    const address = part === 'api' ? wires.apiToTemporal?.address : undefined;
    const own = address === undefined ? env : { ...env, TEMPORAL_ADDRESS: address };
    const running = await startServiceProcess({ part, env: own, onLine });
    processes.push(running);
    if (part === 'worker') workers.push(running);
    return running;
  };
  after(async () => {
    await Promise.all(processes.map((running) => running.stop()));
    await Promise.all(Object.values(wires).map((wire) => wire.stop()));
    await simulator.stop();
    await deleteSchedules(client);
    await connection.close();
    await rm(dir, { recursive: true });
  });
  const [worker, api] = await Promise.all([start('worker'), start('api')]);
  const storefront = createStorefront({ apiUrl, ...secrets });
  return {
    simulator: simulator.control,
    storefront,
    apiUrl,
    secrets,
    env,
    db: collections,
    rawDb: db,
    client,
    worker,
    workers,
    api,
    logLines,
    wires: wires as TestService['wires'],
    setPolicy,
    startWorker: () => start('worker'),
    startApi: () => start('api'),
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
    async mailTo(to, ...words) {
      const mails = await eventually({
        what: `a mail to the ${to} with ${words.join(', ')}`,
        read: () => simulator.control.mails({ to: `${to}@example.com` }),
        isRight: (seen) => seen.some((mail) => holdsAll(mail, words)),
      });
      return mails.find((mail) => holdsAll(mail, words)) as StoredMail;
    },
    lock: (packageName) => findLock(client, packageName),
    async actAsAdmin(path, body) {
      const response = await fetch(`${apiUrl}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${secrets.adminToken}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    async sync() {
      const ask = () =>
        fetch(`${apiUrl}/api/smartvps/sync`, {
          method: 'POST',
          headers: { authorization: `Bearer ${secrets.adminToken}` },
        });
      // On a slow machine it is still being read when the API has waited long enough.
      const response = await eventually({
        what: 'the stock is read',
        read: ask,
        isRight: ({ status }) => status !== 202,
      });
      const body = await response.text();
      if (response.status !== 200) throw new Error(`The sync answered ${response.status}: ${body}`);
      return JSON.parse(body) as SyncAnswer;
    },
  };
}

/** The namespace stays on the stack of the run, where its schedules would go on. */
async function deleteSchedules(client: Client): Promise<void> {
  const ours = [
    watchOrdersScheduleId,
    askGatewaysScheduleId,
    monitorStockScheduleId,
    reportLowStockScheduleId,
  ];
  for (const scheduleId of ours) {
    try {
      await client.schedule.getHandle(scheduleId).delete();
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    }
  }
}

/** The stock is read where a test asks for it; the worker leaves a paused schedule paused. */
async function pauseMonitor(client: Client): Promise<void> {
  const every = 3_600_000;
  const schedule = monitorSchedule({ everyMs: every, catchupWindowMs: 10_000, runTimeoutMs: every });
  await client.schedule.create({ ...schedule, state: { paused: true, note: 'a test syncs by itself' } });
}

/** A catalogue of products `vps-<package with dashes>`, sold with 4 and 8 GB. */
export function catalogueOf(...packageNames: string[]): object[] {
  return packageNames.map((packageName) => ({
    productId: productOf(packageName),
    name: `🌊 ${packageName}`,
    supplier: 'smartvps',
    packageName,
    sizes: [
      { ramGb: 4, pricePaise: 49_900 },
      { ramGb: 8, pricePaise: 89_900 },
    ],
  }));
}

/** The product of a package in `catalogueOf` and in the demo catalogue. */
export function productOf(packageName: string): string {
  return `vps-${packageName.replaceAll('.', '-')}`;
}

function holdsAll(mail: StoredMail, words: string[]): boolean {
  const text = `${mail.subject}\n${mail.text ?? ''}`;
  return words.every((word) => text.includes(word));
}

async function layWires(input: {
  proxied: readonly Wire[];
  targets: Record<Wire, string>;
}): Promise<Partial<Record<Wire, TcpProxy>>> {
  const laid = input.proxied.map(async (wire) => {
    return [wire, await startTcpProxy({ target: input.targets[wire] })] as const;
  });
  return Object.fromEntries(await Promise.all(laid));
}

function throughWire(address: string, wire: TcpProxy | undefined): string {
  return wire === undefined ? address : address.replace(new URL(address).host, wire.address);
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
