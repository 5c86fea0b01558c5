import { createHash } from 'node:crypto';
import type { Collection } from 'mongodb';
import { type Collections, insertOnce } from '../database.ts';
import {
  type DiscountHold,
  holdAgain,
  holdDiscount,
  quoteDiscount,
  releaseDiscount,
} from '../discounts/hold-discount.ts';
import { connectedSuppliers, type GatewayName, type SupplierName } from '../domain/order.ts';
import type {
  CheckoutOutcome,
  CheckoutRefusal,
  CheckoutReply,
  CheckoutRequest,
} from '../domain/storefront.ts';
import type { Logger } from '../logger.ts';
import {
  GatewayError,
  type GatewayOrder,
  type NewGatewayOrder,
  type PaymentGateway,
} from '../payments/gateway.ts';
import type { ProductDocument } from './catalogue.ts';
import { newOrder, type Sale } from './new-order.ts';
import type { OrderDocument } from './order-document.ts';
import { newOrderId } from './order-id.ts';

/** A checkout that came with an Idempotency-Key (collection `idempotencyKeys`, `_id` = the key). */
export interface IdempotencyKeyDocument {
  _id: string;
  /** SHA-256 of what was ordered. */
  bodyHash: string;
  orderId: string;
  createdAt: string;
}

export interface CheckoutDeps {
  db: Pick<Collections, 'discounts' | 'orders' | 'products'> & {
    idempotencyKeys: Collection<IdempotencyKeyDocument>;
  };
  /** Holds one address of the product's package for the order while it is unpaid. */
  holdStock: (input: {
    orderId: string;
    supplier: SupplierName;
    packageKey: string;
    reserve: number;
  }) => Promise<{ kind: 'held' } | { kind: 'full'; sentence: string }>;
  /** Lets go of what `holdStock` took; nothing where it holds none. */
  releaseStock: (input: { orderId: string; supplier: SupplierName; packageKey: string }) => Promise<void>;
  /** The gateways that are switched on. */
  gateways: Partial<Record<GatewayName, PaymentGateway>>;
  policy: { checkoutExpiryMs: number };
  /** ISO UTC. */
  now: () => string;
  newOrderId?: (at: string) => string;
  publicUrl: string;
  /** The signed link to the customer's page of an order; the same for the same order. */
  orderLink: (input: { orderId: string; from: string }) => string;
  log: Pick<Logger, 'info' | 'warn'>;
}

/** The gateway stops taking money this much before our own expiry, so that no payment meets an expired order. */
const gatewayLeadMs = 5 * 60 * 1000;

/**
 * Takes checkouts: the order is stored before the gateway hears of it, so a payment always finds its order.
 * Every step may be repeated after a crash: with the same Idempotency-Key one order comes of it.
 */
export function createCheckout(deps: CheckoutDeps): (request: CheckoutRequest) => Promise<CheckoutOutcome> {
  return async (request) => {
    const claimed = await findClaim(deps, request);
    if (claimed !== null && claimed.bodyHash !== hashOf(request)) return reusedKey(request);
    const order = claimed === null ? null : await deps.db.orders.findOne({ _id: claimed.orderId });
    return order === null ? placeNew({ deps, request, claimed }) : resumePayment({ deps, order });
  };
}

async function findClaim(
  deps: CheckoutDeps,
  request: CheckoutRequest,
): Promise<IdempotencyKeyDocument | null> {
  const { idempotencyKey } = request;
  return idempotencyKey === null ? null : deps.db.idempotencyKeys.findOne({ _id: idempotencyKey });
}

async function placeNew(input: {
  deps: CheckoutDeps;
  request: CheckoutRequest;
  claimed: IdempotencyKeyDocument | null;
}): Promise<CheckoutOutcome> {
  const { deps, request } = input;
  const product = await deps.db.products.findOne({ _id: request.productId });
  const sale = findSale({ deps, request, product });
  if (sale.kind === 'refused') return sale;
  // A code that cannot be used must not spend the key: the customer orders again under it.
  const quoted = await takeCode(input, { sale, orderId: input.claimed?.orderId ?? '', take: quoteDiscount });
  if (quoted?.kind === 'refused') return refused(quoted.reason, 'discountCode', quoted.sentence);
  const claim = input.claimed ?? (await claimKey(deps, request));
  if (claim.bodyHash !== hashOf(request)) return reusedKey(request);
  const { orderId, bodyHash } = claim;
  const { supplier, packageKey, reserve } = sale.product;
  const hold = await deps.holdStock({ orderId, supplier, packageKey, reserve });
  if (hold.kind === 'full') return refused('atCapacity', 'productId', hold.sentence);
  // Held before the order is stored: nobody can pay a price whose code another order has.
  const held = await takeCode(input, { sale, orderId, take: holdDiscount });
  if (held?.kind === 'refused') {
    await deps.releaseStock({ orderId, supplier, packageKey });
    return refused(held.reason, 'discountCode', held.sentence);
  }
  const order = newOrder({ request, sale, held, orderId, at: deps.now(), bodyHash });
  const isNew = await insertOnce(deps.db.orders, order);
  if (isNew) deps.log.info({ orderId: order._id, productId: order.productId }, 'Checkout made');
  const stored = isNew ? order : ((await deps.db.orders.findOne({ _id: order._id })) ?? order);
  return openPayment({ deps, order: stored });
}

