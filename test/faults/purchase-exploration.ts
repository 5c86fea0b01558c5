import { findEndProblem } from './purchase-judge.ts';
import {
  createPurchaseWorlds,
  type FaultKind,
  isOver,
  type Offer,
  type Scenario,
  type World,
} from './purchase-world.ts';

export interface Explored {
  worlds: number;
  steps: number;
  /** Worlds in which nobody runs any more, and those among them that were recovered from and judged. */
  ends: number;
  judged: number;
  /** Distinct points of the code, and how often it was run to find them. */
  points: number;
  executions: number;
  longestWay: number;
  /** False where `mostWorlds` was reached. */
  isWhole: boolean;
  faultsSeen: Partial<Record<FaultKind, number>>;
  /** What went wrong first, with the shortest way there. */
  problem: string | null;
}

/**
 * Every interleaving of runs of the real purchase code within the scenario's bounds, breadth first: each call of the
 * database, each sleep and each answer of the supplier is a point at which any other run may go first, a run may die, a
 * write may lose its answer, and time may pass. Equal worlds are explored once. Where nobody runs any more, every order
 * is started once more and the end is judged.
 */
export async function explorePurchases(scenario: Scenario, mostWorlds: number): Promise<Explored> {
  const worlds = createPurchaseWorlds(scenario);
  const orders = [...new Set(scenario.actors.map(({ orderId }) => orderId))].sort();
  const start = await worlds.start();
  const seen = new Set([worlds.keyOf(start)]);
  const ways = createWays(start, worlds.offerSteps);
  const judged = new Set<string>();
  const told = { steps: 0, ends: 0, longestWay: 0 };
  let problem: string | null = null;

  const judge = async (end: World): Promise<string | null> => {
    const key = worlds.endKeyOf(end);
    if (judged.has(key)) return null;
    judged.add(key);
    const ends: Record<string, string> = {};
    let world = end;
    for (const orderId of orders) {
      const one = await worlds.recover(world, orderId);
      if (one.problem !== null) return one.problem;
      world = one.world;
      ends[orderId] = one.end;
    }
    const faults = scenario.faults - end.faultsLeft;
    return findEndProblem({ rows: world.db.rows, book: world.book, orders, ends, faults });
  };

  let layer: [number, World][] = [[0, start]];
  while (layer.length > 0 && problem === null && seen.size <= mostWorlds) {
    const following: [number, World][] = [];
    for (const [from, world] of layer) {
      if (isOver(world)) {
        told.ends += 1;
        const wrong = await judge(world);
        if (wrong !== null) problem = `${wrong}; after:\n${await ways.say(from)}`;
      }
      let nth = 0;
      let broken: string | null = null;
      await worlds.offerSteps(world, (name, next, wrong = null) => {
        if (wrong !== null) broken ??= `at last: ${name()}\n${wrong}`;
        const key = worlds.keyOf(next);
        if (!seen.has(key)) {
          seen.add(key);
          following.push([ways.add(from, nth), next]);
        }
        nth += 1;
      });
      told.steps += nth;
      if (broken !== null) problem ??= `${await ways.say(from)}\n${broken}`;
      if (problem !== null || seen.size > mostWorlds) break;
    }
    told.longestWay += 1;
    layer = following;
  }
  const { states: points, executions } = worlds.counts();
  const isWhole = problem === null && seen.size <= mostWorlds;
  const counts = { worlds: seen.size, judged: judged.size, points, executions };
  return { ...told, ...counts, isWhole, faultsSeen: worlds.faultsSeen, problem };
}

/** How each world was reached first: by the n-th step of the world before. Put into words by going there again. */
function createWays(start: World, offerSteps: (world: World, offer: Offer) => Promise<void>) {
  const cameFrom: number[] = [0];
  const steps: number[] = [0];
  return {
    add(from: number, nth: number): number {
      steps.push(nth);
      return cameFrom.push(from) - 1;
    },
    async say(end: number): Promise<string> {
      const way: number[] = [];
      for (let at = end; at > 0; at = cameFrom[at] ?? 0) way.unshift(steps[at] ?? 0);
      const words: string[] = [];
      let world = start;
      for (const nth of way) {
        const offered: [() => string, World][] = [];
        await offerSteps(world, (name, next) => offered.push([name, next]));
        const taken = offered[nth];
        if (!taken) throw new Error('A way leads nowhere.');
        words.push(`${words.length + 1}. ${taken[0]()}`);
        world = taken[1];
      }
      return words.join('\n');
    },
  };
}
