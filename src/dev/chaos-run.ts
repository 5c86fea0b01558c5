import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderDocument } from '../orders/order-document.ts';
import { type ChaosOrder, placeChaosOrder, pressRetry, soldOut } from './chaos-customers.ts';
import { observeChaos, tellCases, tellShare } from './chaos-evidence.ts';
import { type ChaosFigures, judgeChaos } from './chaos-figures.ts';
import { type ChaosPlan, ordersOf, planChaos } from './chaos-plan.ts';
import { type ChaosService, chaosVictims, startChaosService } from './chaos-service.ts';
import { isAtRest } from './demo-figures.ts';

type Log = (line: string) => void;

/** After the plan: the longest way of an order through the policy's limits, one retry included. */
const restWithinMs = 240_000;
/** No retry is pressed later than this before the end of the watch: what it begins must have time to end. */
const retryMarginMs = 150_000;
/** For the first orders, on a machine that does other things as well. */
const firstWithinMs = 90_000;
/** From the first line to the last, beyond plan and watch: starts, restarts and the verdict. */
const marginMs = 180_000;
const lookEveryMs = 1_000;
/** An order is retried at most so often. */
const retriesAnOrder = 2;

/**
 * Kills parts of a service and breaks its links while orders run, then judges by the simulator's ledger. Gives the
 * exit code: 0 where every invariant holds. With `json` the counters are the last line of standard output; progress
 * is told on standard error.
 */
