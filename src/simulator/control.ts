import { json, type NextFunction, type Request, type Response, Router } from 'express';
import { findOrder, type PayInput, pay, redeliver, settleRefund } from './cashfree-ledger.ts';
import type { FaultRule, RefundOutcome } from './faults.ts';
import { type LedgerSummary, type PurchaseCall, summarise } from './ledger.ts';
import {
  findRefund,
  payRazorpay,
  type RazorpayPayInput,
  redeliverRazorpay,
  settleRazorpayRefund,
} from './razorpay-ledger.ts';
import {
  parseConfigPatch,
  parseFaults,
  parsePackagePatch,
  parsePackages,
  parseRecord,
  parseScenario,
  type Scenario,
} from './scenario.ts';
import { expireServer } from './smartvps-account.ts';
import {
  addFaults,
  applyConfig,
  type CashfreeState,
  createPackage,
  type PackageState,
  type RazorpayState,
  type ServerState,
  type StoredMail,
} from './state.ts';
import type { World } from './world.ts';

export interface LedgerReport {
  purchases: PurchaseCall[];
  servers: Omit<ServerState, 'password'>[];
  summary: LedgerSummary;
  /** Calls by name, SmartVPS, Cashfree and mail, as far as they were let in. */
  callCounts: Record<string, number>;
}

export type CashfreeReport = Pick<CashfreeState, 'orders' | 'payments' | 'refunds' | 'webhooks'>;

export type RazorpayReport = Pick<RazorpayState, 'orders' | 'payments' | 'refunds' | 'webhooks'>;

/** Tests and people steer the simulator here; docs/simulator.md has the table. Wrong input is a 400 with a sentence. */
export function createControlRouter(deps: {
  getWorld: () => World;
  reset: (scenario: Scenario) => void;
}): Router {
  const router = Router();
  router.use(json({ limit: '10mb' }));
  router.post('/reset', (req, res) => {
    deps.reset(parseScenario(req.body ?? {}));
    res.json({});
  });
  addWorldRoutes({ router, getWorld: deps.getWorld });
  addFaultRoutes({ router, getWorld: deps.getWorld });
  addMoneyRoutes({ router, getWorld: deps.getWorld });
  addRazorpayRoutes({ router, getWorld: deps.getWorld });
  addMailRoutes({ router, getWorld: deps.getWorld });
  router.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    res.status(400).json({ error: error instanceof Error ? error.message : String(error) });
  });
  return router;
}

interface Part {
  router: Router;
  getWorld: () => World;
}

function addWorldRoutes({ router, getWorld }: Part): void {
  router.get('/ledger', (_req, res) => res.json(reportLedger(getWorld())));
  router.get('/servers/:address', (req, res) => {
    const server = getWorld().state.servers[req.params.address];
    if (server === undefined) throw new Error(`The supplier account holds no server ${req.params.address}.`);
    res.json(server satisfies ServerState);
  });
  router.post('/servers/:address/expire', (req, res) => {
    const world = getWorld();
    const server = world.state.servers[req.params.address];
    if (server === undefined) throw new Error(`The supplier account holds no server ${req.params.address}.`);
    expireServer(server);
    world.changed();
    res.json(server satisfies ServerState);
  });
  router.get('/config', (_req, res) => res.json(getWorld().state.config));
  router.patch('/config', (req, res) => {
    const world = getWorld();
    world.state.config = applyConfig({ config: world.state.config, patch: parseConfigPatch(req.body) });
    world.changed();
    res.json(world.state.config);
  });
  router.get('/packages', (_req, res) => res.json(getWorld().state.packages));
  router.put('/packages', (req, res) => {
    const world = getWorld();
    world.state.packages = parsePackages(req.body).map(createPackage);
    world.changed();
    res.json(world.state.packages satisfies PackageState[]);
  });
  router.patch('/packages/:name', (req, res) => res.json(patchPackage({ world: getWorld(), req })));
}

function reportLedger(world: World): LedgerReport {
  const { purchases, servers, callCounts } = world.state;
  return {
    purchases,
    servers: Object.values(servers).map(({ password: _password, ...server }) => server),
    summary: summarise(purchases),
    callCounts,
  };
}

function patchPackage({ world, req }: { world: World; req: Request }): PackageState {
  const pool = world.state.packages.find((candidate) => candidate.name === req.params.name);
  if (pool === undefined) throw new Error(`There is no package ${req.params.name}.`);
  const patch = parsePackagePatch(req.body);
  const { id, name, addresses, ...patched } = createPackage({
    id: pool.id,
    name: pool.name,
    addresses: [],
    ...patch,
  });
  const changes = Object.entries(patched).filter(([key]) => key in patch);
  Object.assign(pool, { id, name }, Object.fromEntries(changes));
  if (patch.addresses !== undefined) {
    pool.addresses = addresses;
    pool.everListed = [...new Set([...pool.everListed, ...addresses])];
  }
  world.changed();
  return pool;
}

function addFaultRoutes({ router, getWorld }: Part): void {
  const add = (world: World, body: unknown): FaultRule[] => {
    const rules = addFaults({ state: world.state, faults: parseFaults(body) });
    world.changed();
    return rules;
  };
  router.get('/faults', (_req, res) => res.json(getWorld().state.faults));
  router.post('/faults', (req, res) => res.status(201).json(add(getWorld(), req.body)));
  router.put('/faults', (req, res) => {
    const world = getWorld();
    const definitions = parseFaults(req.body);
    world.state.faults = [];
    res.json(add(world, definitions));
  });
  router.delete(['/faults', '/faults/:id'], (req, res) => {
    const world = getWorld();
    const { id } = req.params as { id?: string };
    world.state.faults = id === undefined ? [] : world.state.faults.filter((rule) => rule.id !== id);
    world.changed();
    res.json(world.state.faults);
  });
}

