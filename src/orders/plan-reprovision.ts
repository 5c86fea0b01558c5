import type { Collections } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import { purchaseIdOf } from '../domain/purchase-id.ts';
import type { RemedyStep } from '../domain/remedy-step.ts';
import { findOpenContradiction } from '../purchases/late-reply.ts';
import { latestPurchase } from '../purchases/latest-purchase.ts';
import type { OrderDocument } from './order-document.ts';
import { planOrder } from './plan-order.ts';
import { closePurchase, type PlanDependencies } from './plan-refund.ts';
import { endOtherServers, findCase } from './remedy-servers.ts';

/**
 * The next step of the remedy `reprovision`: what was sent before is settled, the order is marked, then it goes the way
 * of an order once more under a purchase number of its own; once the new server is delivered, every other one is ended.
 */
export async function planReprovision(
  deps: PlanDependencies,
  input: { order: OrderDocument; workflowId: string; did: readonly string[] },
): Promise<RemedyStep> {
  const { db } = deps;
  const { order, workflowId, did } = input;
  const orderId = order._id;
  const replaces = order.remedy?.replaces ?? null;
  if (replaces === null) return markForReprovision(deps, { order, workflowId });
  const latest = await latestPurchase({ db, orderId });
  if ((latest?.number ?? 0) <= replaces) return buyAfter(replaces, orderId);
  const step = await planOrder(deps, { orderId });
  switch (step.kind) {
    case 'finishDelivery':
      break;
    case 'awaitPayment':
    case 'renew':
    case 'ended':
      return {
        kind: 'blocked',
        moneyBegun: true,
        why: `The money of order ${orderId} is not kept any more.`,
      };
    default:
      return { kind: 'provision', step };
  }
  const { purchaseId, ip } = step;
  if (!did.includes(`deliver:${purchaseId}`)) return { kind: 'deliver', purchaseId, ip };
  const other = await endOtherServers(deps, { orderId, purchaseId });
  if (other) return other;
  await db.orders.updateOne(
    { _id: orderId, owner: workflowId, 'remedy.workflowId': workflowId },
    { $set: { needsReprovision: null } },
  );
  return { kind: 'settled', ip, text: `The customer has the right server ${ip} now; nothing else is left.` };
}

/**
 * Marks the order: what was bought under the numbers up to `replaces` serves it no more. Its goods are free again for
 * one purchase, by conditional update; a server that the customer has stays theirs until the new one is delivered.
 */
async function markForReprovision(
  deps: PlanDependencies,
  { order, workflowId }: { order: OrderDocument; workflowId: string },
): Promise<RemedyStep> {
  const { db } = deps;
  const { _id: orderId, goods } = order;
  const open = await closePurchase(deps, order);
  if (open) return { kind: 'settle', purchaseId: open };
  const undecided = (await findCase(deps, order)) ?? (await findContradiction(deps, orderId));
  if (undecided) return undecided;
  const replaces = (await latestPurchase({ db, orderId }))?.number ?? 0;
  const delivered = goods.state === 'delivered';
  const now = await db.orders.findOne({ _id: orderId });
  const held = now?.goods ?? goods;
  const moved = await db.orders.updateOne(
    {
      _id: orderId,
      owner: workflowId,
      'remedy.workflowId': workflowId,
      money: 'kept',
      'goods.state': held.state,
      ...(held.state === 'none' ? {} : { 'goods.purchaseId': held.purchaseId }),
    },
    {
      $set: {
        goods: { state: 'none' },
        'remedy.replaces': replaces,
        needsReprovision: { since: deps.now(), delivered },
      },
    },
  );
  if (moved.matchedCount === 0) {
    throw new BrokenRecord(`Failed to mark order ${orderId} for another server: it changed meanwhile.`);
  }
  return buyAfter(replaces, orderId);
}

function buyAfter(replaces: number, orderId: string): RemedyStep {
  const purchaseId = purchaseIdOf({ orderId, number: replaces + 1 });
  return { kind: 'provision', step: { kind: 'buy', purchaseId } };
}

async function findContradiction(
  deps: { db: Collections },
  orderId: string,
): Promise<Extract<RemedyStep, { kind: 'case' }> | null> {
  const latest = await latestPurchase({ db: deps.db, orderId });
  const open = latest && (await findOpenContradiction(deps, { purchaseId: latest._id }));
  if (!open) return null;
  return { kind: 'case', purchaseId: open._id, duplicate: false, sentence: open.sentence };
}
