import type { Collections } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import type { SupplierName } from '../domain/order.ts';
import type { Stranding } from '../domain/stranding.ts';
import { releaseGoods } from '../orders/order-arbiter.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import type { PurchaseState } from '../purchases/purchase-document.ts';
import { readPurchase } from '../purchases/purchase-ledger.ts';
import type { Supplier } from '../suppliers/supplier.ts';
import { isChangedBy, isTermOver } from './server-document.ts';
import { beginChange, endChange, serverId } from './tenancies.ts';

interface StrandDependencies {
  db: Collections;
  supplierOf: (name: SupplierName) => Supplier;
  now: () => string;
}

/** The order of such a purchase may still want its server; of any other one, an address was told too late. */
const keepsServer: readonly PurchaseState[] = ['bought', 'wrong', 'case'];

/**
 * Stops and wipes the server of a purchase that no order needs: bought or held -> changing -> stranded. Refused while
 * its order may still deliver it, unless `remedyOf` is the order's remedy, which may take a delivered one back. `ip`
 * names one that an answer told after the verdict; without it, it is the one that was bought. Safe to repeat; a repeat
 * after a crash goes on under the same operation.
 * @throws SupplierError where the supplier did not do it: to be tried again, the tenancy stays `changing`.
 */
export async function strandServer(
  deps: StrandDependencies,
  input: { purchaseId: string; ip?: string; cause?: string; remedyOf?: string },
): Promise<Stranding> {
  const { db, now } = deps;
  const { purchaseId } = input;
  const row = await readPurchase({ db, purchaseId });
  const { supplier, orderId } = row;
  const ip = input.ip ?? row.ip;
  if (ip === null) throw new BrokenRecord(`Failed to strand the server of ${purchaseId}: it has no address.`);
  const order = await db.orders.findOne({ _id: orderId });
  const isTheirs = row.ip === ip && keepsServer.includes(row.state);
  const isRemedy = input.remedyOf !== undefined && order?.remedy?.workflowId === input.remedyOf;
  const objection = order && isTheirs && !isRemedy ? objectionOf(order, purchaseId) : null;
  if (objection) return { kind: 'refused', sentence: `${ip} is not stranded: ${objection}` };
  const id = serverId({ supplier, ip });
  const change = {
    db,
    serverId: id,
    operationId: await operationOf(db, { id, purchaseId }),
    ...(input.cause === undefined ? {} : { cause: input.cause }),
  };
  const from = isRemedy ? (['bought', 'held', 'delivered'] as const) : (['bought', 'held'] as const);
  // A change of system that never came to its end must not keep the server from being taken back.
  const takeOver = isRemedy ? [`${purchaseId}:changeos`] : [];
  const begun = await beginChange({ ...change, purchaseId, from, takeOver, now: now() });
  if (begun === 'refused') {
    const server = await db.servers.findOne({ _id: change.serverId });
    const sentence = `${ip} is not stranded: it is ${server?.tenancy.state ?? 'unknown'}, and neither bought nor held for ${purchaseId}.`;
    return { kind: 'refused', sentence };
  }
  if (begun === 'begun') {
    const to = await endAtSupplier(deps, { supplier, ip, operationId: change.operationId });
    await endChange({ ...change, to, now: now() });
  }
  if (isTheirs) await releaseGoods({ db, orderId, purchaseId, delivered: isRemedy });
  const after = await db.servers.findOne({ _id: id });
  if (after?.tenancy.state === 'retired') {
    const how = deps.supplierOf(supplier).terminate
      ? 'terminated'
      : 'gone: its month at the supplier is over';
    return { kind: 'stranded', sentence: `${ip} is ${how}.` };
  }
  return { kind: 'stranded', sentence: `${ip} is stopped, wiped and stranded.` };
}

/**
 * Terminated where the supplier can, else stopped and wiped: then it is still paid for, and belongs to no order. One
 * that the supplier does not know as ours any more, after its month, is retired: nothing can be done to it.
 */
async function endAtSupplier(
  { db, supplierOf, now }: StrandDependencies,
  { supplier, ip, operationId }: { supplier: SupplierName; ip: string; operationId: string },
): Promise<'retired' | 'stranded'> {
  const account = supplierOf(supplier);
  const _id = serverId({ supplier, ip });
  try {
    if (account.terminate) {
      await account.terminate({ ip });
      return 'retired';
    }
    await account.stop({ ip });
    // Another attempt may have ended this meanwhile, and another order may have the server by then.
    const { tenancy } = (await db.servers.findOne({ _id })) ?? {};
    if (!isChangedBy(tenancy, operationId)) {
      throw new Error(`Failed to wipe ${ip}: its tenancy has moved on while it was stopped.`);
    }
    await account.format({ ip });
    return 'stranded';
  } catch (error) {
    const server = await db.servers.findOne({ _id });
    if (!server || !isTermOver(server.tenancy, now())) throw error;
    if ((await account.readServer({ ip })).kind !== 'notOurs') throw error;
    return 'retired';
  }
}

/** A server that was stranded once, served another order and came back is wiped anew: under an operation of its own. */
async function operationOf(
  db: Collections,
  { id, purchaseId }: { id: string; purchaseId: string },
): Promise<string> {
  const server = await db.servers.findOne({ _id: id });
  const operationId = `${purchaseId}:strand`;
  const done = server?.tenancy.operationsDone ?? [];
  const isOver = server?.tenancy.state === 'stranded' || server?.tenancy.state === 'retired';
  return done.includes(operationId) && !isOver ? `${operationId}-${done.length + 1}` : operationId;
}

/** Why the order still needs the server; null where it has ended or is delivered with another one. */
function objectionOf({ _id, open, status, goods }: OrderDocument, purchaseId: string): string | null {
  const isIts = goods.state !== 'none' && goods.purchaseId === purchaseId;
  if (isIts && goods.state === 'delivered') return `it is delivered for order ${_id}.`;
  if (!open) return isIts && status === 'active' ? `order ${_id} delivers it.` : null;
  if (goods.state === 'delivered' && !isIts) return null;
  return `order ${_id} is ${status} and not decided. Decide the order first.`;
}
