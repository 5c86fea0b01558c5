import type { Collections } from '../database.ts';
import type { Delivery } from '../domain/verification.ts';
import { readPurchase } from '../purchases/purchase-ledger.ts';
import { moveTenancy, serverId } from '../servers/tenancies.ts';
import { deliverGoods } from './order-arbiter.ts';

/**
 * Hands a bought server over: `goods` first, which a full refund excludes, then the tenancy. Safe to repeat.
 */
export async function deliverOrder(
  deps: { db: Collections; now: () => string },
  input: { orderId: string; purchaseId: string },
): Promise<Delivery> {
  const { db } = deps;
  const { orderId, purchaseId } = input;
  const row = await readPurchase({ db, purchaseId });
  if (row.ip === null) throw new Error(`Failed to deliver purchase ${purchaseId}: it has no address.`);
  if (!(await deliverGoods({ db, orderId, purchaseId }))) {
    const order = await db.orders.findOne({ _id: orderId });
    return { kind: 'moneyGone', money: order?.money ?? 'unknown' };
  }
  const id = serverId({ supplier: row.supplier, ip: row.ip });
  const now = deps.now();
  if (!(await moveTenancy({ db, serverId: id, purchaseId, from: ['bought'], to: 'delivered', now }))) {
    throw new Error(
      `Failed to deliver ${row.ip} for order ${orderId}: its tenancy belongs to another purchase.`,
    );
  }
  return { kind: 'delivered' };
}
