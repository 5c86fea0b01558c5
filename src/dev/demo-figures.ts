import type { PurchaseState } from '../purchases/purchase-document.ts';
import type { LedgerReport } from '../simulator/control.ts';
import type { PurchaseCall } from '../simulator/ledger.ts';
import { addressesOfPackage } from './package-addresses.ts';

/** One order as the storefront's API told it last. */
export interface ObservedOrder {
  orderId: string;
  packageName: string;
  status: string;
  ip: string | null;
  failureCode: string | null;
}

/** A row of the service's own ledger, as far as it is compared. */
export interface ObservedPurchase {
  purchaseId: string;
  packageName: string;
  state: PurchaseState;
  sentAt: string | null;
  ip: string | null;
}

/** What was seen of one run from outside: through the API, in the ledger rows, and at the simulator. */
export interface ObservedRun {
  orders: readonly ObservedOrder[];
  /** Checkouts that were refused for capacity. */
  refused: number;
  purchases: readonly ObservedPurchase[];
  ledger: Pick<LedgerReport, 'purchases' | 'summary'>;
  seconds: number;
}

/** The counters of design 15; `seconds` from the first checkout to the last order at rest. */
export interface DemoFigures {
  orders: number;
  refused: number;
  delivered: number;
  failed: number;
  refunded: number;
  waiting: number;
  wrongDelivered: number;
  doublePurchases: number;
  overlaps: number;
  stuck: number;
  seconds: number;
}

/** Where an order may stay for longer than a demo takes: it has ended, or somebody was told and has hours. */
const restingStatuses = ['active', 'refunded', 'cancelled', 'expired', 'failed', 'waitingForStock'];

/** True where nothing more is expected of the order within the demo. */
export function isAtRest({ status }: { status: string }): boolean {
  return restingStatuses.includes(status);
}

/** The counters of one run. An order that is not at rest when the run is over is past every bound of the demo's
 * policy: stuck. */
export function figuresOf(run: ObservedRun): DemoFigures {
  const { orders, refused, ledger } = run;
  const count = (status: string) => orders.filter((order) => order.status === status).length;
  return {
    orders: orders.length + refused,
    refused,
    delivered: count('active'),
    failed: count('failed'),
    refunded: count('refunded'),
    waiting: count('waitingForStock'),
    wrongDelivered: orders.filter(isWronglyDelivered).length,
    doublePurchases: countDoublePurchases({ calls: ledger.purchases, rows: run.purchases }),
    overlaps: ledger.summary.overlaps.length,
    stuck: orders.filter((order) => !isAtRest(order)).length,
    seconds: run.seconds,
  };
}

/** Adds up the counters of several runs. */
export function sumOf(runs: readonly DemoFigures[]): DemoFigures {
  const sum = (key: keyof DemoFigures) => runs.reduce((total, figures) => total + figures[key], 0);
  return {
    orders: sum('orders'),
    refused: sum('refused'),
    delivered: sum('delivered'),
    failed: sum('failed'),
    refunded: sum('refunded'),
    waiting: sum('waiting'),
    wrongDelivered: sum('wrongDelivered'),
    doublePurchases: sum('doublePurchases'),
    overlaps: sum('overlaps'),
    stuck: sum('stuck'),
    seconds: Math.round(sum('seconds') * 10) / 10,
  };
}

function isWronglyDelivered({ status, ip, packageName }: ObservedOrder): boolean {
  if (status !== 'active') return false;
  return ip === null || !addressesOfPackage(packageName).has(ip);
}

/** Sales at the supplier that have no ledger row of their own: each row explains one sale and no more. */
function countDoublePurchases(input: {
  calls: readonly PurchaseCall[];
  rows: readonly ObservedPurchase[];
}): number {
  const unexplained = new Set(input.rows.filter((row) => row.sentAt !== null));
  const sales = input.calls.filter((call) => call.soldAddress !== null);
  const withoutItsRow = sales.filter((sale) => !takeFirst(unexplained, (row) => row.ip === sale.soldAddress));
  return withoutItsRow.filter((sale) => !takeFirst(unexplained, (row) => mayBe(row, sale))).length;
}

function takeFirst<T>(from: Set<T>, fits: (item: T) => boolean): boolean {
  const found = [...from].find(fits);
  return found !== undefined && from.delete(found);
}

/** The service calls within 5 s of writing `sentAt`, or not at all (design 5); a second for the clocks. */
const longestMsToCall = 6_000;

/** A purchase whose answer was lost has no address: it explains the sale of its own moment. */
function mayBe(row: ObservedPurchase, sale: PurchaseCall): boolean {
  if (row.ip !== null || row.packageName !== sale.request.ip || row.sentAt === null) return false;
  const lateMs = Date.parse(sale.startedAt) - Date.parse(row.sentAt);
  return lateMs >= -1_000 && lateMs <= longestMsToCall;
}
