import type { ShopNotice } from '../src/domain/order-notice.ts';
import { writeLowStockReport } from '../src/stock/report-low-stock.ts';
import { type SyncDependencies, syncStock } from '../src/stock/sync-stock.ts';
import type { StockActivities } from '../workflows/contract/monitor-stock.ts';
import { beating } from './beating.ts';
import { toFailure, withFailures } from './failures.ts';
import { type WakeDependencies, wakeWaiting } from './wake-waiting.ts';

export interface StockWatchDependencies extends Omit<SyncDependencies, 'log' | 'db'>, WakeDependencies {
  db: SyncDependencies['db'] & WakeDependencies['db'];
  sendShopNotice: (input: { factId: string; notice: ShopNotice }) => Promise<void>;
  shopTimeZone: string;
}

/** The activities of the stock's monitor. */
export function createStockWatching(deps: StockWatchDependencies): StockActivities {
  return withFailures({
    syncStock: () => beating(() => syncStock(deps)),
    wakeWaiting: () => beating(() => wakeWaiting(deps, null)),
    tellShopFact: async (fact) => {
      try {
        await deps.sendShopNotice(fact);
      } catch (error) {
        deps.log.warn(
          { notice: fact.notice.kind, reason: toFailure(error).message },
          'A mail could not be sent',
        );
        throw error;
      }
    },
    reportLowStock: async () => {
      const report = await writeLowStockReport(deps, await deps.readPolicy());
      if (report !== null) await deps.sendShopNotice(report);
      return report !== null;
    },
  });
}
