import type { Collections } from '../database.ts';
import type { SupplierName } from '../domain/order.ts';
import type { ResolvedPolicy } from '../domain/policy.ts';
import { knownCountOf, type StockLevel, stockLevelOf } from '../domain/stock-level.ts';
import { findPageAlert, marksOf, type StockMarks } from '../domain/stock-marks.ts';
import { availableToSell } from '../domain/stock-promises.ts';
import type { PackageDocument, ProductDocument } from '../orders/catalogue.ts';
import { readLiveHolds, readPromised } from './read-promised.ts';
import { readStockHistory, type StockPoint } from './stock-history.ts';

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

/** Every package with its stock, by name, and the counts of the last `historyDays` days. */
export async function listStock(
  deps: OverviewDependencies,
  { historyDays }: { historyDays: number },
): Promise<StockLine[]> {
  const { db } = deps;
  const [pools, products] = await Promise.all([db.packages.find().toArray(), db.products.find().toArray()]);
  const lines = await Promise.all(pools.map((pool) => lineOf(deps, { pool, products, historyDays })));
  return lines.sort((a, b) => a.packageName.localeCompare(b.packageName, 'en', { numeric: true }));
}

async function lineOf(
  deps: OverviewDependencies,
  input: { pool: PackageDocument; products: readonly ProductDocument[]; historyDays: number },
): Promise<StockLine> {
  const { pool, historyDays: days } = input;
  const { _id: poolId, supplier, packageKey, name: packageName, counts, stale, dry } = pool;
  const own = input.products.filter(
    (product) => product.supplier === supplier && product.packageKey === packageKey,
  );
  const level = stockLevelOf(pool);
  const taken = await countTaken(deps, pool);
  const history =
    days === 0 ? [] : await readStockHistory(deps.db.stockHistory, { poolId, days, now: deps.now() });
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

interface Taken {
  held: number;
  promised: number;
}

/** Read in the order in which an order moves, as a checkout does. */
async function countTaken({ db, policy, now }: OverviewDependencies, pool: PackageDocument): Promise<Taken> {
  const at = now();
  const holds = await readLiveHolds(db, { pool, now: at });
  // Without a count nothing is in it: every purchase of the last minutes is shown as promised.
  const readAt = pool.counts?.readAt ?? at;
  const promised = await readPromised(db, { pool, holds: [], readAt, now: at, orderId: null, policy });
  return { held: holds.length, promised };
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
