import type { FaultAction, FaultDefinition } from '../simulator/faults.ts';
import type { PackageDefinition } from '../simulator/scenario.ts';
import { createDice, type Dice } from './chaos-dice.ts';

/** What chaos may kill; Temporal and the database only where they are embedded. */
export type ChaosVictim = 'worker' | 'api' | 'temporal' | 'database';

/** What happens when, in ms from the start; wholly decided by seed, number of orders and victims. */
export interface ChaosPlan {
  seed: number;
  packages: PackageDefinition[];
  /** The packages that products are sold of; one more is only sold in their stead. */
  soldPackages: string[];
  /** Those with enough for everybody, whose counts are true. */
  plentifulPackages: string[];
  /** Packages of the orders that are delivered before anything is broken: a shop that has never sold of a package
   * knows nothing of its counter, and can settle nothing by it. */
  firstOrders: string[];
  /** All other orders. */
  orders: { atMs: number; packageName: string }[];
  kills: { atMs: number; victim: ChaosVictim }[];
  faults: { atMs: number; fault: FaultDefinition }[];
  /** One a failure that is seen: whether it is retried, and after how long. */
  retries: { afterMs: number | null }[];
  /** End of the last arrival, kill and fault. */
  lengthMs: number;
}

const plenty = ['103.181.91', '103.182.44', '103.184.12'] as const;
const nearlyEmpty = '103.184.13';
const lying = '103.184.14';
const fallback = '103.185.7';
const sold = [...plenty, nearlyEmpty, lying] as const;

const msAnOrder = 1_500;
const shortestMs = 40_000;
const killEveryMs = { from: 5_000, to: 10_000 };
/** One fault for so many orders, and at least a handful. */
const ordersAFault = 2;
const fewestFaults = 8;
const retryShare = 0.6;

/** Draws up the plan of one run. */
export function planChaos(input: {
  orders: number;
  seed: number;
  victims: readonly [ChaosVictim, ...ChaosVictim[]];
}): ChaosPlan {
  const { orders, seed, victims } = input;
  const dice = createDice(seed);
  const lengthMs = Math.max(shortestMs, orders * msAnOrder);
  const firstOrders = plenty.slice(0, orders);
  return {
    seed,
    packages: packagesFor(orders),
    soldPackages: [...sold],
    plentifulPackages: [...plenty],
    firstOrders,
    orders: Array.from({ length: orders - firstOrders.length }, () => ({
      atMs: dice.between(0, lengthMs - 5_000),
      packageName: dice.oneOf(dice.share() < 0.8 ? plenty : [nearlyEmpty, lying]),
    })).sort((left, right) => left.atMs - right.atMs),
    kills: planKills(dice, lengthMs, victims),
    faults: Array.from({ length: Math.max(fewestFaults, Math.ceil(orders / ordersAFault)) }, () => ({
      atMs: dice.between(0, lengthMs - 5_000),
      fault: drawFault(dice),
    })).sort((left, right) => left.atMs - right.atMs),
    retries: Array.from({ length: orders * 4 }, () => ({
      afterMs: dice.share() < retryShare ? dice.between(500, 5_000) : null,
    })),
    lengthMs,
  };
}

/** Orders of a plan, the first ones included. */
export function ordersOf({ firstOrders, orders }: ChaosPlan): number {
  return firstOrders.length + orders.length;
}

/** A few addresses in one package, too high a count in another, and enough for everybody in the rest. */
function packagesFor(orders: number): PackageDefinition[] {
  const few = Math.max(2, Math.ceil(orders / 20));
  const many = Math.min(240, Math.max(40, orders * 3));
  const pool = (id: number, name: string, count: number): PackageDefinition => ({
    id,
    name,
    addresses: [`${name}.10-${9 + Math.min(count, 240)}`],
    fallback,
  });
  return [
    ...plenty.map((name, index) => pool(20 + index, name, many)),
    pool(30, nearlyEmpty, few),
    { ...pool(31, lying, few), ipv4Stale: few + 20 },
    pool(40, fallback, many),
  ];
}

function planKills(
  dice: Dice,
  lengthMs: number,
  victims: readonly [ChaosVictim, ...ChaosVictim[]],
): ChaosPlan['kills'] {
  const kills: ChaosPlan['kills'] = [];
  let atMs = dice.between(killEveryMs.from, killEveryMs.to);
  while (atMs < lengthMs) {
    kills.push({ atMs, victim: dice.oneOf(victims) });
    atMs += dice.between(killEveryMs.from, killEveryMs.to);
  }
  return kills;
}

/** A fault of one call, mostly of a purchase: that is where money is at stake. */
function drawFault(dice: Dice): FaultDefinition {
  if (dice.share() < 0.6) {
    return { call: 'buyvps', when: { package: dice.oneOf(plenty), times: 1 }, do: drawPurchaseFault(dice) };
  }
  const call = dice.oneOf(['ipstock', 'status', 'mail', 'cashfree.createOrder', 'cashfree.webhook'] as const);
  return { call, when: { times: 1 }, do: drawCallFault(dice, call) };
}

function drawPurchaseFault(dice: Dice): FaultAction {
  const ms = dice.between(1_000, 5_000);
  return dice.oneOf<FaultAction>([
    { kind: 'answerLost' },
    { kind: 'answerLost' },
    { kind: 'status', status: dice.oneOf([500, 502, 504]), afterSale: true },
    { kind: 'status', status: 503 },
    { kind: 'garbage' },
    { kind: 'dropBefore' },
    { kind: 'neverAnswer' },
    { kind: 'delay', ms },
    { kind: 'delay', ms, afterSale: true },
    { kind: 'slowDrip', ms },
    { kind: 'status', status: 429 },
    { kind: 'errorText', reason: 'Insufficient balance' },
  ]);
}

function drawCallFault(dice: Dice, call: FaultDefinition['call']): FaultAction {
  const delay: FaultAction = { kind: 'delay', ms: dice.between(500, 3_000) };
  if (call === 'cashfree.webhook') return delay;
  if (call === 'mail') return dice.oneOf<FaultAction>([delay, { kind: 'status', status: 451 }]);
  return dice.oneOf<FaultAction>([
    delay,
    { kind: 'status', status: 500 },
    { kind: 'dropBefore' },
    { kind: 'answerLost' },
    { kind: 'garbage' },
  ]);
}
