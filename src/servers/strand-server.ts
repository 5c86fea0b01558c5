import type { Collections } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import type { SupplierName } from '../domain/order.ts';
import type { Stranding } from '../domain/stranding.ts';
import { releaseGoods } from '../orders/order-arbiter.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { readPurchase } from '../purchases/purchase-ledger.ts';
import type { Supplier } from '../suppliers/supplier.ts';
import { beginChange, endChange, serverId } from './tenancies.ts';

interface StrandDependencies {
  db: Collections;
  supplierOf: (name: SupplierName) => Supplier;
  now: () => string;
}

/**
 * Stops and wipes the server of a purchase that no order needs: bought or held -> changing -> stranded. Refused while
 * its order may still deliver it. Safe to repeat; a repeat after a crash goes on under the same operation.
 * @throws SupplierError where the supplier did not do it: to be tried again, the tenancy stays `changing`.
 */
export async function strandServer(
  deps: StrandDependencies,
  input: { purchaseId: string },
): Promise<Stranding> {
  const { db, now } = deps;
  const { purchaseId } = input;
  const { ip, supplier, orderId } = await readPurchase({ db, purchaseId });
  if (ip === null) throw new BrokenRecord(`Failed to strand the server of ${purchaseId}: it has no address.`);
  const order = await db.orders.findOne({ _id: orderId });
  const objection = order && objectionOf(order, purchaseId);
  if (objection) return { kind: 'refused', sentence: `${ip} is not stranded: ${objection}` };
  const change = { db, serverId: serverId({ supplier, ip }), operationId: `${purchaseId}:strand` };
  const begun = await beginChange({ ...change, purchaseId, from: ['bought', 'held'], now: now() });
  if (begun === 'refused') {
    const server = await db.servers.findOne({ _id: change.serverId });
    const sentence = `${ip} is not stranded: it is ${server?.tenancy.state ?? 'unknown'}, and neither bought nor held for ${purchaseId}.`;
    return { kind: 'refused', sentence };
  }
  if (begun === 'begun') {
    const account = deps.supplierOf(supplier);
    await account.stop({ ip });
    await account.format({ ip });
    await endChange({ ...change, to: 'stranded', now: now() });
  }
  await releaseGoods({ db, orderId, purchaseId });
  return { kind: 'stranded', sentence: `${ip} is stopped, wiped and stranded.` };
}

/** Why the order still needs the server; null where it has ended or is delivered with another one. */
function objectionOf({ _id, open, status, goods }: OrderDocument, purchaseId: string): string | null {
  const isIts = goods.state !== 'none' && goods.purchaseId === purchaseId;
  if (isIts && goods.state === 'delivered') return `it is delivered for order ${_id}.`;
  if (!open) return isIts && status === 'active' ? `order ${_id} delivers it.` : null;
  if (goods.state === 'delivered' && !isIts) return null;
  return `order ${_id} is ${status} and not decided. Decide the order first.`;
}
