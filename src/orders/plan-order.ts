import { assertNever } from '../domain/assert-never.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import { isEnd } from '../domain/order.ts';
import type { NextStep } from '../domain/order-facts.ts';
import { purchaseIdOf } from '../domain/purchase-id.ts';
import { findOpenContradiction } from '../purchases/late-reply.ts';
import { latestPurchase } from '../purchases/latest-purchase.ts';
import type { PurchaseDocument } from '../purchases/purchase-document.ts';
import { readPurchase } from '../purchases/purchase-ledger.ts';
import { finishPurchase, type SettlingDependencies } from '../purchases/settle-row.ts';
import type { OrderDocument } from './order-document.ts';

/**
 * The order's next step by what MongoDB and the ledger say, whatever a run remembers: "verify, then continue".
 * A number rises only when the previous purchase is void, refused, wrong or not bought, and no late answer says that
 * it was sold all the same: that is settled first.
 */
export async function planOrder(deps: SettlingDependencies, input: { orderId: string }): Promise<NextStep> {
  const { db } = deps;
  const order = await db.orders.findOne({ _id: input.orderId });
  if (!order) throw new BrokenRecord(`Failed to plan order ${input.orderId}: it does not exist.`);
  const latest = await latestPurchase({ db, orderId: order._id });
  // Before anything is said of an end: a run that died before its last step may have left the fence behind.
  if (latest) await finishPurchase(deps, latest._id);
  if (order.money === 'refunding' || order.money === 'refunded') return { kind: 'ended', status: 'refunded' };
  if (!order.open && isEnd(order.status)) return { kind: 'ended', status: order.status };
  if (order.money === 'unpaid') return { kind: 'awaitPayment' };
  if (order.freeMonthOf?.act === 'renew') return { kind: 'renew' };
  if (!latest) return { kind: 'buy', purchaseId: purchaseIdOf({ orderId: order._id, number: 1 }) };
  const step = stepAfter(order, await readPurchase({ db, purchaseId: latest._id }));
  if (step.kind !== 'buy' || step.purchaseId === latest._id) return step;
  const open = await findOpenContradiction(deps, { purchaseId: latest._id });
  return open ? { kind: 'case', purchaseId: latest._id, duplicate: false, sentence: open.sentence } : step;
}

/**
 * True where the order has not failed since the purchase's verdict: the run that got it ended before it could say
 * so. The verdict is said first; what was bought wrongly or refused is bought again only by a decision.
 */
function isUntold(order: OrderDocument, { settledAt }: PurchaseDocument): boolean {
  return order.status !== 'failed' && settledAt !== null && settledAt >= order.statusSince;
}

function stepAfter(order: OrderDocument, latest: PurchaseDocument): NextStep {
  const purchaseId = latest._id;
  switch (latest.state) {
    case 'intended':
      return latest.kind === 'claim'
        ? { kind: 'claim', purchaseId, failure: order.failure }
        : { kind: 'buy', purchaseId };
    case 'sent':
    case 'unknown':
      return { kind: 'settle', purchaseId };
    case 'case':
      return { kind: 'case', purchaseId, duplicate: latest.duplicate, sentence: latest.why ?? '' };
    case 'wrong':
      if (isUntold(order, latest)) return { kind: 'verify', purchaseId, ip: latest.ip ?? '' };
      return nextPurchase(order, latest);
    case 'refused':
      return isUntold(order, latest) ? { kind: 'settle', purchaseId } : nextPurchase(order, latest);
    case 'void':
    case 'notBought':
      return nextPurchase(order, latest);
    case 'bought': {
      const delivered = order.goods.state === 'delivered' && order.goods.purchaseId === purchaseId;
      return { kind: delivered ? 'finishDelivery' : 'verify', purchaseId, ip: latest.ip ?? '' };
    }
    default:
      return assertNever(latest.state);
  }
}

function nextPurchase(order: OrderDocument, latest: PurchaseDocument): NextStep {
  return { kind: 'buy', purchaseId: purchaseIdOf({ orderId: order._id, number: latest.number + 1 }) };
}
