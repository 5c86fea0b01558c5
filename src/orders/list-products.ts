import type { Collections } from '../database.ts';
import { connectedSuppliers } from '../domain/order.ts';
import type { ProductView } from '../domain/storefront.ts';

const mostProducts = 1_000;

/** What may be sold of each product now, by package; `free` is null where the stock was never read. */
interface StockOnSale {
  products: readonly { productId: string; free: number | null }[];
}

/**
 * Every product with its prices, sorted by id. `available` says what a checkout would answer now: false where the
 * product is disabled, its supplier is not connected, or nothing of its package is free.
 */
export async function listProducts({
  db,
  listStock,
}: {
  db: Pick<Collections, 'products'>;
  listStock: () => Promise<readonly StockOnSale[]>;
}): Promise<ProductView[]> {
  const [products, stock] = await Promise.all([
    db.products.find().sort({ _id: 1 }).limit(mostProducts).toArray(),
    listStock(),
  ]);
  const onSale = stock.flatMap((pool) => pool.products);
  const soldOut = new Set(onSale.filter(({ free }) => free === 0).map(({ productId }) => productId));
  return products.map(({ _id, name, sizes, disabled, supplier }) => ({
    productId: _id,
    name,
    available: disabled === null && connectedSuppliers.includes(supplier) && !soldOut.has(_id),
    sizes: sizes.map(({ ramGb, pricePaise }) => ({ ramGb, pricePaise })),
  }));
}
