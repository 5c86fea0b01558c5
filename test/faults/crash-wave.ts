import { setTimeout as sleep } from 'node:timers/promises';
import { purchaseIdOf } from '../../src/domain/purchase-id.ts';
import { productOf } from '../support/service.ts';
import type { Border, OrderNames } from './borders.ts';
import { saleBorder } from './borders.ts';
import type { CrashService, Victim } from './crash-service.ts';
import {
  type CrashRecords,
  type Expectation,
  judgeOrder,
  judgePackage,
  readRecords,
} from './crash-verdict.ts';
import type { Gate, Phase } from './gate.ts';

/** One case of the matrix: a process that dies while an order stands on a border. It has a package of its own. */
export interface CrashCase {
  name: string;
  victim: Victim;
  packageName: string;
  at:
    | { kind: 'border'; border: Border; phase: Phase }
    /** The supplier has the request and sells only after the kill. */
    | { kind: 'asked' }
    /** A second order of the package waits for the lock, while the first one is at the supplier. */
    | { kind: 'waiting' };
  mayStayUnknown: boolean;
  mailMayRepeat: boolean;
}

/** What became of a case. `problems` is empty where everything is as it must be. */
export interface CaseResult {
  /** The order stood on its border when the process was killed. */
  wasReached: boolean;
  problems: string[];
  /** States of its purchases in the end. */
  purchases: string[];
}

const reachWithinMs = 20_000;
const endWithinMs = 150_000;
/** Longer than the way from the last gate to the kill. */
const saleDelayMs = 5_000;
const lookEveryMs = 50;
/** Seldom: the embedded database reads whole collections, and its writes wait for its reads. */
const judgeEveryMs = 1_000;

/** Brings every order to its border, kills the victim once, starts it again, and judges each order by itself. */
export async function runWave(
  service: CrashService,
  cases: readonly CrashCase[],
): Promise<Map<CrashCase, CaseResult>> {
  const [{ victim } = { victim: 'worker' as const }] = cases;
  const runs = await Promise.all(cases.map((crashCase) => beginCase(service, crashCase)));
  for (const run of runs) run.go();
  await waitUntilReached(runs.filter(({ goLate }) => goLate === undefined));
  // Those whose border lasts for a moment only come last.
  for (const run of runs) run.goLate?.();
  await waitUntilReached(runs);
  const reached = await Promise.all(runs.map((run) => run.isReached()));
  await service.kill(victim);
  for (const run of runs) run.afterKill();
  await service.restart(victim);
  const finished = await Promise.all(runs.map((run) => run.finish()));
  const judged = cases.map((crashCase, index) => {
    const { orders = [], wrong = [] } = finished[index] ?? {};
    return { crashCase, orders, wrong, problems: ['it was never judged'] };
  });
  await judgeWave(service, judged);
  const { rows } = await readRecords(service);
  const statesOf = ({ orders }: Orders) =>
    rows.filter((row) => orders.some(({ orderId }) => orderId === row.orderId)).map(({ state }) => state);
  return new Map(
    judged.map(({ crashCase, wrong, problems, ...own }, index) => [
      crashCase,
      { wasReached: reached[index] === true, problems: [...wrong, ...problems], purchases: statesOf(own) },
    ]),
  );
}

interface CaseRun {
  go(): void;
  goLate?(): void;
  isReached(): Promise<boolean>;
  afterKill(): void;
  /** Its orders, once they are placed and paid, and what is wrong already. */
  finish(): Promise<Orders & { wrong?: string[] }>;
}

async function beginCase(service: CrashService, crashCase: CrashCase): Promise<CaseRun> {
  if (crashCase.at.kind === 'border' && crashCase.at.border.inCheckout) {
    return beginCheckoutCase(service, crashCase, crashCase.at);
  }
  const shopper = shopperOf(service, crashCase.packageName);
  const orderId = await shopper.checkOut();
  const names = shopper.namesOf(orderId);
  const { at } = crashCase;
  if (at.kind === 'asked') return beginAskedCase(service, crashCase, shopper, orderId);
  if (at.kind === 'waiting') return beginWaitingCase(service, crashCase, shopper, names);
  const gate = at.border.arm(service.wires, { names, phase: at.phase });
  return {
    go: () => shopper.pay(orderId),
    isReached: async () => gate.isReached,
    afterKill: () => letGo(gate, at.border, crashCase.victim),
    finish: async () => ({ orders: [{ orderId, email: shopper.email }] }),
  };
}

/** What a dead process had sent is lost where it had not left, or where its answer cannot reach anybody. */
function letGo(gate: Gate, { by, wire }: Border, victim: Victim): void {
  if (victim === by || victim === wire) gate.drop();
  else gate.open();
}

async function beginAskedCase(
  service: CrashService,
  crashCase: CrashCase,
  shopper: Shopper,
  orderId: string,
): Promise<CaseRun> {
  const { packageName } = crashCase;
  await service.simulator.addFaults({
    call: 'buyvps',
    when: { package: packageName, times: 1 },
    do: { kind: 'delay', ms: saleDelayMs },
  });
  return {
    go: () => undefined,
    goLate: () => shopper.pay(orderId),
    async isReached() {
      const { purchases } = await service.simulator.ledger();
      return purchases.some(({ request, committedAt }) => request.ip === packageName && committedAt === null);
    },
    afterKill: () => undefined,
    finish: async () => ({ orders: [{ orderId, email: shopper.email }] }),
  };
}

