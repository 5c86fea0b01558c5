import type { Collections } from '../database.ts';
import type { SupplierName } from '../domain/order.ts';
import { availableToSell, capacitySentence, type StockHold } from '../domain/stock-promises.ts';
import { type PackageDocument, packageDocumentId } from '../orders/catalogue.ts';
import { readLiveHolds, readPromised } from './read-promised.ts';

type Rows = Pick<Collections, 'packages' | 'orders' | 'purchases'>;

interface HoldWish {
  orderId: string;
  supplier: SupplierName;
  packageKey: string;
  reserve: number;
}

/** `full`: nothing is free; the sentence is for the customer. */
export type HoldOutcome = { kind: 'held' } | { kind: 'full'; sentence: string };

export interface HoldDependencies {
  db: Rows;
  policy: { checkoutHoldMs: number; longestPurchaseMs: number };
  /** ISO UTC. */
  now: () => string;
}

/** So often the same document may change under one checkout; they take turns within a process. */
const mostTries = 200;

/**
 * Holds one address of a package for an unpaid order, for `checkoutHold`. What is free is checked and the hold taken by
 * one conditional update on the package's document, so that no two checkouts get the last address. The same order
 * holds once. A package that was never read refuses nobody: unknown is not zero.
 */
export function createStockHolder(deps: HoldDependencies): (wish: HoldWish) => Promise<HoldOutcome> {
  const turns = new Map<string, Promise<unknown>>();
  return (wish) => {
    const id = packageDocumentId(wish);
    const turn = (turns.get(id) ?? Promise.resolve()).then(() => hold(deps, wish));
    const settled = turn
      .catch(() => undefined)
      .then(() => {
        if (turns.get(id) === settled) turns.delete(id);
      });
    turns.set(id, settled);
    return turn;
  };
}

async function hold(deps: HoldDependencies, wish: HoldWish): Promise<HoldOutcome> {
  const { db } = deps;
  for (let tries = 0; tries < mostTries; tries += 1) {
    const pool = await db.packages.findOne({ _id: packageDocumentId(wish) });
    if (pool === null) return { kind: 'held' };
    const now = deps.now();
    const holds = await readLiveHolds(db, { pool, now });
    if (holds.some(({ orderId }) => orderId === wish.orderId)) return { kind: 'held' };
    const objection = await findObjection(deps, { pool, holds, wish, now });
    if (objection !== null) return { kind: 'full', sentence: objection };
    if (await take(deps, { pool, holds, wish, now })) return { kind: 'held' };
  }
  throw new Error(
    `Failed to hold stock for order ${wish.orderId}: the package changes without end. Try again.`,
  );
}

/**
 * Lets go of the address that an order holds, where its checkout was refused; safe to repeat. Given up where the package
 * changes without end: a hold ends by itself.
 */
export async function releaseStock(
  { db }: { db: Pick<Rows, 'packages'> },
  wish: Omit<HoldWish, 'reserve'>,
): Promise<void> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const pool = await db.packages.findOne({ _id: packageDocumentId(wish) });
    const holds = pool?.holds ?? [];
    const others = holds.filter(({ orderId }) => orderId !== wish.orderId);
    if (pool === null || others.length === holds.length) return;
    const holdsVersion = pool.holdsVersion ?? 0;
    const released = await db.packages.updateOne(
      { _id: pool._id, holdsVersion },
      { $set: { holds: others, holdsVersion: holdsVersion + 1 } },
    );
    if (released.matchedCount === 1) return;
  }
}

async function findObjection(
  { db, policy }: HoldDependencies,
  { pool, holds, wish, now }: { pool: PackageDocument; holds: StockHold[]; wish: HoldWish; now: string },
): Promise<string | null> {
  if (pool.counts === null) return null;
  const count = pool.dry ? 0 : pool.counts.available;
  const { readAt } = pool.counts;
  const { orderId } = wish;
  const promised = await readPromised(db, { pool, holds, readAt, now, orderId, policy });
  if (availableToSell({ count, reserve: wish.reserve, promised }) > 0) return null;
  return capacitySentence({ packageName: pool.name, remaining: Math.max(0, count - promised) });
}

/** False where holds or count changed since they were read. */
async function take(
  { db, policy }: HoldDependencies,
  input: { pool: PackageDocument; holds: StockHold[]; wish: HoldWish; now: string },
): Promise<boolean> {
  const { pool, wish, now } = input;
  const until = new Date(Date.parse(now) + policy.checkoutHoldMs).toISOString();
  const holds = [...input.holds, { orderId: wish.orderId, until }];
  const sameCount = pool.counts === null ? { counts: null } : { 'counts.readAt': pool.counts.readAt };
  // One that has proved dry meanwhile is looked at again.
  const sameMark = pool.dry === null ? { dry: null } : {};
  const taken = await db.packages.updateOne(
    { _id: pool._id, ...sameCount, ...sameMark, holdsVersion: pool.holdsVersion ?? { $exists: false } },
    { $set: { holds, holdsVersion: (pool.holdsVersion ?? 0) + 1 } },
  );
  return taken.matchedCount === 1;
}
