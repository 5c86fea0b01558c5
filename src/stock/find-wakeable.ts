import type { Collections } from '../database.ts';
import type { SupplierName } from '../domain/order.ts';
import { oldestFirst } from '../domain/stock-promises.ts';
import type { PackageDocument } from '../orders/catalogue.ts';
import { packageDocumentId } from '../orders/catalogue.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { readPromised } from './read-promised.ts';

type Rows = Pick<Collections, 'orders' | 'packages' | 'products' | 'purchases'>;
type Waiting = Pick<OrderDocument, '_id' | 'owner' | 'paidAt' | 'supplier' | 'packageKey' | 'productId'>;

export interface WakeableOrder {
  orderId: string;
  workflowId: string;
  paidAt: string | null;
}

/**
 * The orders that wait for stock which is there, package by package, the oldest payment first: as many as the last good
 * count has beyond the reserve, what is bought already and the orders in the queue. By level: whoever asks, and
 * whenever, finds the same.
 */
export async function findWakeable(
  deps: { db: Rows; policy: { longestPurchaseMs: number }; now: () => string },
  only: { supplier: SupplierName; packageKey: string } | null,
): Promise<WakeableOrder[]> {
  const { db } = deps;
  const waiting: Waiting[] = await db.orders
    .find({ open: true, status: 'waitingForStock', money: 'kept', ...(only ?? {}) })
    .toArray();
  const wakeable: WakeableOrder[] = [];
  for (const [id, orders] of Map.groupBy(waiting, packageDocumentId)) {
    const pool = await db.packages.findOne({ _id: id });
    if (pool) wakeable.push(...(await wakeableOf(deps, pool, orders)));
  }
  return wakeable;
}

async function wakeableOf(
  { db, policy, now }: Parameters<typeof findWakeable>[0],
  pool: PackageDocument,
  waiting: Waiting[],
): Promise<WakeableOrder[]> {
  if (pool.counts === null || pool.stale || pool.dry) return [];
  const { available, readAt } = pool.counts;
  const promised = await readPromised(db, { pool, holds: [], readAt, now: now(), orderId: null, policy });
  const products = await db.products.find({ packageKey: pool.packageKey }).toArray();
  const reserves = waiting.map(
    ({ productId }) => products.find(({ _id }) => _id === productId)?.reserve ?? 0,
  );
  // Each waiting order is a promise itself; the check of its own product's reserve is its own.
  const free = available - Math.min(...reserves) - Math.max(0, promised - waiting.length);
  const orders = waiting.map(({ _id: orderId, owner, paidAt }) => ({
    orderId,
    workflowId: owner ?? '',
    paidAt,
  }));
  return oldestFirst(orders, free).filter(({ workflowId }) => workflowId !== '');
}
