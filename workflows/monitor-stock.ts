import { proxyActivities } from '@temporalio/workflow';
import type { ShopFact, StockActivities, StockSync } from './contract/monitor-stock.ts';

/** A supplier's answer may be slow; few tries, because the schedule comes again soon. */
const watching = proxyActivities<Pick<StockActivities, 'syncStock' | 'wakeWaiting'>>({
  startToCloseTimeout: '3m',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumAttempts: 3 },
});

/** A mail server that is away must not hold up the next sync for long: what matters is told again by that one. */
const mails = proxyActivities<Pick<StockActivities, 'tellShopFact'>>({
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '2m',
  retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '30s' },
  summary: 'Tell by mail',
});

/** The report is of one day: worth nothing after it. */
const dailyMail = proxyActivities<Pick<StockActivities, 'reportLowStock'>>({
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '12h',
  retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '10m' },
  summary: 'Mail the daily report',
});

/** One look at the stock, by the schedule `monitor-stock` or because somebody asks: counts, sales, mails. */
export async function monitorStock(): Promise<StockSync> {
  const { sync, facts } = await watching.syncStock();
  await Promise.all([wake(), ...facts.map(tell)]);
  return sync;
}

/** The daily mail of packages that run low, by the schedule `report-low-stock`. */
export async function reportLowStock(): Promise<{ told: boolean }> {
  return { told: await dailyMail.reportLowStock() };
}

async function wake(): Promise<void> {
  try {
    await watching.wakeWaiting();
  } catch {
    // By level: the next sync wakes the same orders, and each looks for itself every stockEvery.
  }
}

async function tell(fact: ShopFact): Promise<void> {
  try {
    await mails.tellShopFact(fact);
  } catch {
    // The activity has logged it, and the next sync tells again what still holds.
  }
}
