import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosOrder } from './chaos-customers.ts';
import { type ChaosEvidence, isSettledByEvidence } from './chaos-figures.ts';
import { type ChaosPlan, ordersOf } from './chaos-plan.ts';
import type { ChaosService } from './chaos-service.ts';

type Log = (line: string) => void;

/** What is left of a run once its orders are at rest. */
interface EndedRun {
  service: ChaosService;
  plan: ChaosPlan;
  startedAt: number;
  placed: readonly ChaosOrder[];
  refused: number;
  kills: number;
}

const lookEveryMs = 1_000;

/** Collects what can be seen from outside: documents, the simulator's ledger, mails, locks and fences. */
export async function observeChaos(run: EndedRun): Promise<ChaosEvidence> {
  const { service, placed, refused } = run;
  const seconds = Math.round((Date.now() - run.startedAt) / 100) / 10;
  const leftovers = [...(await lookUntilEmpty(() => findHeld(run))), ...(await findMailProblems(run))];
  const [orders, purchases, servers, ledger, faults] = await Promise.all([
    service.db.orders.find().toArray(),
    service.db.purchases.find().toArray(),
    service.db.servers.find().toArray(),
    service.simulator.ledger(),
    service.simulator.faults(),
  ]);
  const lost = ordersOf(run.plan) - placed.length - refused;
  return {
    orders: orders.map(({ _id, packageKey, status, server, failure }) => ({
      orderId: _id,
      packageName: packageKey,
      status,
      ip: server?.ip ?? null,
      failureCode: failure?.code ?? null,
    })),
    refused,
    purchases,
    servers,
    ledger,
    leftovers: [...leftovers, ...(lost > 0 ? [`${lost} checkouts were never answered`] : [])],
    kills: run.kills,
    faults: faults.reduce((sum, { fired }) => sum + fired, 0),
    seconds,
  };
}

/** Why evidence was too thin, for who reads the run. */
export function tellCases({ purchases }: ChaosEvidence, log: Log): void {
  for (const { _id, state, why } of purchases) if (state === 'case') log(`Case ${_id}: ${why}`);
}

/** Near the end of a package a case is the right answer; elsewhere evidence should settle nearly all. */
export function tellShare({ purchases }: ChaosEvidence, { plan, log }: { plan: ChaosPlan; log: Log }): void {
  const far = purchases.filter(({ packageName }) => plan.plentifulPackages.includes(packageName));
  const settled = far.filter(isSettledByEvidence).length;
  const parked = far.filter(({ state, duplicate }) => state === 'case' && !duplicate).length;
  log(`Unknown purchases far from the end of a package: ${settled} settled by evidence, ${parked} parked`);
}

const heldWithinMs = 20_000;

/** A release may still be on its way when its order has ended. */
async function lookUntilEmpty(look: () => Promise<string[]>): Promise<string[]> {
  const deadline = Date.now() + heldWithinMs;
  for (;;) {
    const found = await look().catch((error: Error) => [error.message]);
    if (found.length === 0 || Date.now() > deadline) return found;
    await sleep(lookEveryMs);
  }
}

async function findHeld({ service, plan }: EndedRun): Promise<string[]> {
  const fences = await service.db.openPurchases.find().toArray();
  const views = await Promise.all(plan.soldPackages.map((packageName) => service.lock(packageName)));
  return [
    ...fences.flatMap(({ _id, purchaseId }) =>
      purchaseId ? [`the fence of ${_id} is held by ${purchaseId}`] : [],
    ),
    ...views.flatMap((view) => (view?.holder ? [`${view.lockId} is held by ${view.holder.requestId}`] : [])),
    ...views.flatMap((view) =>
      (view?.waiters ?? []).map(({ requestId }) => `${requestId} waits for ${view?.lockId}`),
    ),
  ];
}

/** Every delivered order's login has one Message-ID: a mail may go out twice, but as the same mail. */
async function findMailProblems({ service, placed }: EndedRun): Promise<string[]> {
  const orders = new Map((await service.db.orders.find().toArray()).map((order) => [order._id, order]));
  const problems = placed.map(async ({ orderId, email }) => {
    const ip = orders.get(orderId)?.server?.ip;
    if (orders.get(orderId)?.status !== 'active' || !ip) return [];
    const { password } = await service.simulator.server(ip);
    const mails = await service.simulator.mails({ to: email });
    const ids = new Set(
      mails.filter(({ text }) => text.includes(password)).map(({ messageId }) => messageId),
    );
    return ids.size === 1 ? [] : [`the login of order ${orderId} was mailed under ${ids.size} Message-IDs`];
  });
  return (await Promise.all(problems)).flat();
}
