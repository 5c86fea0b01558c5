import type { SupplierName } from '../../src/domain/order.ts';
import type { ShopNotice } from '../../src/domain/order-notice.ts';
import { defineRawSignal } from './read-signal.ts';

/** Id of the Temporal Schedule of the sync, and beginning of the ids of its runs. */
export const monitorStockScheduleId = 'monitor-stock';

/** Workflow type of a sync. Task queue: that of the orders. */
export const monitorStockType = 'monitorStock';

/** Id of a sync that a person asks for; one that runs already serves who asks meanwhile. */
export const syncStockWorkflowId = 'sync-stock';

/** Id of the Temporal Schedule of the daily report. */
export const reportLowStockScheduleId = 'report-low-stock';

/** Workflow type of the daily report. */
export const reportLowStockType = 'reportLowStock';

/** To an order that waits for stock: it looks again at once. Without input; an order that does not wait ignores it. */
export const stockChangedSignal = defineRawSignal('stockChanged');

/** What one supplier said. `unread`: the last counts are kept and marked stale. */
export type SupplierSync =
  | { supplier: SupplierName; kind: 'read'; counted: number; missing: string[]; skipped: string[] }
  | { supplier: SupplierName; kind: 'unread'; why: string };

/** What a sync found and changed; products by their id. */
export interface StockSync {
  suppliers: SupplierSync[];
  disabled: string[];
  enabled: string[];
}

export interface ShopFact {
  factId: string;
  notice: ShopNotice;
}

/** Parts of the stock's monitor; each may run more than once, what it tells is told once per fact. */
export interface StockActivities {
  /** Reads every supplier, keeps counts and history, stops and begins sales. `facts` are still to be told. */
  syncStock(): Promise<{ sync: StockSync; facts: ShopFact[] }>;
  /** Wakes the orders that wait for stock which is there, by time of payment. */
  wakeWaiting(): Promise<{ woken: number; troubles: number }>;
  tellShopFact(input: ShopFact): Promise<void>;
  /** The daily mail of packages at their mark; false where there is none. */
  reportLowStock(): Promise<boolean>;
}