async function beginWaitingCase(
  service: CrashService,
  crashCase: CrashCase,
  shopper: Shopper,
  first: OrderNames,
): Promise<CaseRun> {
  const { packageName, victim } = crashCase;
  const second = shopperOf(service, packageName, 'second');
  const secondId = await second.checkOut();
  const gate = saleBorder.arm(service.wires, { names: first, phase: 'before' });
  return {
    go: () => shopper.pay(first.orderId),
    goLate: () => second.pay(secondId),
    async isReached() {
      if (!gate.isReached) return false;
      const view = await service.lock(packageName).catch(() => undefined);
      return view?.waiters[0]?.requestId === second.namesOf(secondId).purchaseId;
    },
    afterKill: () => letGo(gate, saleBorder, victim),
    finish: async () => ({
      orders: [
        { orderId: first.orderId, email: shopper.email },
        { orderId: secondId, email: second.email },
      ],
    }),
  };
}

/** The checkout is repeated with its key until it is answered, as a shop's web site does. */
async function beginCheckoutCase(
  service: CrashService,
  crashCase: CrashCase,
  { border, phase }: { border: Border; phase: Phase },
): Promise<CaseRun> {
  const shopper = shopperOf(service, crashCase.packageName);
  const names = shopper.namesOf('');
  const gate = border.arm(service.wires, { names, phase });
  let first: Promise<string | null> = Promise.resolve(null);
  return {
    go() {
      first = shopper.checkOut({ within: 0 }).catch(() => null);
    },
    isReached: async () => gate.isReached,
    afterKill: () => letGo(gate, border, crashCase.victim),
    async finish() {
      await first;
      const orderId = await shopper.checkOut();
      const orders = await service.db.orders.countDocuments({ productId: names.productId });
      shopper.pay(orderId);
      const wrong = orders === 1 ? [] : [`${orders} orders of one checkout`];
      return { orders: [{ orderId, email: shopper.email }], wrong };
    },
  };
}

type Shopper = ReturnType<typeof shopperOf>;

function shopperOf(service: CrashService, packageName: string, suffix = 'first') {
  const productId = productOf(packageName);
  const email = suffix === 'first' ? `${productId}@example.com` : `${productId}-${suffix}@example.com`;
  const idempotencyKey = `${productId}-${suffix}`;
  const order = {
    productId,
    ramGb: 8,
    os: 'Ubuntu 22',
    customer: { name: 'A Customer', email, phone: '+919876543210' },
  };
  return {
    email,
    namesOf: (orderId: string): OrderNames => ({
      orderId,
      purchaseId: purchaseIdOf({ orderId, number: 1 }),
      packageName,
      productId,
      idempotencyKey,
    }),
    /** Checks out until it is answered with 201, at most `within` ms (once, where that is 0); gives the order's id. */
    async checkOut({ within = 30_000 }: { within?: number } = {}): Promise<string> {
      const deadline = Date.now() + within;
      for (;;) {
        const answer = await postCheckout(service, order, idempotencyKey).catch(
          (error: Error) => error.message,
        );
        if (typeof answer === 'object') return answer.orderId;
        if (Date.now() >= deadline) throw new Error(`Failed to check out ${productId}: ${answer}.`);
        await sleep(100);
      }
    },
    /** The webhook is on its way for as long as the API does not take it. */
    pay(orderId: string): void {
      service.simulator.pay({ orderId, delayMs: 1 }).catch(() => undefined);
    },
  };
}

async function postCheckout(
  { apiUrl, secrets }: CrashService,
  order: object,
  idempotencyKey: string,
): Promise<{ orderId: string } | string> {
  const response = await fetch(`${apiUrl}/api/checkout`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${secrets.storefrontToken}`,
      'content-type': 'application/json',
      'idempotency-key': idempotencyKey,
    },
    body: JSON.stringify(order),
  });
  const body = (await response.json()) as { orderId: string; detail?: string };
  return response.status === 201 ? body : `HTTP ${response.status} ${body.detail ?? ''}`;
}

async function waitUntilReached(runs: readonly CaseRun[]): Promise<void> {
  const deadline = Date.now() + reachWithinMs;
  while (Date.now() < deadline) {
    const reached = await Promise.all(runs.map((run) => run.isReached()));
    if (reached.every(Boolean)) return;
    await sleep(lookEveryMs);
  }
}

interface Orders {
  orders: readonly { orderId: string; email: string }[];
}

/** Judges all cases of a wave by the same readings; what is wrong may be on its way, so it is looked at until it is right. */
async function judgeWave(
  service: CrashService,
  cases: readonly (Orders & { crashCase: CrashCase; problems: string[] })[],
): Promise<void> {
  const deadline = Date.now() + endWithinMs;
  let open = [...cases];
  while (open.length > 0 && Date.now() < deadline) {
    await sleep(judgeEveryMs);
    const records = await readRecords(service).catch(() => undefined);
    if (records === undefined) continue;
    for (const judged of open) judged.problems = await problemsOf(service, records, judged);
    open = open.filter(({ problems }) => problems.length > 0);
  }
  if (open.length > 0) console.error(`${open.length} cases came to no end: ${await service.sayParts()}`);
}

async function problemsOf(
  service: CrashService,
  records: CrashRecords,
  { crashCase, orders }: Orders & { crashCase: CrashCase },
): Promise<string[]> {
  const { packageName, mayStayUnknown, mailMayRepeat } = crashCase;
  try {
    const judged = await Promise.all(
      orders.map((order) => {
        const expected: Expectation = { ...order, packageName, mayStayUnknown, mailMayRepeat };
        return judgeOrder(service, records, expected);
      }),
    );
    if (judged.flat().length > 0) return judged.flat();
    return await judgePackage(service, records, packageName);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
