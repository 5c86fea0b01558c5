import type { Collections } from '../database.ts';
import { apologyDiscountId } from '../discounts/make-apology-code.ts';
import { assertNever } from '../domain/assert-never.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import { formatMoney } from '../domain/money.ts';
import type { OrderNotice } from '../domain/order-notice.ts';
import type { RawPurchaseReply } from '../domain/purchase-reply.ts';
import { shopDay } from '../domain/shop-time.ts';
import { packageDocumentId } from '../orders/catalogue.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { isByHand } from '../payments/refund-by-hand.ts';
import type { CredentialBox } from '../servers/credential-box.ts';
import type { Notice } from './notice.ts';
import type { Notifier } from './notifier.ts';

interface Deps {
  db: Collections;
  box: CredentialBox;
  notifier: Notifier;
  shopTimeZone: string;
  /** ISO UTC. */
  now: () => string;
  /** Writes a customer's link: signed, for one purpose, until (ISO UTC). */
  linkOf: (input: { orderId: string; purpose: string; until: string }) => string;
}

/**
 * Tells one fact of an order: takes ids from the workflow and reads names, addresses and the sealed login from
 * MongoDB, so that none of them is ever in a payload.
 */
export async function sendOrderNotice(
  deps: Deps,
  input: { orderId: string; factId: string; notice: OrderNotice },
): Promise<void> {
  const { orderId, factId, notice } = input;
  const order = await deps.db.orders.findOne({ _id: orderId });
  if (notice.kind === 'paymentProblem') {
    await deps.notifier.notify({ factId, ...paymentNotice(notice, order) });
    return;
  }
  if (!order)
    throw new BrokenRecord(`Failed to tell "${notice.kind}" of order ${orderId}: the order does not exist.`);
  const told = await orderNotice(deps, order, notice);
  await deps.notifier.notify({
    factId: notice.kind === 'lowStock' ? lowStockFact(deps, order) : factId,
    ...told,
  });
}

/** Many orders may notice the same: once per package and day of the shop is enough. */
function lowStockFact({ now, shopTimeZone: timeZone }: Deps, order: OrderDocument): string {
  return `lowStock:${packageDocumentId(order)}:${shopDay({ at: now(), timeZone })}`;
}

type PaymentProblem = Extract<OrderNotice, { kind: 'paymentProblem' }>;
type Told = Notice extends infer N ? (N extends Notice ? Omit<N, 'factId'> : never) : never;

function paymentNotice({ verdict, payment }: PaymentProblem, order: OrderDocument | null): Told {
  if (!order || verdict === 'unmatched') return { kind: 'unmatchedPayment', payment };
  const { _id: orderId, amountPaise, currency } = order;
  if (verdict === 'extra') return { kind: 'extraPayment', orderId, payment };
  const { discount } = order;
  const isAsAsked = payment.amountPaise === amountPaise && payment.currency === currency;
  const lost = isAsAsked && discount ? discount : null;
  const expected = { amountPaise: lost?.listPricePaise ?? amountPaise, currency };
  return { kind: 'paymentMismatch', orderId, payment, expected, hasLostCode: lost !== null };
}

async function orderNotice(
  deps: Deps,
  order: OrderDocument,
  notice: Exclude<OrderNotice, PaymentProblem>,
): Promise<Told> {
  const orderId = order._id;
  switch (notice.kind) {
    case 'refunded':
      return { ...notice, orderId, paidFor: paidForOf(order), ...(await wayBackOf(deps, order)) };
    case 'delayed':
    case 'deadlinePassed':
    case 'credentialsLate':
    case 'freeMonthEnded':
    case 'serverRenewed':
    case 'returnBlocked':
      return { ...notice, orderId };
    case 'freeMonth':
      return { ...notice, ...(await freeMonthFacts(deps, order, notice.until)) };
    case 'paid': {
      const { productName, ramGb, os, amountPaise, currency } = order;
      return { ...notice, orderId, productName, ramGb, os, amountPaise, currency };
    }
    case 'credentials':
      return credentialsNotice(deps, order);
    case 'priceAdjusted':
      return priceAdjustedNotice(deps, order);
    case 'waitingForStock':
      return {
        ...notice,
        orderId,
        packageName: await packageNameOf(deps, order),
        waitsUntil: order.next?.at ?? null,
      };
    case 'lowStock':
    case 'orderFailed':
    case 'decisionReminder':
      return { ...notice, orderId, packageName: await packageNameOf(deps, order) };
    case 'caseOpened':
      return { ...notice, orderId, evidence: await evidenceOf(deps, notice.purchaseId) };
    default:
      return assertNever(notice);
  }
}