/** Null where no code was given. */
async function takeCode(
  { deps, request }: { deps: CheckoutDeps; request: CheckoutRequest },
  { sale, orderId, take }: { sale: Sale; orderId: string; take: typeof holdDiscount },
): Promise<DiscountHold | null> {
  const { discountCode: code, customer } = request;
  if (code === null) return null;
  return take(deps, { orderId, code, email: customer.email, listPricePaise: sale.pricePaise });
}

/** Takes the key for one new order id; where another request was first, its order id. */
async function claimKey(deps: CheckoutDeps, request: CheckoutRequest): Promise<IdempotencyKeyDocument> {
  const createdAt = deps.now();
  const orderId = (deps.newOrderId ?? newOrderId)(createdAt);
  const claim = { _id: request.idempotencyKey ?? '', bodyHash: hashOf(request), orderId, createdAt };
  if (request.idempotencyKey === null || (await insertOnce(deps.db.idempotencyKeys, claim))) return claim;
  return (await findClaim(deps, request)) ?? claim;
}

type Refusal = Extract<CheckoutOutcome, { kind: 'refused' }>;

function refused(reason: CheckoutRefusal, field: string, sentence: string): Refusal {
  return { kind: 'refused', reason, field, sentence };
}

/** The price comes from the catalogue alone. */
function findSale(input: {
  deps: CheckoutDeps;
  request: CheckoutRequest;
  product: ProductDocument | null;
}): Sale | Refusal {
  const { request, product } = input;
  if (product === null) {
    return refused(
      'unknownProduct',
      'productId',
      `There is no product "${request.productId}". Ask GET /api/products.`,
    );
  }
  if (product.disabled !== null) return refused('productDisabled', 'productId', disabledSentence(product));
  if (!connectedSuppliers.includes(product.supplier)) {
    const sentence = `"${product.name}" cannot be bought now: its supplier is not connected.`;
    return refused('productDisabled', 'productId', sentence);
  }
  const size = product.sizes.find((candidate) => candidate.ramGb === request.ramGb);
  if (size === undefined) {
    const sold = product.sizes.map((candidate) => candidate.ramGb).join(', ');
    const sentence = `"${product.name}" is not sold with ${request.ramGb} GB. Choose one of: ${sold}.`;
    return refused('sizeNotSold', 'ramGb', sentence);
  }
  if (input.deps.gateways[request.gateway] === undefined) {
    return gatewayOff(request.gateway);
  }
  return { kind: 'sale', product, pricePaise: size.pricePaise };
}

function gatewayOff(gateway: GatewayName): Refusal {
  return refused('gatewayOff', 'gateway', `The gateway ${gateway} is switched off here.`);
}

function disabledSentence(product: ProductDocument): string {
  const note = product.disabled?.note ?? '';
  return `"${product.name}" is not sold at present${note === '' ? '.' : `: ${note}`}`;
}

function reusedKey({ idempotencyKey }: CheckoutRequest): Refusal {
  const sentence = `The Idempotency-Key "${idempotencyKey}" was used for another checkout. Send a new key.`;
  return refused('idempotencyKeyReused', 'Idempotency-Key', sentence);
}

/** What was ordered, in a fixed order of members; what the request reader ignored plays no part. */
function hashOf(request: CheckoutRequest): string {
  const { productId, ramGb, os, customer, discountCode, gateway } = request;
  const ordered = [
    productId,
    ramGb,
    os,
    customer.name,
    customer.email,
    customer.phone,
    discountCode,
    gateway,
  ];
  return createHash('sha256').update(JSON.stringify(ordered)).digest('hex');
}

/**
 * Goes on with an order whose checkout broke off or was refused: its address and its discount code may be another one's
 * by now, so they are held again first.
 */
