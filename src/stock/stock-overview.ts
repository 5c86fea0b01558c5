import type { SupplierName } from '../domain/order.ts';
import { knownCountOf, type StockLevel, stockLevelOf } from '../domain/stock-level.ts';
import { findPageAlert, marksOf, type StockMarks } from '../domain/stock-marks.ts';
import type { StockRows } from './sync-stock.ts';

/** A package as the stock page shows it. Times are ISO UTC; `lastCount` is kept while the count is unknown. */
export interface StockLine {
  supplier: SupplierName;
  packageName: string;
  level: StockLevel['kind'];
  available: number | null;
  lastCount: number | null;
  readAt: string | null;
  staleSince: string | null;
  staleWhy: string | null;
  dry: boolean;
  alert: string | null;
  products: { productId: string; name: string; disabled: null | { note: string; auto: boolean } }[];
}

/** Every package with its stock, by name. */
export async function listStock(
  { db }: { db: Pick<StockRows, 'packages' | 'products'> },
  policy: StockMarks,
): Promise<StockLine[]> {
  const [pools, products] = await Promise.all([db.packages.find().toArray(), db.products.find().toArray()]);
  const lines = pools.map((pool): StockLine => {
    const { supplier, name: packageName, counts, stale, dry } = pool;
    const level = stockLevelOf(pool);
    const own = products.filter(
      (product) => product.supplier === supplier && product.packageKey === pool.packageKey,
    );
    const alerts = own.map(({ marks }) =>
      findPageAlert({ packageName, level, marks: marksOf(policy, marks) }),
    );
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
      alert: alerts.find((alert) => alert !== null) ?? null,
      products: own.map(({ _id: productId, name, disabled }) => ({
        productId,
        name,
        disabled: disabled && { note: disabled.note, auto: disabled.auto === true },
      })),
    };
  });
  return lines.sort((a, b) => a.packageName.localeCompare(b.packageName, 'en', { numeric: true }));
}