function paidForOf({ freeMonthOf, remedy }: OrderDocument) {
  if (freeMonthOf?.act === 'renew') return 'renewal';
  return remedy?.from === 'active' ? 'deliveredServer' : 'server';
}

/** What an admin has paid by hand does not come the way it was paid. */
async function wayBackOf({ db }: Deps, { _id: orderId }: OrderDocument): Promise<{ isByHand: boolean }> {
  const refunds = await db.refunds.find({ orderId, state: 'success' }).toArray();
  return { isByHand: refunds.some(isByHand) };
}

/** The supplier's name of the package today. */
async function packageNameOf({ db }: Deps, order: OrderDocument): Promise<string> {
  const pool = await db.packages.findOne({ _id: packageDocumentId(order) });
  return pool?.name ?? order.packageKey;
}

async function credentialsNotice({ db, box }: Deps, order: OrderDocument): Promise<Told> {
  const orderId = order._id;
  const purchaseId = order.goods.state === 'none' ? null : order.goods.purchaseId;
  const [sealed, row] = await Promise.all([
    db.credentials.findOne({ _id: purchaseId ?? '' }),
    db.purchases.findOne({ _id: purchaseId ?? '' }),
  ]);
  if (!sealed || !row?.ip)
    throw new BrokenRecord(`Failed to mail the login of order ${orderId}: it has none.`);
  const { username, password } = box.open({ orderId, sealed });
  const servers = await db.servers.find({ 'tenancy.orderId': orderId }).toArray();
  const before = servers.find(
    ({ tenancy }) => tenancy.state === 'delivered' && tenancy.purchaseId !== purchaseId,
  );
  const replaces = before?.ip ?? null;
  return { kind: 'credentials', orderId, ip: row.ip, username, password, os: order.os, replaces };
}

async function priceAdjustedNotice(deps: Deps, order: OrderDocument): Promise<Told> {
  const { db } = deps;
  const orderId = order._id;
  const adjustment = order.remedy?.adjustment;
  const discount = await db.discounts.findOne({ _id: apologyDiscountId(orderId) });
  if (!adjustment || !discount)
    throw new BrokenRecord(
      `Failed to apologise for order ${orderId}: its adjustment or its code is missing.`,
    );
  const { ip, orderedProductName, productName, differencePaise } = adjustment;
  const { code, expiresAt, value } = discount;
  const off =
    value.kind === 'percent'
      ? `${value.percent} %`
      : formatMoney({ amountMinor: value.amountPaise, currency: order.currency });
  return {
    kind: 'priceAdjusted',
    orderId,
    ip,
    orderedProductName,
    productName,
    differencePaise,
    currency: order.currency,
    discount: { code, expiresAt, off },
    isPaidBack: order.money === 'refunded',
    ...(await wayBackOf(deps, order)),
  };
}

async function freeMonthFacts({ db, linkOf }: Deps, order: OrderDocument, until: string) {
  const orderId = order._id;
  const purchaseId = order.goods.state === 'none' ? '' : order.goods.purchaseId;
  const row = await db.purchases.findOne({ _id: purchaseId });
  const refunds = await db.refunds.find({ orderId, state: 'success' }).toArray();
  return {
    orderId,
    ip: row?.ip ?? order.server?.ip ?? '',
    orderedProductName: order.productName,
    refundedPaise: refunds.reduce((sum, { amountPaise }) => sum + amountPaise, 0),
    currency: order.currency,
    isByHand: refunds.some(isByHand),
    links: {
      renew: linkOf({ orderId, purpose: 'renew', until }),
      switch: linkOf({ orderId, purpose: 'switch', until }),
    },
  };
}

async function evidenceOf({ db }: Deps, purchaseId: string): Promise<{ label: string; value: string }[]> {
  const row = await db.purchases.findOne({ _id: purchaseId });
  if (!row) return [];
  const said = row.reply ? sayReply(row.reply) : 'no answer was stored';
  return [
    { label: 'Asked for', value: `${row.packageName}, ${row.ramGb} GB` },
    { label: 'Sent', value: row.sentAt ?? 'not known' },
    { label: 'Stock before', value: row.stockBefore === null ? 'not known' : String(row.stockBefore) },
    { label: 'Supplier said', value: said },
    ...(row.lateReply ? [{ label: 'Said after the verdict', value: sayReply(row.lateReply) }] : []),
  ];
}

function sayReply(reply: RawPurchaseReply): string {
  return reply.kind === 'answer' ? reply.body : reply.why;
}