export async function runChaos(input: { orders: number; seed: number; json: boolean }): Promise<number> {
  const { orders, seed, json } = input;
  const log: Log = (line) => console.error(line);
  const plan = planChaos({ orders, seed, victims: chaosVictims(process.env) });
  const { kills, faults, lengthMs } = plan;
  log(
    `Seed ${seed}: ${orders} orders, ${kills.length} kills, ${faults.length} faults in ${lengthMs / 1_000} s`,
  );
  const dir = mkdtempSync(join(tmpdir(), 'harbourmaster-chaos-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  const tooLate = sleep(firstWithinMs + lengthMs + restWithinMs + marginMs, undefined, { ref: false }).then(
    () => {
      throw new Error(`Chaos with seed ${seed} did not end in its time.`);
    },
  );
  const { figures, broken } = await Promise.race([tooLate, collectVerdict({ plan, dir, log })]);
  report(figures, broken, { seed, json, log });
  return broken.length === 0 ? 0 : 1;
}

function report(
  figures: ChaosFigures,
  broken: readonly string[],
  { seed, json, log }: { seed: number; json: boolean; log: Log },
): void {
  const verdict = broken.length === 0 ? 'Every invariant held.' : 'BROKEN:';
  log([verdict, ...broken.map((sentence) => `- ${sentence}`)].join('\n'));
  if (json) console.log(JSON.stringify(figures));
  else
    console.log(
      [`seed ${seed}`, ...Object.entries(figures).map(([key, value]) => `${key} ${value}`)].join('\n'),
    );
}

async function collectVerdict(input: { plan: ChaosPlan; dir: string; log: Log }) {
  const { plan, log } = input;
  const service = await startChaosService(input);
  try {
    const shared: Run = {
      service,
      plan,
      log,
      startedAt: 0,
      placed: [],
      refused: 0,
      kills: 0,
      retried: new Map(),
    };
    await sellOnce(shared);
    const startedAt = Date.now();
    shared.startedAt = startedAt;
    const until = startedAt + plan.lengthMs + restWithinMs;
    const retries = keepRetrying(shared, until - retryMarginMs);
    await Promise.all([placeOrders(shared, until), killParts(shared), setFaults(shared)]);
    log(
      `${shared.placed.length} of ${ordersOf(plan)} orders placed, ${shared.kills} kills; waiting for the rest`,
    );
    await waitForRest(shared, until);
    await retries;
    await waitForRest(shared, until);
    const evidence = await observeChaos(shared);
    tellCases(evidence, log);
    tellShare(evidence, shared);
    return judgeChaos(evidence);
  } finally {
    await service.stop();
  }
}

interface Run {
  service: ChaosService;
  plan: ChaosPlan;
  log: Log;
  startedAt: number;
  placed: ChaosOrder[];
  /** Checkouts that were refused for capacity. */
  refused: number;
  kills: number;
  /** By order: the failures that were decided on, and when the retry is due (null: it is left alone). */
  retried: Map<string, { failures: string[]; dueAt: number | null; pressed: number }>;
}

/** The first orders, with nothing broken yet. */
async function sellOnce(run: Run): Promise<void> {
  const { service, plan } = run;
  const until = Date.now() + firstWithinMs;
  const placed = await Promise.all(
    plan.firstOrders.map((packageName, number) => placeChaosOrder(service, { number, packageName, until })),
  );
  run.placed.push(...placed.filter((order) => order !== undefined && order !== soldOut));
  while (Date.now() < until) {
    const delivered = (await readOrders(run)).filter(({ status }) => status === 'active');
    if (delivered.length === plan.firstOrders.length) return;
    await sleep(lookEveryMs);
  }
  throw new Error('The first orders were not delivered, although nothing was broken yet.');
}

async function at({ startedAt }: Run, atMs: number): Promise<void> {
  await sleep(Math.max(0, startedAt + atMs - Date.now()));
}

async function placeOrders(run: Run, until: number): Promise<void> {
  await Promise.all(
    run.plan.orders.map(async ({ atMs, packageName }, index) => {
      await at(run, atMs);
      const number = run.plan.firstOrders.length + index;
      const order = await placeChaosOrder(run.service, { number, packageName, until });
      if (order === soldOut) run.refused += 1;
      else if (order) run.placed.push(order);
    }),
  );
}

/** One after another: a part is back before the next one dies. */
async function killParts(run: Run): Promise<void> {
  for (const { atMs, victim } of run.plan.kills) {
    await at(run, atMs);
    await run.service.killAndRestart(victim);
    run.kills += 1;
    run.log(`${Math.round((Date.now() - run.startedAt) / 1_000)} s: killed and restarted the ${victim}`);
  }
}

async function setFaults(run: Run): Promise<void> {
  for (const { atMs, fault } of run.plan.faults) {
    await at(run, atMs);
    await run.service.simulator.addFaults(fault);
  }
}

/** The admin of the run: some failed orders are retried, some are left alone, as the plan's dice say. */
async function keepRetrying(run: Run, until: number): Promise<void> {
  const dice = run.plan.retries.values();
  for (;;) {
    for (const order of await readOrders(run)) decideOn(run, order, dice);
    for (const [orderId, state] of run.retried) {
      if (state.dueAt === null || state.dueAt > Date.now() || Date.now() > until) continue;
      if (!(await pressRetry(run.service, orderId))) continue;
      state.dueAt = null;
      state.pressed += 1;
      run.log(`Retried order ${orderId}`);
    }
    const isPlanOver =
      Date.now() > run.startedAt + run.plan.lengthMs && run.placed.length === ordersOf(run.plan);
    const isWaiting = [...run.retried.values()].some(({ dueAt }) => dueAt !== null);
    const areAllAtRest = isPlanOver && (await readOrders(run)).every(isAtRest);
    if (Date.now() > until || (areAllAtRest && !isWaiting && isEveryFailureKnown(run, await readOrders(run))))
      return;
    await sleep(lookEveryMs);
  }
}

function isEveryFailureKnown(run: Run, orders: readonly OrderDocument[]): boolean {
  return orders.every(
    ({ _id, failure }) => failure === null || run.retried.get(_id)?.failures.includes(failure.since),
  );
}

function decideOn(
  run: Run,
  { _id, status, failure }: OrderDocument,
  dice: Iterator<{ afterMs: number | null }, unknown>,
): void {
  if (status !== 'failed' || failure === null) return;
  const known = run.retried.get(_id) ?? { failures: [], dueAt: null, pressed: 0 };
  run.retried.set(_id, known);
  if (known.failures.includes(failure.since)) return;
  known.failures.push(failure.since);
  const rolled = dice.next();
  const afterMs = rolled.done ? null : rolled.value.afterMs;
  known.dueAt = afterMs === null || known.pressed >= retriesAnOrder ? null : Date.now() + afterMs;
  run.log(
    `Order ${_id} failed as ${failure.code}; ${known.dueAt === null ? 'it is left alone' : 'it will be retried'}`,
  );
}

/** The documents; none while the database is away. */
async function readOrders({ service }: Run): Promise<OrderDocument[]> {
  return service.db.orders
    .find()
    .toArray()
    .catch(() => []);
}

async function waitForRest(run: Run, until: number): Promise<void> {
  let told = '';
  while (Date.now() < until) {
    const orders = (await readOrders(run)).filter(({ money }) => money !== 'unpaid' || run.placed.length > 0);
    const words = inWords(orders);
    if (words !== told) run.log(words);
    told = words;
    if (orders.length === ordersOf(run.plan) - run.refused && orders.every(isAtRest)) return;
    await sleep(lookEveryMs);
  }
}

function inWords(orders: readonly OrderDocument[]): string {
  const groups = Map.groupBy(orders, ({ status, failure }) => failure?.code ?? status);
  return [...groups].map(([status, group]) => `${group.length} ${status}`).join(', ');
}
