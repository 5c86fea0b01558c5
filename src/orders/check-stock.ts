import type { Collections } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import type { StockCheck } from '../domain/stock-check.ts';
import { stockNeedOf } from '../domain/stock-need.ts';
import { turnOf } from '../domain/stock-promises.ts';
import type { StockReader } from '../suppliers/stock-reader.ts';
import { type PackageDocument, packageDocumentId } from './catalogue.ts';
import { readOpenOrders } from './open-orders.ts';
import type { OrderDocument } from './order-document.ts';

type Rows = Pick<Collections, 'orders' | 'packages' | 'products' | 'purchases'>;

/**
 * The stock check under the lock: the order's package, found exactly (by PID, else by name), above its reserve and what
 * older orders wait for, and not dry. A package is dry after it sold another one's address: it counts as 0 until a
 * reading differs from the one taken right after that sale; `trial` (a person's retry) buys once all the same.
 */
export async function checkStock(
  deps: { db: Rows; readStock: StockReader; now: () => string },
  input: { orderId: string; trial: boolean; lowStockWarning: number; waits?: boolean },
): Promise<StockCheck> {
  const { db } = deps;
  const order = await db.orders.findOne({ _id: input.orderId });
  if (!order)
    throw new BrokenRecord(`Failed to check the stock for order ${input.orderId}: it does not exist.`);
  const [pool, product] = await Promise.all([
    db.packages.findOne({ _id: packageDocumentId(order) }),
    db.products.findOne({ _id: order.productId }),
  ]);
  if (!pool)
    throw new BrokenRecord(
      `Failed to check the stock of ${order.packageKey}: the package was never imported.`,
    );
  const reading = await deps.readStock({
    supplier: order.supplier,
    name: pool.name,
    packageId: pool.packageId,
  });
  if (reading.kind !== 'count') return reading;
  const { count } = reading;
  const counts = { available: count, readAt: reading.readFrom, all: reading.all };
  // Of two looks the one that began later stands: a sync may have asked, and answered, meanwhile.
  await db.packages.updateOne(
    { _id: pool._id, 'counts.readAt': { $not: { $gt: counts.readAt } } },
    { $set: { counts, stale: null, name: reading.name, packageId: reading.packageId } },
  );
  const dry = await stillDry(db, pool, count);
  const reserve = product?.reserve ?? 0;
  if (dry && !input.trial) return { kind: 'short', count, reserve, dry };
  if (count <= reserve) return { kind: 'short', count, reserve, dry };
  const behind = input.trial ? 0 : await countOlder(db, { order, waits: input.waits === true });
  if (count - reserve <= behind) return { kind: 'short', count, reserve, dry, behind };
  const low = count <= (product?.marks?.lowStockWarning ?? input.lowStockWarning);
  return { kind: 'available', count, low, packageName: reading.name };
}

/**
 * Orders of the package that paid earlier and still need a server: those that wait for stock, remedies among them; for
 * an order that waits itself also those in the queue, which are served before it. What has its server is in the count
 * already.
 */
async function countOlder(
  db: Rows,
  { order, waits }: { order: OrderDocument; waits: boolean },
): Promise<number> {
  const turn = turnOf({ ...order, orderId: order._id });
  const older = (await readOpenOrders(db, order)).filter((other) => {
    const need = stockNeedOf(other);
    const isInLine = need === 'waits' || (waits && need === 'inQueue');
    return isInLine && turnOf({ ...other, orderId: other._id }) < turn;
  });
  const buying = older.flatMap(({ goods }) => (goods.state === 'buying' ? [goods.purchaseId] : []));
  if (buying.length === 0) return older.length;
  const rows = await db.purchases.find({ _id: { $in: buying } }).toArray();
  return older.length - rows.filter(({ state }) => state === 'bought' || state === 'wrong').length;
}

/** Whether the package's mark still holds at this count; a count that differs takes the mark away. */
export async function stillDry(
  db: Pick<Collections, 'packages'>,
  pool: PackageDocument,
  count: number,
): Promise<boolean> {
  if (!pool.dry) return false;
  // Another wrong purchase may have marked it meanwhile: that mark stays.
  const mark = { _id: pool._id, 'dry.purchaseId': pool.dry.purchaseId };
  if (pool.dry.reading === null) {
    await db.packages.updateOne(mark, { $set: { 'dry.reading': count } });
    return true;
  }
  if (pool.dry.reading === count) return true;
  await db.packages.updateOne(mark, { $set: { dry: null } });
  return false;
}

/**
 * Marks the package of a wrong purchase as dry, with the count read right after that sale. Once per purchase:
 * a repeat keeps the first reading.
 */
export async function markPackageDry(
  deps: { db: Rows; readStock: StockReader; now: () => string },
  input: { orderId: string; purchaseId: string },
): Promise<void> {
  const { db } = deps;
  const order = await db.orders.findOne({ _id: input.orderId });
  const pool = order && (await db.packages.findOne({ _id: packageDocumentId(order) }));
  if (!order || !pool || pool.dry?.purchaseId === input.purchaseId) return;
  const reading = await deps.readStock({
    supplier: order.supplier,
    name: pool.name,
    packageId: pool.packageId,
  });
  const dry = {
    since: deps.now(),
    reading: reading.kind === 'count' ? reading.count : null,
    purchaseId: input.purchaseId,
  };
  await db.packages.updateOne({ _id: pool._id }, { $set: { dry } });
}
