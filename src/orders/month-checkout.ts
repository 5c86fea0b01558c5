import { type Collections, insertOnce } from '../database.ts';
import type { FreeMonth, FreeMonthLink, MonthAct, MonthOffer } from '../domain/free-month.ts';
import { formatMoney } from '../domain/money.ts';
import type { GatewayName } from '../domain/order.ts';
import type { CheckoutOutcome, CheckoutRequest, MonthCheckout } from '../domain/storefront.ts';
import { packageDocumentId } from './catalogue.ts';
import type { CheckoutDeps } from './checkout.ts';
import { hasSwitched, isAwaited, monthOrdersOf } from './month-orders.ts';
import { unpaidOrder } from './new-order.ts';
import { openPayment, resumePayment } from './open-payment.ts';
import type { OrderDocument } from './order-document.ts';
import { newOrderId } from './order-id.ts';
import { weighAdjustment } from './plan-adjustment.ts';
import { findKeptServer } from './remedy-servers.ts';

interface MonthDeps {
  db: Collections;
  checkout: CheckoutDeps;
  placeOrder: (request: CheckoutRequest) => Promise<CheckoutOutcome>;
  now: () => string;
}

const over = 'The free month is over, and its server has been switched off.';
const paid = 'Your payment has arrived; we write to you as soon as it is done.';

/** Why nothing can be chosen any more, by what became of the month. */
const closedSentences: Record<Exclude<FreeMonth['state'], 'running'>, string> = {
  renewing: paid,
  renewed: 'Your server is renewed already; there is nothing to pay.',
  kept: 'The server is yours already; there is nothing to pay.',
  ending: over,
};

function closed(sentence: string): Extract<MonthOffer, { kind: 'closed' }> {
  return { kind: 'closed', sentence };
}

interface OpenMonth {
  kind: 'open';
  order: OrderDocument;
  /** What was renewed or switched by, or begun. */
  earlier: OrderDocument[];
  offer: Extract<MonthOffer, { kind: 'open' }>;
  price: MonthPrice;
}

interface MonthPrice {
  productId: string;
  productName: string;
  amountPaise: number;
}

/** What the customer of a free month can choose, with its price by the catalogue of now. */
export async function offerMonth(deps: MonthDeps, link: FreeMonthLink): Promise<MonthOffer> {
  const month = await lookAtMonth(deps, link);
  return month.kind === 'open' ? month.offer : month;
}

async function lookAtMonth(
  deps: MonthDeps,
  { orderId, act }: FreeMonthLink,
): Promise<OpenMonth | Extract<MonthOffer, { kind: 'closed' }>> {
  const order = await deps.db.orders.findOne({ _id: orderId });
  if (!order?.freeMonth) return closed(over);
  const { state, until } = order.freeMonth;
  if (state !== 'running') return closed(closedSentences[state]);
  const earlier = await monthOrdersOf(deps, orderId);
  if (earlier.some(isAwaited)) return closed(paid);
  if (earlier.some(hasSwitched)) return closed('The server you ordered is yours already.');
  const server = await findKeptServer(deps, order);
  if (!server) return closed(over);
  const price = await priceOf(deps, order, act);
  const isPlaced = earlier.some((one) => one.freeMonthOf?.act === act && isUnpaid(one));
  if (price === null || (act === 'switch' && price.isOffSale && !isPlaced)) {
    return closed('This is not sold at present. Please write to us.');
  }
  const { ip } = server;
  const { productName, amountPaise, productId } = price;
  const { currency } = order;
  const offer = { kind: 'open' as const, orderId, act, ip, productName, amountPaise, currency, until };
  return { kind: 'open', order, earlier, offer, price: { productId, productName, amountPaise } };
}

/** Renewing costs what the server is sold for by its own product; switching what was ordered costs now. */
async function priceOf(
  deps: MonthDeps,
  order: OrderDocument,
  act: MonthAct,
): Promise<(MonthPrice & { isOffSale: boolean }) | null> {
  const { db } = deps;
  let productId = order.productId;
  if (act === 'renew') {
    const found = await weighAdjustment(deps, order, {});
    if ('adjusted' in found && found.adjusted.productId !== null) productId = found.adjusted.productId;
  }
  const product = await db.products.findOne({ _id: productId });
  const size = product?.sizes.find(({ ramGb }) => ramGb === order.ramGb);
  if (product && size) {
    const isOffSale = product.disabled !== null;
    return { productId, productName: product.name, amountPaise: size.pricePaise, isOffSale };
  }
  if (act === 'switch') return null;
  return { productId, productName: order.productName, amountPaise: order.amountPaise, isOffSale: false };
}

