import type { Collections } from '../src/database.ts';
import type { SupplierName } from '../src/domain/order.ts';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import type { OrderDocument } from '../src/orders/order-document.ts';
import { findWakeable } from '../src/stock/find-wakeable.ts';
import type { OrderActivities } from '../workflows/contract/order-activities.ts';
import type { ActivityLogger } from './dependencies.ts';
import { toFailure } from './failures.ts';

/** The next order is told once the one before is in the queue, but not later than that: one may stand still. */
const inQueueWithinMs = 3_000;
const lookEveryMs = 50;

export interface WakeDependencies {
  db: Collections;
  readPolicy: () => Promise<ResolvedPolicy>;
  tellStockChanged: (input: { workflowId: string }) => Promise<void>;
  now: () => string;
  sleep: (ms: number) => Promise<void>;
  log: ActivityLogger;
}

/**
 * Wakes the orders that wait for stock which is there, one after another by time of payment, so that they ask for the
 * lock in this order. Safe to repeat, and to run at once with itself: a woken order looks for itself.
 */
export async function wakeWaiting(
  deps: WakeDependencies,
  only: { supplier: SupplierName; packageKey: string } | null,
): Promise<{ woken: number; troubles: number }> {
  const policy = await deps.readPolicy();
  const orders = await findWakeable({ db: deps.db, policy, now: deps.now }, only);
  let troubles = 0;
  for (const { orderId, workflowId } of orders) {
    try {
      const before = await lookAt(deps, orderId);
      await deps.tellStockChanged({ workflowId });
      await untilItMoves(deps, { orderId, before });
    } catch (error) {
      troubles += 1;
      deps.log.warn({ orderId, reason: toFailure(error).message }, 'An order that waits could not be woken');
    }
  }
  return { woken: orders.length - troubles, troubles };
}

type Look = Pick<OrderDocument, 'status' | 'version'> | null;

function lookAt({ db }: WakeDependencies, orderId: string): Promise<Look> {
  return db.orders.findOne({ _id: orderId }, { projection: { status: 1, version: 1 } });
}

async function untilItMoves(
  deps: WakeDependencies,
  { orderId, before }: { orderId: string; before: Look },
): Promise<void> {
  for (let waitedMs = 0; waitedMs < inQueueWithinMs; waitedMs += lookEveryMs) {
    const order = await lookAt(deps, orderId);
    if (!isWaiting(order, before)) return;
    await deps.sleep(lookEveryMs);
  }
}

/** A remedy keeps its status in the queue as well: what it has written since tells that it moves. */
function isWaiting(order: Look, before: Look): boolean {
  if (order?.status !== 'compensating') return order?.status === 'waitingForStock';
  return order.version === before?.version;
}

type Purchasing = Pick<OrderActivities, 'buyVps' | 'settlePurchase'>;

/**
 * The purchases, at the end of which the orders that wait for the package are woken: in the background, because the
 * next holder of the lock must not wait for that. What is lost with the worker, the next sync does.
 */
export function wakingAfter<T extends Purchasing>(deps: WakeDependencies, purchasing: T): T {
  const wake = async (purchaseId: string) => {
    try {
      const row = await deps.db.purchases.findOne({ _id: purchaseId });
      if (row) await wakeWaiting(deps, { supplier: row.supplier, packageKey: row.packageKey });
    } catch (error) {
      const reason = toFailure(error).message;
      deps.log.warn(
        { purchaseId, reason },
        'Orders that wait for stock could not be woken; the sync does it',
      );
    }
  };
  return {
    ...purchasing,
    buyVps: async (input) => {
      const outcome = await purchasing.buyVps(input);
      void wake(input.purchaseId);
      return outcome;
    },
    settlePurchase: async (input) => {
      const outcome = await purchasing.settlePurchase(input);
      if (outcome.kind !== 'busy') void wake(input.purchaseId);
      return outcome;
    },
  };
}