function addMoneyRoutes({ router, getWorld }: Part): void {
  router.get('/cashfree', (_req, res) => {
    const { orders, payments, refunds, webhooks } = getWorld().state.cashfree;
    res.json({ orders, payments, refunds, webhooks } satisfies CashfreeReport);
  });
  router.post('/cashfree/pay', async (req, res) => {
    res.json(await pay({ world: getWorld(), input: parsePay(req.body) }));
  });
  router.post('/cashfree/redeliver', async (req, res) => {
    const body = parseRecord(req.body, 'A redelivery', ['paymentId', 'times', 'together']);
    const times = typeof body.times === 'number' ? body.times : 1;
    const paymentId = String(body.paymentId);
    res.json(await redeliver({ world: getWorld(), paymentId, times, together: body.together === true }));
  });
  router.post('/cashfree/refunds', async (req, res) => {
    const body = parseRecord(req.body, 'A refund', ['orderId', 'refundId', 'status']);
    const world = getWorld();
    const refund = world.state.cashfree.refunds.find(
      (candidate) => candidate.refundId === body.refundId && candidate.orderId === body.orderId,
    );
    if (refund === undefined) throw new Error(`There is no refund ${String(body.refundId)} of that order.`);
    await settleRefund({ world, refund, status: parseOutcome(body.status) });
    res.json(refund);
  });
  router.post('/cashfree/expire', (req, res) => {
    const { orderId } = parseRecord(req.body, 'An expiry', ['orderId']);
    const order = findOrder({ world: getWorld(), orderId: String(orderId) });
    if (order === undefined) throw new Error(`The gateway knows no order ${String(orderId)}.`);
    order.expiresAt = new Date().toISOString();
    getWorld().changed();
    res.json(order);
  });
}

function addRazorpayRoutes({ router, getWorld }: Part): void {
  router.get('/razorpay', (_req, res) => {
    const { orders, payments, refunds, webhooks } = getWorld().state.razorpay;
    res.json({ orders, payments, refunds, webhooks } satisfies RazorpayReport);
  });
  router.post('/razorpay/pay', async (req, res) => {
    const keys = ['orderId', 'amountPaise', 'currency', 'status', 'events', 'deliver', 'together'];
    const input = parseRecord(req.body, 'A payment', [...keys, 'badSignature', 'paidAt']);
    if (typeof input.orderId !== 'string') throw new Error('A payment needs an "orderId"');
    res.json(await payRazorpay({ world: getWorld(), input: input as unknown as RazorpayPayInput }));
  });
  router.post('/razorpay/redeliver', async (req, res) => {
    const body = parseRecord(req.body, 'A redelivery', ['paymentId', 'times', 'together']);
    const times = typeof body.times === 'number' ? body.times : 1;
    const paymentId = String(body.paymentId);
    res.json(
      await redeliverRazorpay({ world: getWorld(), paymentId, times, together: body.together === true }),
    );
  });
  router.post('/razorpay/refunds', async (req, res) => {
    const { refundId, status } = parseRecord(req.body, 'A refund', ['refundId', 'status']);
    if (status !== 'processed' && status !== 'failed')
      throw new Error('"status" of a refund is one of processed, failed');
    const world = getWorld();
    const refund = findRefund({ world, refundId: String(refundId) });
    await settleRazorpayRefund({ world, refund, status });
    res.json(refund);
  });
}

function parsePay(value: unknown): PayInput {
  const input = parseRecord(value, 'A payment', [
    'orderId',
    'amountRupees',
    'currency',
    'status',
    'deliver',
    'together',
    'badSignature',
    'delayMs',
    'notifyUrl',
    'paidAt',
  ]);
  if (typeof input.orderId !== 'string') throw new Error('A payment needs an "orderId"');
  if (input.status !== undefined && !['SUCCESS', 'FAILED', 'USER_DROPPED'].includes(String(input.status))) {
    throw new Error('"status" of a payment is one of SUCCESS, FAILED, USER_DROPPED');
  }
  return input as unknown as PayInput;
}

function parseOutcome(value: unknown): RefundOutcome {
  if (value === 'SUCCESS' || value === 'CANCELLED' || value === 'ONHOLD') return value;
  throw new Error('"status" of a refund is one of SUCCESS, CANCELLED, ONHOLD');
}

function addMailRoutes({ router, getWorld }: Part): void {
  router.get('/mails', (req, res) => {
    const to = typeof req.query.to === 'string' ? req.query.to.toLowerCase() : undefined;
    const subject = typeof req.query.subject === 'string' ? req.query.subject.toLowerCase() : '';
    const mails: StoredMail[] = getWorld().state.mails.filter(
      (mail) =>
        (to === undefined || mail.to.some((address) => address.toLowerCase() === to)) &&
        mail.subject.toLowerCase().includes(subject),
    );
    res.json(mails);
  });
  router.delete('/mails', (_req, res) => {
    const world = getWorld();
    world.state.mails = [];
    world.changed();
    res.json([]);
  });
}
