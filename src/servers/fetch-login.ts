import { type Collections, insertOnce } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import { matchesReportedOs } from '../domain/operating-system.ts';
import type { SupplierName } from '../domain/order.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { readPurchase } from '../purchases/purchase-ledger.ts';
import type { ServerStatus, Supplier } from '../suppliers/supplier.ts';
import type { CredentialBox } from './credential-box.ts';
import { keepExpiry } from './keep-expiry.ts';
import { beginChange, endChange, serverId } from './tenancies.ts';

export interface FetchLoginDependencies {
  db: Collections;
  supplierOf: (name: SupplierName) => Supplier;
  box: CredentialBox;
  now: () => string;
}

export type LoginLook = { kind: 'sealed'; os: string } | { kind: 'notReady'; why: string };

/**
 * Looks once for the login of a bought server. Where the supplier installed another system than the ordered one,
 * it is changed once, before delivery; then the login is looked for again. A login is sealed into MongoDB, never
 * returned.
 */
export async function fetchLogin(
  deps: FetchLoginDependencies,
  input: { orderId: string; purchaseId: string },
): Promise<LoginLook> {
  const { db } = deps;
  const { orderId, purchaseId } = input;
  const known = await db.credentials.findOne({ _id: purchaseId });
  if (known) return { kind: 'sealed', os: known.os };
  const row = await readPurchase({ db, purchaseId });
  const order = await db.orders.findOne({ _id: orderId });
  if (!order || row.ip === null) {
    throw new BrokenRecord(
      `Failed to fetch the login of purchase ${purchaseId}: it has no ${order ? 'address' : 'order'}.`,
    );
  }
  const id = serverId({ supplier: row.supplier, ip: row.ip });
  if ((await db.servers.findOne({ _id: id }))?.tenancy.purchaseId !== purchaseId) {
    throw new BrokenRecord(`Failed to fetch the login of ${row.ip}: it is not the server of ${purchaseId}.`);
  }
  const supplier = deps.supplierOf(row.supplier);
  const server = await supplier.readServer({ ip: row.ip });
  if (server.kind === 'notOurs')
    return { kind: 'notReady', why: 'The supplier does not list the server yet.' };
  await keepExpiry(db, { serverId: id, purchaseId, server });
  if (!server.username || !server.password) return { kind: 'notReady', why: 'The login is still empty.' };
  if (!(await hasOrderedSystem(deps, { id, purchaseId, order, server, supplier }))) {
    return { kind: 'notReady', why: `The ordered system (${order.os}) is being installed.` };
  }
  const login = { username: server.username, password: server.password.reveal() };
  await insertOnce(db.credentials, {
    _id: purchaseId,
    orderId,
    ...deps.box.seal({ orderId, login }),
    os: server.os,
    sealedAt: deps.now(),
  });
  return { kind: 'sealed', os: server.os };
}

type Server = Extract<ServerStatus, { kind: 'server' }>;

function mayDeliverHeld({ remedy }: OrderDocument): boolean {
  return remedy?.option === 'priceAdjustment' || remedy?.option === 'refundAndFreeMonth';
}

async function hasOrderedSystem(
  deps: FetchLoginDependencies,
  input: { id: string; purchaseId: string; order: OrderDocument; server: Server; supplier: Supplier },
): Promise<boolean> {
  const { id, purchaseId, order, server, supplier } = input;
  const operationId = `${purchaseId}:changeos`;
  if (matchesReportedOs({ ordered: order.os, reported: server.os })) {
    // A change whose answer was lost is known to be done by its effect alone.
    await endChange({ db: deps.db, serverId: id, operationId, now: deps.now() });
    return true;
  }
  // A remedy may let the customer have a server that was held as wrong.
  const from = mayDeliverHeld(order) ? (['bought', 'held'] as const) : (['bought'] as const);
  const now = deps.now();
  const change = await beginChange({ db: deps.db, serverId: id, purchaseId, operationId, from, now });
  // A supplier that names no system is believed once it was told to install the ordered one, never before.
  if (change === 'done') return server.os === '';
  if (change === 'refused') {
    throw new BrokenRecord(
      `Failed to install ${order.os} on ${server.ip}: its tenancy does not allow a wipe now.`,
    );
  }
  await supplier.changeOs({ ip: server.ip, os: order.os });
  await endChange({ db: deps.db, serverId: id, operationId, now: deps.now() });
  return false;
}
