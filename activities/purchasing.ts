import { packageDocumentId } from '../src/orders/catalogue.ts';
import { buyOnce } from '../src/purchases/buy-once.ts';
import type { CaseDocument } from '../src/purchases/case-document.ts';
import type { PurchaseDocument } from '../src/purchases/purchase-document.ts';
import { resolvePurchase } from '../src/purchases/resolve-purchase.ts';
import { settlePurchase } from '../src/purchases/settle-purchase.ts';
import { settleReply } from '../src/purchases/settle-row.ts';
import type { OrderActivities } from '../workflows/contract/order-activities.ts';
import { beating } from './beating.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { toFailure } from './failures.ts';

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
    onContradiction: (opened: CaseDocument) => tellContradiction(deps, opened),
  };
  return {
    buyVps: (input) =>
      beating(async () => {
        const [order, pool, before] = await Promise.all([
          db.orders.findOne({ _id: input.orderId }),
          db.packages.findOne({ _id: packageDocumentId(input) }),
          db.purchases.findOne({ _id: input.purchaseId }),
        ]);
        if (!order) throw new Error(`Failed to buy for order ${input.orderId}: it does not exist.`);
        const { longestPurchaseMs } = input.policy;
        const outcome = await buyOnce(
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
            stockReadFrom: pool?.counts?.readAt ?? null,
          },
        );
        const note = before && sayNotAgain(before);
        return note ? { ...outcome, note } : outcome;
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

/** Why a purchase of an earlier run, or of an earlier attempt, is not sent a second time; null where it never was. */
function sayNotAgain({ _id, sentAt, state }: PurchaseDocument): string | null {
  if (sentAt === null) return null;
  return `Purchase ${_id} was sent to the supplier at ${sentAt} already (${state}): it is not sent again.`;
}

/** The run whose answer came late is nobody's any more: no workflow hears of it, so the admin is told from here. */
async function tellContradiction(
  { sendNotice, log }: ActivityDependencies,
  { _id: purchaseId, orderId, sentence }: CaseDocument,
): Promise<void> {
  try {
    const notice = { kind: 'caseOpened', purchaseId, sentence } as const;
    await sendNotice({ orderId, factId: `case:${purchaseId}:contradicted`, notice });
  } catch (error) {
    const reason = toFailure(error).message;
    log.error({ orderId, purchaseId, reason }, 'A late answer opened a case, and its mail cannot be sent');
  }
}
