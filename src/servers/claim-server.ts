import { insertOnce } from '../database.ts';
import type { AssignWish, ClaimAnswer } from '../domain/claim.ts';
import { matchesPackage } from '../domain/package-name.ts';
import { purchaseIdOf } from '../domain/purchase-id.ts';
import { packageDocumentId } from '../orders/catalogue.ts';
import { takeGoodsForBuying } from '../orders/order-arbiter.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { latestPurchase } from '../purchases/latest-purchase.ts';
import type { PurchaseDocument } from '../purchases/purchase-document.ts';
import { findPurchase, movePurchase } from '../purchases/purchase-ledger.ts';
import { finishPurchase, type SettlingDependencies } from '../purchases/settle-row.ts';
import { isLiving, type ServerDocument } from './server-document.ts';
import { beginChange, serverId } from './tenancies.ts';

/** The one operation that makes a claimed server ready. */
export function claimOperation(purchaseId: string): string {
  return `${purchaseId}:claim`;
}

/**
 * Takes a stranded server for an order: a purchase row of kind `claim`, then the order's goods, then the tenancy
 * (stranded -> changing). Nothing is called at the supplier yet. Safe to repeat and to crash in.
 */
export async function claimServer(
  deps: SettlingDependencies,
  input: { orderId: string; wish: AssignWish },
): Promise<ClaimAnswer> {
  const { db } = deps;
  const { orderId, wish } = input;
  const order = await db.orders.findOne({ _id: orderId });
  if (!order) return refused(`There is no order ${orderId}.`);
  const latest = await latestPurchase({ db, orderId });
  const id = serverId({ supplier: order.supplier, ip: wish.ip });
  const server = await db.servers.findOne({ _id: id });
  const isOurs = latest?.kind === 'claim' && latest.state === 'intended' && latest.ip === wish.ip;
  const objection = isOurs ? null : await findObjection(deps, { order, server, ip: wish.ip });
  if (objection !== null || !server) return refused(objection ?? `${wish.ip} is no server of ours.`);
  const row = isOurs ? latest : await intendClaim(deps, { order, latest, wish });
  if (row === null) return refused(`Order ${orderId} has a purchase under way.`);
  const purchaseId = row._id;
  if (!(await takeGoodsForBuying({ db, orderId, purchaseId }))) {
    return giveUp(deps, row, `Order ${orderId} cannot take a server: it has one, or its money is gone.`);
  }
  const begun = await beginChange({
    db,
    serverId: id,
    purchaseId: server.tenancy.purchaseId ?? '',
    operationId: claimOperation(purchaseId),
    from: ['stranded'],
    now: deps.now(),
  });
  if (begun !== 'begun') return giveUp(deps, row, `${wish.ip} was taken meanwhile.`);
  return { kind: 'claimed', purchaseId };
}

/** The same match, the same memory, and nobody's: what a bought server has to be, too. */
async function findObjection(
  deps: SettlingDependencies,
  input: { order: OrderDocument; server: ServerDocument | null; ip: string },
): Promise<string | null> {
  const { db } = deps;
  const { order, server, ip } = input;
  if (order.money !== 'kept') return `Order ${order._id} is not paid: its money is ${order.money}.`;
  if (order.goods.state !== 'none') {
    return `Order ${order._id} has goods already: ${order.goods.state} ${order.goods.purchaseId}.`;
  }
  if (!server) return `${ip} is no server of ours.`;
  const { tenancy } = server;
  if (tenancy.state !== 'stranded') return `${ip} is ${tenancy.state}, not stranded.`;
  if (!isLiving({ tenancy, now: deps.now() })) return `${ip} has expired (${tenancy.expiresAt}).`;
  const pool = await db.packages.findOne({ _id: packageDocumentId(order) });
  const packageName = pool?.name ?? order.packageKey;
  if (!matchesPackage({ address: ip, packageName, matchPolicy: order.matchPolicy })) {
    return `${ip} is no address of the ordered package ${packageName}.`;
  }
  const old = await findPurchase({ db, purchaseId: tenancy.purchaseId ?? '' });
  if (old?.ramGb !== order.ramGb) {
    return `${ip} has ${old?.ramGb ?? 'unknown'} GB of memory, the order asks for ${order.ramGb} GB.`;
  }
  return null;
}

/** Null where the latest purchase is not over yet, or somebody took the number meanwhile. */
async function intendClaim(
  deps: SettlingDependencies,
  input: { order: OrderDocument; latest: PurchaseDocument | undefined; wish: AssignWish },
): Promise<PurchaseDocument | null> {
  const { order, latest, wish } = input;
  if (latest && !['void', 'refused', 'wrong', 'notBought'].includes(latest.state)) return null;
  const pool = await deps.db.packages.findOne({ _id: packageDocumentId(order) });
  const number = (latest?.number ?? 0) + 1;
  const row: PurchaseDocument = {
    _id: purchaseIdOf({ orderId: order._id, number }),
    orderId: order._id,
    number,
    kind: 'claim',
    supplier: order.supplier,
    packageKey: order.packageKey,
    packageName: pool?.name ?? order.packageKey,
    ramGb: order.ramGb,
    state: 'intended',
    fencingNumber: 0,
    stockBefore: null,
    stockAllBefore: null,
    intendedAt: deps.now(),
    sentAt: null,
    notSentTries: 0,
    reply: null,
    lateReply: null,
    ip: wish.ip,
    why: `Assigned by ${wish.by}${wish.reason ? `: ${wish.reason}` : ''}.`,
    duplicate: false,
    settledAt: null,
  };
  return (await insertOnce(deps.db.purchases, row)) ? row : null;
}

async function giveUp(
  deps: SettlingDependencies,
  { _id: purchaseId }: PurchaseDocument,
  why: string,
): Promise<ClaimAnswer> {
  const set = { why, settledAt: deps.now() };
  await movePurchase({ db: deps.db, purchaseId, from: ['intended'], to: 'void', set });
  await finishPurchase(deps, purchaseId);
  return refused(why);
}

function refused(sentence: string): ClaimAnswer {
  return { kind: 'refused', sentence };
}