export async function resumePayment(input: {
  deps: CheckoutDeps;
  order: OrderDocument;
}): Promise<CheckoutOutcome> {
  const { deps, order } = input;
  const isRenewal = order.freeMonthOf?.act === 'renew';
  if (isOpened(order) || isRenewal) return openPayment(input);
  const { _id: orderId, supplier, packageKey, productId } = order;
  const reserve = (await deps.db.products.findOne({ _id: productId }))?.reserve ?? 0;
  const hold = await deps.holdStock({ orderId, supplier, packageKey, reserve });
  if (hold.kind === 'full') return refused('atCapacity', 'productId', hold.sentence);
  if (order.discount && !(await holdAgain(deps, { ...order.discount, orderId }))) {
    await deps.releaseStock({ orderId, supplier, packageKey });
    const sentence = 'Another order has this discount code by now. Order anew, without it.';
    return refused('discountHeld', 'discountCode', sentence);
  }
  return openPayment(input);
}

/** Opens the order's payment at its gateway, unless that was done; answers what the first checkout answered. */
export async function openPayment(input: {
  deps: CheckoutDeps;
  order: OrderDocument;
}): Promise<CheckoutOutcome> {
  const { deps, order } = input;
  const opened = replyOf(input);
  if (opened !== null) return { kind: 'placed', reply: opened };
  const payment = await createGatewayOrder(input);
  if ('kind' in payment) return payment;
  await deps.db.orders.updateOne(
    { _id: order._id, gatewayOrderId: null },
    { $set: { gatewayOrderId: payment.gatewayOrderId, paymentSessionId: payment.sessionId } },
  );
  const stored = await deps.db.orders.findOne({ _id: order._id });
  const reply = stored === null ? null : replyOf({ deps, order: stored });
  if (reply === null)
    throw new Error(`Failed to check order ${order._id} out: it is gone from the database.`);
  return { kind: 'placed', reply };
}

type Unopened = Exclude<CheckoutOutcome, { kind: 'placed' }>;

async function createGatewayOrder(input: {
  deps: CheckoutDeps;
  order: OrderDocument;
}): Promise<GatewayOrder | Unopened> {
  const { deps, order } = input;
  const gateway = deps.gateways[order.gateway];
  const { _id: orderId, supplier, packageKey } = order;
  const letGo = async () => {
    if (order.discount) await releaseDiscount(deps, { ...order.discount, orderId });
    await deps.releaseStock({ orderId, supplier, packageKey });
  };
  if (gateway === undefined) {
    await letGo();
    return gatewayOff(order.gateway);
  }
  try {
    return await gateway.createOrder(gatewayOrderOf(input));
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    deps.log.warn({ orderId, gateway: order.gateway, code: error.code }, error.message);
    if (error.field === null) {
      // Without a key nobody can come back to this order: the next try is a new one.
      if (order.idempotency === null) await letGo();
      return gatewayFailed(order);
    }
    // The customer corrects it in a new order, which shall find code and address free.
    await letGo();
    return refused('gatewayRefused', error.field, `The payment gateway refused ${error.field}. Correct it.`);
  }
}

function gatewayFailed({ _id: orderId }: OrderDocument): Unopened {
  const sentence = `Order ${orderId} is kept, but the payment gateway did not take it. Try again.`;
  return { kind: 'gatewayFailed', orderId, sentence };
}

function gatewayOrderOf({ deps, order }: { deps: CheckoutDeps; order: OrderDocument }): NewGatewayOrder {
  const { checkoutExpiryMs } = deps.policy;
  const leadMs = Math.min(gatewayLeadMs, checkoutExpiryMs / 10);
  return {
    orderId: order._id,
    amountPaise: order.amountPaise,
    currency: order.currency,
    customer: { email: order.customer.email, phone: order.customer.phone },
    returnUrl: orderUrlOf({ deps, order }),
    notifyUrl: `${deps.publicUrl}/webhooks/${order.gateway}`,
    idempotencyKey: order._id,
    expiresAt: new Date(Date.parse(order.createdAt) + checkoutExpiryMs - leadMs).toISOString(),
  };
}

/** From the checkout's own moment: a repeat answers the same link. */
function orderUrlOf({ deps, order }: { deps: CheckoutDeps; order: OrderDocument }): string {
  return deps.orderLink({ orderId: order._id, from: order.createdAt });
}

function isOpened({ gatewayOrderId, paymentSessionId }: OrderDocument): boolean {
  return gatewayOrderId !== null && paymentSessionId !== null;
}

/** The first reply, whatever has become of the order since; null while its payment is not open. */
function replyOf(input: { deps: CheckoutDeps; order: OrderDocument }): CheckoutReply | null {
  const { order } = input;
  const { gateway, gatewayOrderId, paymentSessionId: sessionId, amountPaise } = order;
  if (gatewayOrderId === null || sessionId === null) return null;
  return {
    orderId: order._id,
    status: 'pendingPayment',
    listPricePaise: order.discount?.listPricePaise ?? amountPaise,
    discountPaise: order.discount?.discountPaise ?? 0,
    amountPaise,
    currency: order.currency,
    orderUrl: orderUrlOf(input),
    payment: { gateway, gatewayOrderId, sessionId },
  };
}
