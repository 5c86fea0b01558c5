import { connectedSuppliers } from '../domain/order.ts';
import type { ProductView } from '../domain/storefront.ts';
import type { ProductDocument } from './catalogue.ts';

const mostProducts = 1_000;

/** The products, and what may be sold of each now, by package; `free` is null where the stock was never read. */
interface StockOnSale {
  products: readonly ProductDocument[];
  lines: readonly { products: readonly { productId: string; free: number | null }[] }[];
}

/**
 * Every product with its prices, sorted by id, at most 1,000. `available` says what a checkout would answer now: false
 * where the product is disabled, its supplier is not connected, or nothing of its package is free.
 */
export async function listProducts({
  readStock,
}: {
  readStock: () => Promise<StockOnSale>;
}): Promise<ProductView[]> {
  const { products, lines } = await readStock();
  const onSale = lines.flatMap((pool) => pool.products);
  const soldOut = new Set(onSale.filter(({ free }) => free === 0).map(({ productId }) => productId));
  const byId = [...products].sort((a, b) => (a._id < b._id ? -1 : 1)).slice(0, mostProducts);
  return byId.map(({ _id, name, sizes, disabled, supplier }) => ({
    productId: _id,
    name,
    available: disabled === null && connectedSuppliers.includes(supplier) && !soldOut.has(_id),
    sizes: sizes.map(({ ramGb, pricePaise }) => ({ ramGb, pricePaise })),
  }));
}
