import type { Collections } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import { mayStillRun, type Renewal } from '../domain/free-month.ts';
import { oneMonthAfter } from '../domain/one-month-after.ts';
import type { SupplierName } from '../domain/order.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { releaseMonth } from '../orders/plan-refund.ts';
import { findKeptServer, type KeptServer } from '../orders/remedy-servers.ts';
import type { ServerStatus, Supplier } from '../suppliers/supplier.ts';
import { endOfTerm, isTermOver } from './server-document.ts';
import { serverId } from './tenancies.ts';

interface Deps {
  db: Collections;
  supplierOf: (name: SupplierName) => Supplier;
  now: () => string;
}

/**
 * Pays the supplier for one more month of the server of a free month, by a paid renewal. The month is taken by one
 * conditional update; whether a call whose answer was lost was carried out is told by the server's expiry: a renewal is
 * never sent again on a guess, because a repeat may be paid twice. Safe to repeat and to crash in.
 * @throws SupplierError, or Error while a call may still run: to be tried again.
 */
export async function renewServer(deps: Deps, { orderId }: { orderId: string }): Promise<Renewal> {
  const { db } = deps;
  const renewal = await db.orders.findOne({ _id: orderId });
  const link = renewal?.freeMonthOf;
  if (!renewal || !link) throw new BrokenRecord(`Failed to renew by order ${orderId}: it is no renewal.`);
  const order = await takeMonth(deps, { renewal, ofOrder: link.orderId });
  const server = order && (await findKeptServer(deps, order));
  if (!order || !server) return { kind: 'closed', sentence: await sayClosed(deps, link.orderId) };
  if (order.freeMonth?.state === 'renewed') {
    return { kind: 'renewed', ip: server.ip, until: order.freeMonth.until };
  }
  const supplier = deps.supplierOf(order.supplier);
  const isOver = isTermOver(server, deps.now());
  const paid = await payOnce(deps, { renewal, ip: server.ip, isOver, supplier });
  if (paid !== null) return paid;
  const until = await readExpiry(deps, { supplier, server, orderId });
  await db.servers.updateOne(
    { _id: serverId({ supplier: order.supplier, ip: server.ip }), 'tenancy.orderId': order._id },
    { $set: { 'tenancy.expiresAt': until } },
  );
  await db.orders.updateOne(
    { _id: order._id, 'freeMonth.state': 'renewing', 'freeMonth.renewalId': orderId },
    { $set: { 'freeMonth.state': 'renewed', 'freeMonth.until': until } },
  );
  return { kind: 'renewed', ip: server.ip, until };
}

/**
 * running -> renewing, by the first paid renewal alone; null where the month is somebody else's, or over. A remedy that
 * took the renewal meanwhile may have given the month back before this took it: then this gives it back.
 */
async function takeMonth(
  { db }: Deps,
  { renewal, ofOrder }: { renewal: OrderDocument; ofOrder: string },
): Promise<OrderDocument | null> {
  if (renewal.money === 'kept' && renewal.remedy === null) {
    await db.orders.updateOne(
      { _id: ofOrder, 'freeMonth.state': 'running' },
      { $set: { 'freeMonth.state': 'renewing', 'freeMonth.renewalId': renewal._id } },
    );
    const now = await db.orders.findOne({ _id: renewal._id });
    if (now?.money !== 'kept') await releaseMonth(db, renewal);
  }
  const order = await db.orders.findOne({ _id: ofOrder });
  const { state, renewalId } = order?.freeMonth ?? {};
  const isOurs = renewalId === renewal._id && (state === 'renewing' || state === 'renewed');
  return isOurs ? order : null;
}

async function sayClosed({ db }: Deps, orderId: string): Promise<string> {
  const { state } = (await db.orders.findOne({ _id: orderId }))?.freeMonth ?? {};
  if (state === 'renewing' || state === 'renewed')
    return `The server of order ${orderId} is renewed by another payment.`;
  if (state === 'kept') return `The server of order ${orderId} is the customer's already.`;
  return `The free month of order ${orderId} is over; its server is gone.`;
}

