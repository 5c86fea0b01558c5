import type { Collections } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import type { Money } from '../domain/order.ts';
import type { RemedyOption } from '../domain/remedy.ts';
import type { Delivery } from '../domain/verification.ts';
import type { PurchaseDocument } from '../purchases/purchase-document.ts';
import { readPurchase } from '../purchases/purchase-ledger.ts';
import type { TenancyState } from '../servers/server-document.ts';
import { moveTenancy, serverId } from '../servers/tenancies.ts';
import { deliverGoods, deliverGoodsByRemedy } from './order-arbiter.ts';
import type { OrderDocument } from './order-document.ts';

/**
 * Hands a bought server over: `goods` first, which a full refund excludes, then the tenancy. `remedyOf` is the order's
 * remedy: where it lets the customer have another server (priceAdjustment, refundAndFreeMonth), a held one is delivered
 * too. Safe to repeat.
 * @throws BrokenRecord where the purchase, its tenancy or the goods are not this order's to deliver.
 */
export async function deliverOrder(
  deps: { db: Collections; now: () => string },
  input: { orderId: string; purchaseId: string; remedyOf?: string },
): Promise<Delivery> {
  const { db } = deps;
  const { orderId, purchaseId } = input;
  const [row, order] = await Promise.all([
    readPurchase({ db, purchaseId }),
    db.orders.findOne({ _id: orderId }),
  ]);
  const byRemedy = order ? remedyRight(order, input.remedyOf) : null;
  const isTheirs = row.state === 'bought' || (byRemedy !== null && row.state === 'wrong');
  if (row.ip === null || !isTheirs) {
    throw new BrokenRecord(`Failed to deliver purchase ${purchaseId}: it is ${row.state}, not bought.`);
  }
  const from: TenancyState[] = byRemedy ? ['bought', 'held'] : ['bought'];
  const id = serverId({ supplier: row.supplier, ip: row.ip });
  const tenancy = (await db.servers.findOne({ _id: id }))?.tenancy;
  if (tenancy?.purchaseId !== purchaseId || ![...from, 'delivered'].includes(tenancy.state)) {
    const holder = tenancy ? `${tenancy.state} for ${tenancy.purchaseId ?? 'nobody'}` : 'unknown';
    throw new BrokenRecord(`Failed to deliver ${row.ip} for order ${orderId}: the server is ${holder}.`);
  }
  const goods = { db, orderId, purchaseId };
  const isDelivered = byRemedy
    ? await deliverGoodsByRemedy({ ...goods, ...byRemedy })
    : await deliverGoods(goods);
  if (!isDelivered) return undelivered(deps, { orderId, row });
  const now = deps.now();
  if (!(await moveTenancy({ db, serverId: id, purchaseId, from, to: 'delivered', now }))) {
    throw new Error(`Failed to deliver ${row.ip} for order ${orderId}: its tenancy changed meanwhile.`);
  }
  return { kind: 'delivered' };
}

interface RemedyRight {
  workflowId: string;
  option: RemedyOption;
  /** How the order's money may stand. */
  money: readonly Money[];
}

/** The right of a remedy to deliver another server than was ordered; null where the order has no such remedy. */
function remedyRight(
  { remedy }: Pick<OrderDocument, 'remedy'>,
  remedyOf: string | undefined,
): RemedyRight | null {
  if (remedyOf === undefined || remedy?.workflowId !== remedyOf) return null;
  const { option } = remedy;
  if (option === 'priceAdjustment') return { workflowId: remedyOf, option, money: ['kept'] };
  if (option !== 'refundAndFreeMonth') return null;
  return { workflowId: remedyOf, option, money: ['kept', 'refunding', 'refunded'] };
}

async function undelivered(
  { db }: { db: Collections },
  { orderId, row }: { orderId: string; row: PurchaseDocument },
): Promise<Delivery> {
  const order = await db.orders.findOne({ _id: orderId });
  const { money = 'unknown', goods } = order ?? {};
  if (money !== 'kept') return { kind: 'moneyGone', money };
  throw new BrokenRecord(
    `Failed to deliver ${row.ip} for order ${orderId}: its goods are ${goods?.state}, not ${row._id}.`,
  );
}
