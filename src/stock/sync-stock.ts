import type { Collections } from '../database.ts';
import type { SupplierName } from '../domain/order.ts';
import type { ShopNotice } from '../domain/order-notice.ts';
import type { ResolvedPolicy } from '../domain/policy.ts';
import { followStock, knownCountOf, type Sighting, stockLevelOf } from '../domain/stock-level.ts';
import type { PackageDocument, ProductDocument } from '../orders/catalogue.ts';
import { stillDry } from '../orders/check-stock.ts';
import { findPackage } from '../suppliers/find-package.ts';
import { readPatiently } from '../suppliers/read-package.ts';
import type { StockReading, Supplier } from '../suppliers/supplier.ts';
import { SupplierError } from '../suppliers/supplier-error.ts';
import { judgeProduct, type StockLog } from './judge-product.ts';
import { addStockPoint, forgetOldStock } from './stock-history.ts';

/** The rows that the monitor keeps. */
export type StockRows = Pick<Collections, 'packages' | 'products' | 'stockHistory'>;

export interface SyncDependencies {
  db: StockRows;
  /** Those that are switched on. */
  suppliers: readonly Supplier[];
  readPolicy: () => Promise<ResolvedPolicy>;
  /** ISO UTC. */
  now: () => string;
  log: StockLog;
}

type SupplierSync =
  | { supplier: SupplierName; kind: 'read'; counted: number; missing: string[]; skipped: string[] }
  | { supplier: SupplierName; kind: 'unread'; why: string };

interface Synced {
  sync: { suppliers: SupplierSync[]; disabled: string[]; enabled: string[] };
  /** What people are to be told, once per fact. */
  facts: { factId: string; notice: ShopNotice }[];
}

/**
 * Reads every supplier's stock and keeps it: counts by PID through renames, what is unknown with its last value, one
 * point of the graph, and the sale of each product by its marks. Trouble with one supplier stops no other.
 */
export async function syncStock(deps: SyncDependencies): Promise<Synced> {
  const result: Synced = { sync: { suppliers: [], disabled: [], enabled: [] }, facts: [] };
  for (const supplier of deps.suppliers) await syncSupplier(deps, supplier, result);
  await forgetOldStock(deps.db.stockHistory, deps.now());
  return result;
}

async function syncSupplier(deps: SyncDependencies, supplier: Supplier, result: Synced): Promise<void> {
  const { db, log } = deps;
  const policy = await deps.readPolicy();
  const askedAt = deps.now();
  const reading = await readOrWhy(supplier);
  const at = typeof reading === 'string' ? askedAt : reading.startedAt;
  const [pools, products] = await Promise.all([
    db.packages.find({ supplier: supplier.name }).toArray(),
    db.products.find({ supplier: supplier.name }).toArray(),
  ]);
  const missing: string[] = [];
  for (const pool of pools) {
    const kept = await keepPackage(deps, { pool, reading, at });
    if (!kept.isSeen) missing.push(kept.pool.name);
    for (const product of productsOf(kept.pool, products)) {
      await judgeProduct(deps, { product, pool: kept.pool, policy, result });
    }
  }
  const { name } = supplier;
  if (typeof reading === 'string') {
    log.warn({ supplier: name, why: reading }, 'The stock cannot be read; the last counts are kept as stale');
    result.sync.suppliers.push({ supplier: name, kind: 'unread', why: reading });
    return;
  }
  const { skipped } = reading;
  if (missing.length + skipped.length > 0) {
    log.warn(
      { supplier: name, missing, skipped },
      'The stock list lacks packages; their last counts are kept',
    );
  }
  const counted = pools.length - missing.length;
  result.sync.suppliers.push({ supplier: name, kind: 'read', counted, missing, skipped });
}

function productsOf(pool: PackageDocument, products: readonly ProductDocument[]): ProductDocument[] {
  return products.filter(({ packageKey }) => packageKey === pool.packageKey);
}

/** The reading, or why there is none. */
async function readOrWhy(supplier: Supplier): Promise<StockReading | string> {
  try {
    return await readPatiently(supplier);
  } catch (error) {
    if (error instanceof SupplierError) return error.message;
    throw error;
  }
}

/** Writes what the answer says of one package; where a purchase's look was newer, that one stays. */
async function keepPackage(
  { db }: SyncDependencies,
  input: { pool: PackageDocument; reading: StockReading | string; at: string },
): Promise<{ pool: PackageDocument; isSeen: boolean }> {
  const { pool, reading, at } = input;
  const found = typeof reading === 'string' ? undefined : findIn(reading, pool);
  const sighting: Sighting = found
    ? { kind: 'seen', available: found.available }
    : { kind: 'unseen', why: typeof reading === 'string' ? reading : 'It is not in the stock list.' };
  const { counts, stale } = followStock(pool, { sighting, at });
  const isNew = found !== undefined && typeof reading !== 'string' && counts?.readAt === at;
  const all = isNew ? reading.packages.map(({ status: _, ...count }) => count) : undefined;
  const next: PackageDocument = {
    ...pool,
    counts: counts && { ...pool.counts, ...counts, ...(all ? { all } : {}) },
    stale,
    ...(isNew ? { name: found.name, packageId: found.packageId } : {}),
  };
  // What was asked for before the wrong sale says nothing of the package after it.
  const isAfterSale = isNew && pool.dry !== null && at > pool.dry.since;
  if (isAfterSale && !(await stillDry(db, pool, found.available))) next.dry = null;
  const { name, packageId } = next;
  const seenBefore = pool.counts === null ? { counts: null } : { 'counts.readAt': pool.counts.readAt };
  const written = await db.packages.updateOne(
    { _id: pool._id, ...seenBefore },
    { $set: { counts: next.counts, stale, name, packageId } },
  );
  const kept = written.matchedCount === 1 ? next : ((await db.packages.findOne({ _id: pool._id })) ?? next);
  const available = knownCountOf(stockLevelOf(kept));
  await addStockPoint(db.stockHistory, { poolId: pool._id, point: { at, available } });
  return { pool: kept, isSeen: found !== undefined };
}

function findIn(reading: StockReading, { name: packageName, packageId }: PackageDocument) {
  return findPackage({ reading, packageName, packageId });
}