type Reported = Extract<ServerStatus, { kind: 'server' }>;

/** Null once the supplier is paid. The expiry before the call is written down first: it is the evidence. */
async function payOnce(
  deps: Deps,
  input: { renewal: OrderDocument; ip: string; isOver: boolean; supplier: Supplier },
): Promise<Renewal | null> {
  const { db, now } = deps;
  const { renewal, ip, isOver, supplier } = input;
  const orderId = renewal._id;
  const sent = renewal.renewalSent ?? null;
  if (sent?.isPaid) return null;
  const server = await supplier.readServer({ ip });
  if (server.kind === 'notOurs' && isOver && !(sent && mayStillRun(sent, now()))) {
    return {
      kind: 'closed',
      sentence: `The month of ${ip} at the supplier is over, and its server is gone.`,
    };
  }
  const expiresOn = reportOf(server, ip).expiresOn ?? null;
  if (sent !== null) {
    if (expiresOn !== null && sent.expiresOn !== null && expiresOn > sent.expiresOn) return null;
    if (mayStillRun(sent, now())) {
      throw new Error(`Failed to renew ${ip}: it is not known yet whether the call before was carried out.`);
    }
    if (!sent.isRefused && (expiresOn === null || sent.expiresOn === null)) {
      const sentence = `Whether ${ip} was renewed is not known: the supplier names no date. Look in its panel.`;
      return { kind: 'unclear', sentence };
    }
  }
  const at = now();
  const mine = await db.orders.updateOne(
    {
      _id: orderId,
      money: 'kept',
      remedy: null,
      ...(sent === null ? { renewalSent: null } : { 'renewalSent.at': sent.at }),
    },
    { $set: { renewalSent: { at, expiresOn, isPaid: false, isRefused: false } } },
  );
  if (mine.matchedCount === 0) {
    const taken = (await db.orders.findOne({ _id: orderId }))?.remedy;
    if (taken) return { kind: 'closed', sentence: `A remedy has taken order ${orderId}.` };
    throw new Error(`Failed to renew ${ip}: another try is under way.`);
  }
  try {
    await supplier.renew({ ip });
  } catch (error) {
    const isRefused = error instanceof Error && 'code' in error && error.code === 'refused';
    if (isRefused) await note(deps, { orderId, at, set: { 'renewalSent.isRefused': true } });
    throw error;
  }
  await note(deps, { orderId, at, set: { 'renewalSent.isPaid': true } });
  return null;
}

async function note(
  { db }: Deps,
  { orderId, at, set }: { orderId: string; at: string; set: Record<string, boolean> },
): Promise<void> {
  await db.orders.updateOne({ _id: orderId, 'renewalSent.at': at }, { $set: set });
}

function reportOf(server: ServerStatus, ip: string): Reported {
  if (server.kind === 'server') return server;
  throw new Error(`Failed to renew ${ip}: the supplier does not know it as ours (${server.why}).`);
}

/** What the supplier says now, where that is later than before it was paid, else a month after the end that was known before, or after the call where that had passed. */
async function readExpiry(
  deps: Deps,
  { supplier, server, orderId }: { supplier: Supplier; server: KeptServer; orderId: string },
): Promise<string> {
  const { ip, expiresAt } = server;
  const said = reportOf(await supplier.readServer({ ip }), ip);
  const sent = (await deps.db.orders.findOne({ _id: orderId }))?.renewalSent;
  if (said.expiresOn && said.expiresOn > (sent?.expiresOn ?? '')) return endOfTerm(said.expiresOn);
  const before = sent?.expiresOn ? endOfTerm(sent.expiresOn) : (expiresAt ?? '');
  const sentAt = sent?.at ?? deps.now();
  return oneMonthAfter(before > sentAt ? before : sentAt);
}
