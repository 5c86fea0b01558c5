import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Policy } from '../domain/policy.ts';
import type { PackageDefinition } from '../simulator/scenario.ts';
import type { ObservedRun } from './demo-figures.ts';
import { reportDemo } from './demo-report.ts';
import { observe, rush, type Watch } from './demo-run.ts';
import {
  type DemoService,
  type DemoSurroundings,
  nearNamePackage,
  startDemoService,
} from './demo-service.ts';
import { countHistoryEvents, type SpeedFigures, speedOf } from './demo-speed.ts';
import { type DemoEvidence, incidentPackage, judgeDemo } from './demo-verdict.ts';
import { startEmbeddedStack } from './embedded-stack.ts';
import { orderSearchAttributes } from './order-search-attributes.ts';
import { makeSecrets } from './service-secrets.ts';
import { startSimulatorProcess } from './simulator-process.ts';

type Log = (line: string) => void;

/** Every bound that an order can meet on its way is shorter than a run is watched: whoever is not at rest then is stuck. */
const demoPolicy: Partial<Policy> = {
  longestPurchase: '10s',
  settleAfter: '1s',
  lockWaitLimit: '45s',
  provisioningLimit: '45s',
  credentialsEvery: '500ms',
  credentialsAlert: '20s',
  credentialsLimit: '30s',
  stockEvery: '30m',
  // The incident is about a package that is sold to its end.
  stockAutoDisable: 0,
};
const watchRunForMs = 75_000;
/** From the moment the parts are there; building the tools may take longer than everything else. */
const watchAllForMs = 160_000;
/** Looking costs the service work: seldom while its speed is measured. */
const lookEveryMs = { incident: 500, speedRun: 2_500 } as const;
const latencyMs = 500;
const speedOrders = 20;
const fallback = '103.182.44';

/** The ten-orders incident twice and a speed run, on a throw-away stack. Gives the exit code: 0 where every
 * invariant holds. With `json` standard output has one line, the counters; people read standard error then. */
export async function runDemo({ json }: { json: boolean }): Promise<number> {
  const log: Log = json ? (line) => console.error(line) : (line) => console.log(line);
  const stack = await startEmbeddedStack({ searchAttributes: orderSearchAttributes, log });
  const dir = mkdtempSync(join(tmpdir(), 'harbourmaster-demo-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  try {
    const died = stack.died.then((sentence) => Promise.reject(new Error(sentence)));
    const evidence = await Promise.race([died, collectEvidence({ stack, dir, log })]);
    const verdict = judgeDemo(evidence);
    log(reportDemo(verdict, evidence.speed));
    if (json) console.log(JSON.stringify(verdict.sums));
    return verdict.broken.length === 0 ? 0 : 1;
  } finally {
    await stack.stop();
  }
}

async function collectEvidence(input: {
  stack: DemoSurroundings['stack'];
  dir: string;
  log: Log;
}): Promise<DemoEvidence> {
  const { stack, dir, log } = input;
  const secrets = makeSecrets();
  const policyFile = join(dir, 'policy.json');
  writeFileSync(policyFile, JSON.stringify(demoPolicy));
  const simulator = await startSimulatorProcess({
    env: {
      ...{ SMARTVPS_USERNAME: 'demo-shop', SMARTVPS_PASSWORD: secrets.smartvpsPassword },
      ...{ CASHFREE_CLIENT_ID: 'demo-client', CASHFREE_CLIENT_SECRET: secrets.cashfreeClientSecret },
      ...{ SIMULATOR_PORT: '0', SIMULATOR_SMTP_PORT: '0' },
    },
  });
  const around = { stack, simulator, secrets, policyFile };
  const giveUpAt = Date.now() + watchAllForMs;
  const watch = (label: string, kind: keyof typeof lookEveryMs): Watch => ({
    label,
    lookEveryMs: lookEveryMs[kind],
    until: Math.min(giveUpAt, Date.now() + watchRunForMs),
    log,
  });
  try {
    log(
      'Run 1: ten were counted at checkout; nine are left when the customers pay, and the supplier says so',
    );
    const truthful = await withService(around, (service) =>
      tenOrders(service, { saysNine: true }, watch('Run 1', 'incident')),
    );
    log('Run 2: nine addresses left, but the supplier still counts ten');
    const stale = await withService(around, (service) =>
      tenOrders(service, { saysNine: false }, watch('Run 2', 'incident')),
    );
    log(`Speed run: ${speedOrders} orders, stock for all of them`);
    const fast = await withService(around, (service) => speedRun(service, watch('Speed run', 'speedRun')));
    return { truthful, stale, ...fast };
  } finally {
    await simulator.process.stop();
  }
}

/** Each run has a service of its own: what an earlier one left waiting must not buy in a later one. */
async function withService<T>(
  around: DemoSurroundings,
  body: (service: DemoService) => Promise<T>,
): Promise<T> {
  const service = await startDemoService(around);
  try {
    return await body(service);
  } finally {
    await service.stop();
  }
}

/** Ten checkouts while the supplier counts ten, as the shop sells no more than is counted; then ten payments. */
async function tenOrders(
  service: DemoService,
  { saysNine }: { saysNine: boolean },
  watch: Watch,
): Promise<ObservedRun> {
  const packages: PackageDefinition[] = [
    { id: 5, name: incidentPackage, addresses: ['103.181.91.10-18'], ipv4Stale: 10, fallback },
    { id: 6, name: fallback, addresses: ['103.182.44.18-60'] },
  ];
  await service.simulator.reset({ latency: { buyMs: latencyMs }, packages });
  await service.storefront.syncStock();
  const correctCount = () => service.simulator.updatePackage(incidentPackage, { ipv4Stale: null });
  const meanwhile = saysNine ? { meanwhile: correctCount } : {};
  const wish = { packageName: incidentPackage, orders: 10, ...meanwhile };
  return observe(service, [await rush(service, wish, watch)]);
}

/**
 * Twenty orders with stock for all; then one for a package that is empty although its count says otherwise, and
 * that sells an address which begins like its own name: 103.181.91.x for 103.181.9.
 */
async function speedRun(
  service: DemoService,
  watch: Watch,
): Promise<{ speedRun: ObservedRun; speed: SpeedFigures }> {
  const packages: PackageDefinition[] = [
    { id: 5, name: incidentPackage, addresses: ['103.181.91.10-79'] },
    { id: 11, name: nearNamePackage, addresses: [], ipv4Stale: 7, fallback: incidentPackage },
  ];
  await service.simulator.reset({ latency: { buyMs: latencyMs }, packages });
  await service.storefront.syncStock();
  const twenty = await rush(service, { packageName: incidentPackage, orders: speedOrders }, watch);
  const { summary } = await service.simulator.ledger();
  const delivered = twenty.orders.find(({ status }) => status === 'active');
  const historyEvents = delivered ? await countHistoryEvents(service.client, delivered.orderId) : 0;
  const label = 'A name that begins alike';
  const nearName = await rush(
    service,
    { packageName: nearNamePackage, orders: 1 },
    { ...watch, label, lookEveryMs: lookEveryMs.incident },
  );
  const measured = { summary, packageName: incidentPackage, orders: speedOrders, latencyMs, historyEvents };
  return { speedRun: await observe(service, [twenty, nearName]), speed: speedOf(measured) };
}
