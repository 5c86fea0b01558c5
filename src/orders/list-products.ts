import type { Collections } from '../database.ts';
import { connectedSuppliers } from '../domain/order.ts';
import type { ProductView } from '../domain/storefront.ts';

const mostProducts = 1_000;

/** Every product with its prices, sorted by id; a disabled one is shown as not available. */
export async function listProducts({ db }: { db: Pick<Collections, 'products'> }): Promise<ProductView[]> {
  const products = await db.products.find().sort({ _id: 1 }).limit(mostProducts).toArray();
  return products.map(({ _id, name, sizes, disabled, supplier }) => ({
    productId: _id,
    name,
    available: disabled === null && connectedSuppliers.includes(supplier),
    sizes: sizes.map(({ ramGb, pricePaise }) => ({ ramGb, pricePaise })),
  }));
}