/**
 * Places the order by which the customer renews or switches; a repeat answers the one that is still to be paid. Money
 * that comes when the month is over goes back by itself.
 */
export async function checkOutMonth(deps: MonthDeps, link: FreeMonthLink): Promise<MonthCheckout> {
  const { act } = link;
  const month = await lookAtMonth(deps, link);
  if (month.kind === 'closed') return month;
  const { order, earlier, price } = month;
  const same = earlier.filter(({ freeMonthOf }) => freeMonthOf?.act === act);
  const unpaid = same.find(isUnpaid);
  if (unpaid) return outcomeOf(await resumePayment({ deps: deps.checkout, order: unpaid }));
  const payable = { ...order, gateway: gatewayFor(deps, order) };
  if (act === 'switch') {
    return outcomeOf(await deps.placeOrder(switchRequest(payable, link, same.length + 1)));
  }
  const renewal = await claimRenewal(deps, { order: payable, link, price, nth: same.length + 1 });
  return outcomeOf(await openPayment({ deps: deps.checkout, order: renewal }));
}

/** The gateway that the customer has paid with, as long as it is switched on; the one that always is else. */
function gatewayFor({ checkout }: MonthDeps, { gateway }: OrderDocument): GatewayName {
  return checkout.gateways[gateway] === undefined ? 'cashfree' : gateway;
}

function isUnpaid({ money, open }: OrderDocument): boolean {
  return money === 'unpaid' && open;
}

/** Stores the renewal under one id, so that two clicks at once are one order to pay. */
async function claimRenewal(
  { db, checkout, now }: MonthDeps,
  { nth, ...input }: Omit<Parameters<typeof newRenewal>[0], 'at'> & { nth: number },
): Promise<OrderDocument> {
  const { idempotencyKeys } = checkout.db;
  const renewal = newRenewal({ ...input, at: now() });
  const key = `month-${input.link.orderId}-renew-${nth}`;
  const claim = { _id: key, bodyHash: '', orderId: renewal._id, createdAt: renewal.createdAt };
  const isFirst = await insertOnce(idempotencyKeys, claim);
  const _id = isFirst ? renewal._id : ((await idempotencyKeys.findOne({ _id: key }))?.orderId ?? renewal._id);
  await insertOnce(db.orders, { ...renewal, _id });
  return (await db.orders.findOne({ _id })) ?? { ...renewal, _id };
}

function outcomeOf(outcome: CheckoutOutcome): MonthCheckout {
  if (outcome.kind === 'placed') return outcome;
  // Sold out, not sold any more: nothing is broken, it cannot be had now.
  const kind = outcome.kind === 'refused' ? 'closed' : 'failed';
  return { kind, sentence: outcome.sentence };
}

function switchRequest(order: OrderDocument, freeMonthOf: FreeMonthLink, nth: number): CheckoutRequest {
  const { productId, ramGb, os, customer, gateway } = order;
  return {
    productId,
    ramGb,
    os,
    customer,
    discountCode: null,
    gateway,
    idempotencyKey: `month-${order._id}-switch-${nth}`,
    freeMonthOf,
  };
}

/** An order of its own, so that its payment, its expiry and its refund go the way of every order. */
function newRenewal(input: {
  order: OrderDocument;
  link: FreeMonthLink;
  price: MonthPrice;
  at: string;
}): OrderDocument {
  const { order, link, price, at } = input;
  const { supplier, packageKey, matchPolicy, ramGb, os, currency, customer, gateway } = order;
  const { productId, amountPaise } = price;
  const productName = `Renewal: ${price.productName}`;
  const text = `Ordered: ${productName}, for ${formatMoney({ amountMinor: amountPaise, currency })}, out of the free month of order ${order._id} (${packageDocumentId(order)}).`;
  return {
    ...unpaidOrder({ orderId: newOrderId(at), at, text }),
    freeMonthOf: link,
    productId,
    productName,
    supplier,
    packageKey,
    matchPolicy,
    ramGb,
    os,
    amountPaise,
    currency,
    customer,
    gateway,
  };
}
