import type { Collections } from '../database.ts';
import { countPromised, type StockHold } from '../domain/stock-promises.ts';
import type { PackageDocument } from '../orders/catalogue.ts';
import { type OpenOrder, readOpenOrders } from '../orders/open-orders.ts';
import type { PurchaseDocument } from '../purchases/purchase-document.ts';

/** A purchase that ends takes so long at most beyond its own time. */
const marginMs = 60_000;

/** Holds whose time is not over; of what was paid, or has ended, since then nothing is known here. */
export function holdsInTime({ holds }: PackageDocument, now: string): StockHold[] {
  return (holds ?? []).filter(({ until }) => until > now);
}

/**
 * The holds that still count: in time, and of orders that nothing was paid for yet. One whose order is not there yet is
 * just being checked out.
 */
export async function readLiveHolds(
  db: Pick<Collections, 'orders'>,
  { pool, now }: { pool: PackageDocument; now: string },
): Promise<StockHold[]> {
  const inTime = holdsInTime(pool, now);
  if (inTime.length === 0) return [];
  const orders = await db.orders
    .find({ _id: { $in: inTime.map(({ orderId }) => orderId) } }, { projection: { money: 1, open: 1 } })
    .toArray();
  return liveHolds(inTime, orders);
}

/** Those of the holds whose order is unpaid and open, or not among `orders`. */
export function liveHolds(
  holds: readonly StockHold[],
  orders: readonly Pick<OpenOrder, '_id' | 'money' | 'open'>[],
): StockHold[] {
  const over = new Set(orders.filter(({ money, open }) => money !== 'unpaid' || !open).map(({ _id }) => _id));
  return holds.filter(({ orderId }) => !over.has(orderId));
}

/**
 * How many addresses of a package's count are promised already. Read in the order in which an order moves - holds,
 * which the caller has read, then payments, then purchases - so that one that moves meanwhile is seen at least once.
 */
export async function readPromised(
  db: Pick<Collections, 'orders' | 'purchases'>,
  input: {
    pool: PackageDocument;
    holds: readonly StockHold[];
    readAt: string;
    now: string;
    /** Not counted against itself. */
    orderId: string | null;
    policy: { longestPurchaseMs: number };
  },
): Promise<number> {
  const { pool, readAt, policy } = input;
  const paid = await readOpenOrders(db, pool);
  const purchases = await readCountedPurchases(db, { pools: [{ pool, readAt }], paid, policy });
  return countPromises({ ...input, paid, purchases });
}

/**
 * The purchases that may not be in the counts of these packages, and those that open orders are buying: one question
 * for all packages, each part of it the beginning of an index.
 */
export async function readCountedPurchases(
  { purchases }: Pick<Collections, 'purchases'>,
  input: {
    pools: readonly { pool: PackageDocument; readAt: string }[];
    paid: readonly OpenOrder[];
    policy: { longestPurchaseMs: number };
  },
): Promise<PurchaseDocument[]> {
  const { pools, paid, policy } = input;
  const recent = pools.map(({ pool: { packageKey }, readAt }) => {
    const since = new Date(Date.parse(readAt) - policy.longestPurchaseMs - marginMs).toISOString();
    return { packageKey, sentAt: { $gte: since } };
  });
  const buying = paid.flatMap(({ goods }) => (goods.state === 'buying' ? [goods.purchaseId] : []));
  const parts = [...recent, ...(buying.length === 0 ? [] : [{ _id: { $in: buying } }])];
  return parts.length === 0 ? [] : purchases.find({ $or: parts }).toArray();
}

/** Counts what one package has promised, out of rows that may be of other packages too. */
export function countPromises(input: {
  pool: Pick<PackageDocument, 'supplier' | 'packageKey'>;
  holds: readonly StockHold[];
  readAt: string;
  now: string;
  orderId: string | null;
  paid: readonly OpenOrder[];
  purchases: readonly PurchaseDocument[];
}): number {
  const { pool, readAt, now, holds } = input;
  const isOurs = (row: Pick<OpenOrder, 'supplier' | 'packageKey'>) =>
    row.supplier === pool.supplier && row.packageKey === pool.packageKey;
  // A renewal needs no address of its own.
  const paid = input.paid.filter(
    (order) => isOurs(order) && order.money === 'kept' && order.freeMonthOf?.act !== 'renew',
  );
  const own = new Set(paid.flatMap(({ goods }) => (goods.state === 'buying' ? [goods.purchaseId] : [])));
  const purchases = input.purchases.filter((row) => own.has(row._id) || (isOurs(row) && row.kind === 'buy'));
  return countPromised(
    {
      readAt,
      now,
      holds,
      paid: paid.map(({ _id: orderId, goods }) => ({ orderId, goods })),
      purchases: purchases.map(({ _id: purchaseId, orderId, state, sentAt, settledAt, kind }) => ({
        purchaseId,
        orderId,
        // A claim takes no address of the supplier's count.
        state: kind === 'claim' && state === 'bought' ? 'claimed' : state,
        sentAt: kind === 'claim' ? null : sentAt,
        settledAt,
      })),
    },
    input.orderId,
  );
}
