import type { Collections } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import type { Delivery } from '../domain/verification.ts';
import { readPurchase } from '../purchases/purchase-ledger.ts';
import type { TenancyState } from '../servers/server-document.ts';
import { moveTenancy, serverId } from '../servers/tenancies.ts';
import { deliverGoods } from './order-arbiter.ts';

const deliverable: readonly TenancyState[] = ['bought', 'delivered'];

/**
 * Hands a bought server over: `goods` first, which a full refund excludes, then the tenancy. Safe to repeat.
 * @throws BrokenRecord where the purchase, its tenancy or the goods are not this order's to deliver.
 */
export async function deliverOrder(
  deps: { db: Collections; now: () => string },
  input: { orderId: string; purchaseId: string },
): Promise<Delivery> {
  const { db } = deps;
  const { orderId, purchaseId } = input;
  const row = await readPurchase({ db, purchaseId });
  if (row.ip === null || row.state !== 'bought') {
    throw new BrokenRecord(`Failed to deliver purchase ${purchaseId}: it is ${row.state}, not bought.`);
  }
  const id = serverId({ supplier: row.supplier, ip: row.ip });
  const tenancy = (await db.servers.findOne({ _id: id }))?.tenancy;
  if (tenancy?.purchaseId !== purchaseId || !deliverable.includes(tenancy.state)) {
    const holder = tenancy ? `${tenancy.state} for ${tenancy.purchaseId ?? 'nobody'}` : 'unknown';
    throw new BrokenRecord(`Failed to deliver ${row.ip} for order ${orderId}: the server is ${holder}.`);
  }
  if (!(await deliverGoods({ db, orderId, purchaseId }))) {
    const order = await db.orders.findOne({ _id: orderId });
    const { money = 'unknown', goods } = order ?? {};
    if (money !== 'kept') return { kind: 'moneyGone', money };
    throw new BrokenRecord(
      `Failed to deliver ${row.ip} for order ${orderId}: its goods are ${goods?.state}, not ${purchaseId}.`,
    );
  }
  const now = deps.now();
  if (!(await moveTenancy({ db, serverId: id, purchaseId, from: ['bought'], to: 'delivered', now }))) {
    throw new Error(`Failed to deliver ${row.ip} for order ${orderId}: its tenancy changed meanwhile.`);
  }
  return { kind: 'delivered' };
}
