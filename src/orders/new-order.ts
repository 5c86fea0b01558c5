import type { DiscountHeld } from '../discounts/hold-discount.ts';
import { formatMoney } from '../domain/money.ts';
import type { CheckoutRequest } from '../domain/storefront.ts';
import type { ProductDocument } from './catalogue.ts';
import type { OrderDiscount, OrderDocument } from './order-document.ts';

/** What is sold, at the price of the catalogue. */
export interface Sale {
  kind: 'sale';
  product: ProductDocument;
  pricePaise: number;
}

/** Products are priced in rupees. */
const currency = 'INR';

/** The document of an order that is not paid yet. */
export function newOrder(input: {
  request: CheckoutRequest;
  sale: Sale;
  /** The discount code that it holds. */
  held: DiscountHeld | null;
  orderId: string;
  at: string;
  bodyHash: string;
}): OrderDocument {
  const { request, at, held } = input;
  const { product, pricePaise } = input.sale;
  const { name, email, phone } = request.customer;
  const key = request.idempotencyKey;
  const price = sayPrice(pricePaise, held);
  const text = `Ordered: ${product.name}, ${request.ramGb} GB, ${request.os}, ${price} by ${request.gateway}.`;
  return {
    ...unpaidOrder({ orderId: input.orderId, at, text }),
    ...(request.freeMonthOf === undefined ? {} : { freeMonthOf: request.freeMonthOf }),
    productId: product._id,
    productName: product.name,
    supplier: product.supplier,
    packageKey: product.packageKey,
    matchPolicy: product.matchPolicy,
    ramGb: request.ramGb,
    os: request.os,
    amountPaise: held?.price.amountPaise ?? pricePaise,
    currency,
    discount: held === null ? null : discountOf(held),
    customer: { name, email, phone },
    gateway: request.gateway,
    idempotency: key === null ? null : { key, bodyHash: input.bodyHash },
  };
}

/** What every order is at first: not paid, nothing bought for it, owned by no workflow. `text`: what was ordered. */
export function unpaidOrder({ orderId, at, text }: { orderId: string; at: string; text: string }) {
  return {
    _id: orderId,
    status: 'pendingPayment',
    statusSince: at,
    version: 0,
    owner: null,
    open: true,
    goods: { state: 'none' },
    money: 'unpaid',
    remedy: null,
    gatewayOrderId: null,
    paymentSessionId: null,
    idempotency: null,
    createdAt: at,
    paidAt: null,
    paymentKey: null,
    failure: null,
    server: null,
    next: null,
    timeline: [{ at, text }],
  } satisfies Partial<OrderDocument>;
}

function discountOf({ discountId, price }: DiscountHeld): OrderDiscount {
  const { listPricePaise, discountPaise } = price;
  return { discountId, listPricePaise, discountPaise };
}

function sayPrice(pricePaise: number, held: DiscountHeld | null): string {
  const listed = formatMoney({ amountMinor: pricePaise, currency });
  if (held === null) return listed;
  const left = formatMoney({ amountMinor: held.price.amountPaise, currency });
  return `${left} instead of ${listed} by a discount code`;
}
