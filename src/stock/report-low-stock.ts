import type { LowPackage, ShopNotice } from '../domain/order-notice.ts';
import type { ResolvedPolicy } from '../domain/policy.ts';
import { shopDay } from '../domain/shop-time.ts';
import { stockLevelOf } from '../domain/stock-level.ts';
import { isReported, marksOf } from '../domain/stock-marks.ts';
import type { StockRows } from './sync-stock.ts';

/** What the daily report says, once per day of the shop's zone; null where every package is above its mark. */
export async function writeLowStockReport(
  deps: { db: Pick<StockRows, 'packages' | 'products'>; now: () => string; shopTimeZone: string },
  policy: ResolvedPolicy,
): Promise<{ factId: string; notice: ShopNotice } | null> {
  const { db, now, shopTimeZone } = deps;
  const [pools, products] = await Promise.all([db.packages.find().toArray(), db.products.find().toArray()]);
  const low = pools.flatMap((pool): LowPackage[] => {
    const level = stockLevelOf(pool);
    const own = products.filter(
      ({ supplier, packageKey }) => supplier === pool.supplier && packageKey === pool.packageKey,
    );
    if (!own.some(({ marks }) => isReported({ level, marks: marksOf(policy, marks) }))) return [];
    const available = level.kind === 'zero' ? 0 : (pool.counts?.available ?? 0);
    return [{ packageName: pool.name, available, staleSince: pool.stale?.since ?? null }];
  });
  if (low.length === 0) return null;
  const packages = low.sort(
    (a, b) => a.available - b.available || a.packageName.localeCompare(b.packageName),
  );
  const day = shopDay({ at: now(), timeZone: shopTimeZone });
  return { factId: `lowStockReport:${day}`, notice: { kind: 'lowStockReport', packages } };
}
