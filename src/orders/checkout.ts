import { createHash } from 'node:crypto';
import type { Collection } from 'mongodb';
import { type Collections, insertOnce } from '../database.ts';
import { type DiscountHold, holdDiscount, quoteDiscount } from '../discounts/hold-discount.ts';
import { connectedSuppliers, type GatewayName, type SupplierName } from '../domain/order.ts';
import type { CheckoutOutcome, CheckoutRequest } from '../domain/storefront.ts';
import type { Logger } from '../logger.ts';
import type { PaymentGateway } from '../payments/gateway.ts';
import type { ProductDocument } from './catalogue.ts';
import { gatewayOff, type Refusal, refused } from './checkout-refusals.ts';
import { newOrder, type Sale } from './new-order.ts';
import { openPayment, resumePayment } from './open-payment.ts';
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

/** What a person noted is for the shop's own eyes; what the monitor noted says how many are left. */
function disabledSentence({ name, disabled }: ProductDocument): string {
  const told = disabled?.auto === true ? `: ${disabled.note}` : '';
  return `"${name}" is not sold at present${told}. Please choose another product or contact support.`;
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
