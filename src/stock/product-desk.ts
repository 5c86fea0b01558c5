import type { Collection } from 'mongodb';
import type { Collections } from '../database.ts';
import { findMarkProblem, marksOf, type StockMarks } from '../domain/stock-marks.ts';
import { packageDocumentId } from '../orders/catalogue.ts';
import { readStockHistory, type StockHistoryDocument, type StockPoint } from './stock-history.ts';
import { listStock, type StockLine } from './stock-overview.ts';

type Rows = Pick<Collections, 'products' | 'packages'>;

/** A product with its stock, as the operator sees it. */
export interface ProductLine {
  productId: string;
  name: string;
  reserve: number;
  sizes: { ramGb: number; pricePaise: number }[];
  disabled: null | { note: string; at: string; by: string };
  marks: StockMarks;
  stock: Omit<StockLine, 'products'> | null;
}

export type ProductVerdict = { kind: 'accepted'; next: string } | { kind: 'refused'; sentence: string };

/** Every product, by id. */
export async function listProductLines({ db }: { db: Rows }, policy: StockMarks): Promise<ProductLine[]> {
  const [products, stock] = await Promise.all([
    db.products.find().sort({ _id: 1 }).toArray(),
    listStock({ db }, policy),
  ]);
  return products.map(({ _id: productId, name, reserve, sizes, disabled, marks }) => {
    const line = stock.find((one) => one.products.some((product) => product.productId === productId));
    const { products: _, ...own } = line ?? { products: [] };
    return {
      ...{ productId, name, reserve, sizes },
      disabled: disabled && { note: disabled.note, at: disabled.at, by: disabled.by },
      marks: marksOf(policy, marks),
      stock: line ? (own as Omit<StockLine, 'products'>) : null,
    };
  });
}

/** One product with the counts of its package over the last days; null where there is none. */
export async function showProductLine(
  { db, now }: { db: Rows & { stockHistory: Collection<StockHistoryDocument> }; now: () => string },
  { productId, policy, days }: { productId: string; policy: StockMarks; days: number },
): Promise<(ProductLine & { history: StockPoint[] }) | null> {
  const lines = await listProductLines({ db }, policy);
  const line = lines.find((one) => one.productId === productId);
  const product = await db.products.findOne({ _id: productId });
  if (!line || !product) return null;
  const poolId = packageDocumentId(product);
  return { ...line, history: await readStockHistory(db.stockHistory, { poolId, days, now: now() }) };
}

const unknownProduct = {
  kind: 'refused',
  sentence: 'There is no such product. See `products list`.',
} as const;

/** A person starts or stops the sale of a product; what they stop, the monitor never starts. */
export async function setSale(
  { db, now }: { db: Rows; now: () => string },
  input: { productId: string; isSold: boolean; by: string; reason: string | null },
): Promise<ProductVerdict> {
  const { productId, isSold, by, reason } = input;
  const disabled = isSold ? null : { note: reason ?? 'Taken off by hand', at: now(), by };
  const changed = await db.products.updateOne({ _id: productId }, { $set: { disabled } });
  if (changed.matchedCount === 0) return unknownProduct;
  const next = isSold
    ? `${productId} is sold. While its stock is at its mark the next sync takes it off again; see \`products set --auto-disable\`.`
    : `${productId} is not sold until somebody enables it. Paid orders are served on.`;
  return { kind: 'accepted', next };
}

/** Changes reserve and marks of one product; a mark of null is the policy's again. */
export async function setProduct(
  { db }: { db: Rows },
  input: {
    productId: string;
    reserve: number | null;
    marks: { [Mark in keyof StockMarks]?: number | null };
    policy: StockMarks;
  },
): Promise<ProductVerdict> {
  const { productId, reserve, policy } = input;
  const product = await db.products.findOne({ _id: productId });
  if (!product) return unknownProduct;
  const wanted = Object.entries({ ...product.marks, ...input.marks }).filter(([, value]) => value !== null);
  const marks = Object.fromEntries(wanted) as Partial<StockMarks>;
  const problem = findMarkProblem(marksOf(policy, marks));
  if (problem !== null) return { kind: 'refused', sentence: problem };
  const set = { marks, ...(reserve === null ? {} : { reserve }) };
  await db.products.updateOne({ _id: productId }, { $set: set });
  const held = Object.entries(marksOf(policy, marks)).map(([name, value]) => `${name} ${value}`);
  return {
    kind: 'accepted',
    next: `${productId}: reserve ${reserve ?? product.reserve}, ${held.join(', ')}.`,
  };
}
