import { formatMoney } from './money.ts';
import type { SupplierName } from './order.ts';
import { matchesPackage, packageSize } from './package-name.ts';

/** A product of the catalogue, with its package's name of today. */
export interface SoldProduct {
  productId: string;
  name: string;
  supplier: SupplierName;
  packageName: string;
  sizes: readonly { ramGb: number; pricePaise: number }[];
}

export type PriceAdjustment =
  | { kind: 'adjusted'; productId: string | null; productName: string; differencePaise: number }
  | { kind: 'refused'; sentence: string };

/**
 * What goes back to a customer who keeps another server than the one that was ordered: the price of what was ordered
 * less the price of what it is by the catalogue, at least nothing and at most what was paid. `wish` says it where the
 * catalogue cannot: the product it is sold as, or the amount itself. Amounts in integer paise.
 */
export function adjustPrice(input: {
  orderId: string;
  ordered: { productId: string; pricePaise: number; paidPaise: number; currency: string };
  server: { supplier: SupplierName; ip: string; ramGb: number };
  products: readonly SoldProduct[];
  wish: { productId: string | null; amountPaise: number | null };
}): PriceAdjustment {
  const { orderId, ordered, server, wish } = input;
  const product = findProduct(input);
  if (wish.productId !== null && product === undefined) {
    return refused(`There is no product "${wish.productId}" in the catalogue.`);
  }
  const productId = product?.productId ?? null;
  const productName = product?.name ?? `Server ${server.ip}`;
  if (wish.amountPaise !== null) {
    if (wish.amountPaise <= ordered.paidPaise) {
      return { kind: 'adjusted', productId, productName, differencePaise: wish.amountPaise };
    }
    const paid = formatMoney({ amountMinor: ordered.paidPaise, currency: ordered.currency });
    return refused(`Order ${orderId} was paid with ${paid}: more than that cannot go back.`);
  }
  const price = product?.sizes.find(({ ramGb }) => ramGb === server.ramGb)?.pricePaise;
  if (price === undefined) {
    const what = product ? `"${product.name}" with ${server.ramGb} GB` : `the server ${server.ip}`;
    return refused(`The catalogue has no price for ${what}. Say productId or amountPaise.`);
  }
  const differencePaise = Math.min(ordered.paidPaise, Math.max(0, ordered.pricePaise - price));
  return { kind: 'adjusted', productId, productName, differencePaise };
}

/**
 * The product that is named, else the one whose package holds the address: of the narrowest ones the one that was ordered,
 * else the cheapest.
 */
function findProduct(input: {
  ordered: { productId: string };
  server: { supplier: SupplierName; ip: string; ramGb: number };
  products: readonly SoldProduct[];
  wish: { productId: string | null };
}): SoldProduct | undefined {
  const { ordered, server, products, wish } = input;
  if (wish.productId !== null) return products.find(({ productId }) => productId === wish.productId);
  const priceOf = ({ sizes }: SoldProduct) =>
    sizes.find(({ ramGb }) => ramGb === server.ramGb)?.pricePaise ?? Number.POSITIVE_INFINITY;
  const isOrdered = (product: SoldProduct) =>
    product.productId === ordered.productId && Number.isFinite(priceOf(product));
  const fitting = products.filter(
    ({ supplier, packageName }) =>
      supplier === server.supplier &&
      matchesPackage({ address: server.ip, packageName, matchPolicy: 'exact' }),
  );
  return fitting.sort(
    (a, b) =>
      packageSize(a.packageName) - packageSize(b.packageName) ||
      Number(isOrdered(b)) - Number(isOrdered(a)) ||
      Math.sign(priceOf(a) - priceOf(b)) ||
      a.productId.localeCompare(b.productId),
  )[0];
}

function refused(sentence: string): PriceAdjustment {
  return { kind: 'refused', sentence };
}
