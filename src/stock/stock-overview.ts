import type { Collections } from '../database.ts';
import type { SupplierName } from '../domain/order.ts';
import type { ResolvedPolicy } from '../domain/policy.ts';
import { knownCountOf, type StockLevel, stockLevelOf } from '../domain/stock-level.ts';
import { findPageAlert, marksOf, type StockMarks } from '../domain/stock-marks.ts';
import { availableToSell } from '../domain/stock-promises.ts';
import type { PackageDocument, ProductDocument } from '../orders/catalogue.ts';
import { readOpenOrders } from '../orders/open-orders.ts';
import { countPromises, holdsInTime, liveHolds, readCountedPurchases } from './read-promised.ts';
import { readStockHistories, type StockPoint } from './stock-history.ts';

/** A package as the stock page shows it. Times are ISO UTC. */
export interface StockLine {
  supplier: SupplierName;
  packageName: string;
  /** Unknown is not zero: `available` is null then, and `lastCount` the last good answer, asked for at `readAt`. */
  level: StockLevel['kind'];
  available: number | null;
  lastCount: number | null;
  readAt: string | null;
  staleSince: string | null;
  staleWhy: string | null;
  dry: boolean;
  /** The words of the page's alert, where the package is at its mark. */
  alert: string | null;
  /** Unpaid checkouts that keep an address, and paid orders whose purchase is not in the count yet. */
  held: number;
  promised: number;
  products: ProductOnSale[];
  /** Oldest first; empty where none were asked for. */
  history: StockPoint[];
}

/** A product of a package. `free`: what may be sold now, by the last count; null where there never was one. */
export interface ProductOnSale {
  productId: string;
  name: string;
  reserve: number;
  free: number | null;
  marks: StockMarks;
  disabled: null | { note: string; at: string; by: string; auto: boolean };
}

export interface OverviewDependencies {
  db: Pick<Collections, 'orders' | 'packages' | 'products' | 'purchases' | 'stockHistory'>;
  policy: StockMarks & Pick<ResolvedPolicy, 'longestPurchaseMs'>;
  /** ISO UTC. */
  now: () => string;
}

export interface StockOverview {
  products: ProductDocument[];
  lines: StockLine[];
}

/**
 * Every product, and every package with its stock, by name, and the counts of the last `historyDays` days. Asks each
 * collection once however many packages there are: packages, products, history (not for 0 days), then open orders, then
 * purchases, which is the order in which an order moves, as in a checkout.
 */
export async function readOverview(
  deps: OverviewDependencies,
  { historyDays }: { historyDays: number },
): Promise<StockOverview> {
  const { db, policy } = deps;
  const now = deps.now();
  const [pools, products] = await Promise.all([db.packages.find().toArray(), db.products.find().toArray()]);
  const poolIds = pools.map(({ _id }) => _id);
  const [history, orders] = await Promise.all([
    readStockHistories(db.stockHistory, { poolIds, days: historyDays, now }),
    readOpenOrders(db, null, holdersOf(pools, now)),
  ]);
  const paid = orders.filter(({ open }) => open);
  const asked = pools.map((pool) => ({ pool, readAt: pool.counts?.readAt ?? now }));
  const purchases = await readCountedPurchases(db, { pools: asked, paid, policy });
  const lines = asked.map(({ pool, readAt }) => {
    const held = liveHolds(holdsInTime(pool, now), orders).length;
    // Without a count nothing is in it: every purchase of the last minutes is shown as promised.
    const promised = countPromises({ pool, holds: [], readAt, now, orderId: null, paid, purchases });
    return lineOf(deps, {
      pool,
      products,
      taken: { held, promised },
      history: history.get(pool._id) ?? [],
    });
  });
  lines.sort((a, b) => a.packageName.localeCompare(b.packageName, 'en', { numeric: true }));
  return { products, lines };
}

/** The packages of an overview. */
export async function listStock(
  deps: OverviewDependencies,
  input: { historyDays: number },
): Promise<StockLine[]> {
  return (await readOverview(deps, input)).lines;
}

function holdersOf(pools: readonly PackageDocument[], now: string): string[] {
  return pools.flatMap((pool) => holdsInTime(pool, now).map(({ orderId }) => orderId));
}

interface Taken {
  held: number;
  promised: number;
}

function lineOf(
  deps: OverviewDependencies,
  input: {
    pool: PackageDocument;
    products: readonly ProductDocument[];
    taken: Taken;
    history: StockPoint[];
  },
): StockLine {
  const { pool, taken, history } = input;
  const { supplier, packageKey, name: packageName, counts, stale, dry } = pool;
  const own = input.products.filter(
    (product) => product.supplier === supplier && product.packageKey === packageKey,
  );
  const level = stockLevelOf(pool);
  const products = own.map((product) => onSale(deps, { product, pool, taken }));
  return {
    supplier,
    packageName,
    level: level.kind,
    available: knownCountOf(level),
    lastCount: counts?.available ?? null,
    readAt: counts?.readAt ?? null,
    staleSince: stale?.since ?? null,
    staleWhy: stale?.why ?? null,
    dry: dry !== null,
    alert:
      products
        .map(({ marks }) => findPageAlert({ packageName, level, marks }))
        .find((alert) => alert !== null) ?? null,
    ...taken,
    products,
    history,
  };
}

function onSale(
  { policy }: OverviewDependencies,
  { product, pool, taken }: { product: ProductDocument; pool: PackageDocument; taken: Taken },
): ProductOnSale {
  const { _id: productId, name, reserve, disabled } = product;
  const count = pool.dry ? 0 : (pool.counts?.available ?? null);
  const promised = taken.held + taken.promised;
  return {
    productId,
    name,
    reserve,
    free: count === null ? null : availableToSell({ count, reserve, promised }),
    marks: marksOf(policy, product.marks),
    disabled: disabled && {
      note: disabled.note,
      at: disabled.at,
      by: disabled.by,
      auto: disabled.auto === true,
    },
  };
}
