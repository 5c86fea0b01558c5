import { heartbeat } from '@temporalio/activity';
import { packageDocumentId } from '../src/orders/catalogue.ts';
import { buyOnce } from '../src/purchases/buy-once.ts';
import { resolvePurchase } from '../src/purchases/resolve-purchase.ts';
import { settlePurchase } from '../src/purchases/settle-purchase.ts';
import { settleReply } from '../src/purchases/settle-row.ts';
import type { OrderActivities } from '../workflows/contract/order-activities.ts';
import type { ActivityDependencies } from './dependencies.ts';

const beatEveryMs = 3_000;

/** Buying and settling: long calls that beat, so that a dead worker is noticed within seconds. */
export function createPurchasing(
  deps: ActivityDependencies,
): Pick<OrderActivities, 'buyVps' | 'storePurchaseReply' | 'settlePurchase' | 'resolvePurchase'> {
  const { db, now, sleep, log } = deps;
  const settling = {
    db,
    now,
    sleep,
    log,
    interpret: ({ supplier, reply }: Parameters<Parameters<typeof settleReply>[0]['interpret']>[0]) =>
      deps.supplierOf(supplier).interpretPurchaseReply(reply),
  };
  return {
    buyVps: (input) =>
      beating(async () => {
        const [order, pool] = await Promise.all([
          db.orders.findOne({ _id: input.orderId }),
          db.packages.findOne({ _id: packageDocumentId(input) }),
        ]);
        if (!order) throw new Error(`Failed to buy for order ${input.orderId}: it does not exist.`);
        const { longestPurchaseMs } = input.policy;
        return buyOnce(
          {
            ...settling,
            sendPurchase: ({ supplier, packageName, ramGb }) =>
              deps.supplierOf(supplier).sendPurchase({ packageName, ramGb, longestPurchaseMs }),
          },
          {
            ...input,
            order,
            packageName: pool?.name ?? order.packageKey,
            stockAllBefore: pool?.counts?.all ?? null,
          },
        );
      }),
    storePurchaseReply: (input) =>
      beating(async () => {
        const outcome = await settleReply(settling, input);
        if (outcome.kind !== 'open') return outcome;
        throw new Error(`Failed to settle purchase ${input.purchaseId}: its reply says nothing was sent.`);
      }),
    settlePurchase: (input) =>
      beating(() => settlePurchase({ ...settling, sleep: deps.pause, supplierOf: deps.supplierOf }, input)),
    resolvePurchase: (input) =>
      beating(() => resolvePurchase({ ...settling, sleep: deps.pause, supplierOf: deps.supplierOf }, input)),
  };
}

/** Beats while `work` runs. A cancelled attempt still ends its work: stopping would not undo a purchase. */
async function beating<T>(work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => heartbeat(), beatEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
