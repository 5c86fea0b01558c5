import type { Collections } from '../database.ts';
import type { SupplierName } from '../domain/order.ts';
import { stockNeedOf } from '../domain/stock-need.ts';
import { oldestFirst } from '../domain/stock-promises.ts';
import type { PackageDocument } from '../orders/catalogue.ts';
import { packageDocumentId } from '../orders/catalogue.ts';
import { type OpenOrder, readOpenOrders } from '../orders/open-orders.ts';
import { countPromises, readCountedPurchases } from './read-promised.ts';

type Rows = Pick<Collections, 'orders' | 'packages' | 'products' | 'purchases'>;

export interface WakeableOrder {
  orderId: string;
  workflowId: string;
  paidAt: string | null;
}

/**
 * The orders that wait for stock which is there, package by package, the oldest payment first: as many as the last good
 * count has beyond the reserve, what is bought already and the orders in the queue. A failed order takes nothing from
 * them: it buys again only once somebody decides so. By level: whoever asks, and whenever, finds the same.
 */
export async function findWakeable(
  deps: { db: Rows; policy: { longestPurchaseMs: number }; now: () => string },
  only: { supplier: SupplierName; packageKey: string } | null,
): Promise<WakeableOrder[]> {
  const { db } = deps;
  const needing = (await readOpenOrders(db, only)).filter((order) => stockNeedOf(order) !== 'none');
  const wakeable: WakeableOrder[] = [];
  for (const [id, orders] of Map.groupBy(needing, packageDocumentId)) {
    const waiting = orders.filter((order) => stockNeedOf(order) === 'waits');
    const pool = waiting.length > 0 && (await db.packages.findOne({ _id: id }));
    if (pool) wakeable.push(...(await wakeableOf(deps, { pool, needing: orders, waiting })));
  }
  return wakeable;
}

async function wakeableOf(
  { db, policy, now }: Parameters<typeof findWakeable>[0],
  { pool, needing, waiting }: { pool: PackageDocument; needing: OpenOrder[]; waiting: OpenOrder[] },
): Promise<WakeableOrder[]> {
  if (pool.counts === null || pool.stale || pool.dry) return [];
  const { available, readAt } = pool.counts;
  const products = await db.products.find({ packageKey: pool.packageKey }).toArray();
  const reserves = waiting.map(
    ({ productId }) => products.find(({ _id }) => _id === productId)?.reserve ?? 0,
  );
  const paid = needing.filter((order) => !waiting.includes(order));
  const purchases = await readCountedPurchases(db, { pools: [{ pool, readAt }], paid, policy });
  const taken = countPromises({ pool, holds: [], readAt, now: now(), orderId: null, paid, purchases });
  // The check of each waiting order's own reserve is its own.
  const free = available - Math.min(...reserves) - taken;
  const orders = waiting.map(({ _id: orderId, owner, paidAt }) => ({
    orderId,
    workflowId: owner ?? '',
    paidAt,
  }));
  return oldestFirst(orders, free).filter(({ workflowId }) => workflowId !== '');
}
