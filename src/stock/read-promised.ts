import type { Collections } from '../database.ts';
import { countPromised, type StockHold } from '../domain/stock-promises.ts';
import type { PackageDocument } from '../orders/catalogue.ts';
import type { PurchaseDocument } from '../purchases/purchase-document.ts';

/** A purchase that ends takes so long at most beyond its own time. */
const marginMs = 60_000;

/**
 * The holds that still count: in time, and of orders that nothing was paid for yet. One whose order is not there yet is
 * just being checked out.
 */
export async function readLiveHolds(
  db: Pick<Collections, 'orders'>,
  { pool, now }: { pool: PackageDocument; now: string },
): Promise<StockHold[]> {
  const inTime = (pool.holds ?? []).filter(({ until }) => until > now);
  const orders = await db.orders
    .find({ _id: { $in: inTime.map(({ orderId }) => orderId) } }, { projection: { money: 1, open: 1 } })
    .toArray();
  const over = new Set(orders.filter(({ money, open }) => money !== 'unpaid' || !open).map(({ _id }) => _id));
  return inTime.filter(({ orderId }) => !over.has(orderId));
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
  const { pool, readAt, now } = input;
  const { supplier, packageKey } = pool;
  const paid = await db.orders
    .find({ open: true, money: 'kept', supplier, packageKey }, { projection: { goods: 1, freeMonthOf: 1 } })
    .toArray();
  // A renewal needs no address of its own.
  const orders = paid.filter(({ freeMonthOf }) => freeMonthOf?.act !== 'renew');
  const bought = orders.flatMap(({ goods }) => (goods.state === 'buying' ? [goods.purchaseId] : []));
  const since = new Date(Date.parse(readAt) - input.policy.longestPurchaseMs - marginMs).toISOString();
  const [recent, own] = await Promise.all([
    db.purchases.find({ supplier, packageKey, kind: 'buy', sentAt: { $gte: since } }).toArray(),
    db.purchases.find({ _id: { $in: bought } }).toArray(),
  ]);
  const rows = new Map<string, PurchaseDocument>([...recent, ...own].map((row) => [row._id, row]));
  return countPromised(
    {
      readAt,
      now,
      holds: input.holds,
      paid: orders.map(({ _id: orderId, goods }) => ({ orderId, goods })),
      purchases: [...rows.values()].map(({ _id: purchaseId, orderId, state, sentAt, settledAt, kind }) => ({
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
