import type { Collections } from '../database.ts';
import { findMarkProblem, marksOf, type StockMarks } from '../domain/stock-marks.ts';
import type { BookVerdict } from '../domain/verdict.ts';
import type { ProductDocument } from '../orders/catalogue.ts';
import {
  type OverviewDependencies,
  type ProductOnSale,
  readOverview,
  type StockLine,
} from './stock-overview.ts';

type Rows = Pick<Collections, 'products'>;

/** A product with its stock, as the operator sees it. */
export interface ProductLine extends ProductOnSale {
  sizes: { ramGb: number; pricePaise: number }[];
  stock: Omit<StockLine, 'products' | 'history'>;
}

export type ShownProduct = ProductLine & Pick<StockLine, 'history'>;

/** Every product, by id, with the counts of its package over the last `historyDays` days. */
export async function listProductLines(
  deps: OverviewDependencies,
  { historyDays }: { historyDays: number },
): Promise<ShownProduct[]> {
  const { lines, products: known } = await readOverview(deps, { historyDays });
  const sizes = new Map(known.map(({ _id, sizes }) => [_id, sizes]));
  return lines
    .flatMap(({ products, history, ...stock }) =>
      products.map((product) => ({ ...product, sizes: sizes.get(product.productId) ?? [], stock, history })),
    )
    .sort((a, b) => a.productId.localeCompare(b.productId, 'en', { numeric: true }));
}

const unknownProduct = {
  kind: 'refused',
  sentence: 'There is no such product. See `products list`.',
} as const;

/** A person starts or stops the sale of a product; what they stop, the monitor never starts. */
export async function setSale(
  { db, now }: { db: Rows; now: () => string },
  input: { productId: string; isSold: boolean; by: string; reason: string | null },
): Promise<BookVerdict> {
  const { productId, isSold, by, reason } = input;
  const disabled = isSold ? null : { note: reason ?? 'Taken off by hand', at: now(), by };
  const changed = await db.products.updateOne({ _id: productId }, { $set: { disabled } });
  if (changed.matchedCount === 0) return unknownProduct;
  const next = isSold
    ? `${productId} is sold. While its stock is at its mark the next sync takes it off again; see \`products set --auto-disable\`.`
    : `${productId} is not sold until somebody enables it. Paid orders are served on.`;
  return { kind: 'accepted', next };
}

/** What a person changes of a product; a mark of null is the policy's again. */
export interface ProductChange {
  productId: string;
  reserve: number | null;
  marks: { [Mark in keyof StockMarks]?: number | null };
}

/** Changes reserve and marks of one product, unless somebody else changes its marks at the same moment. */
export async function setProduct(
  { db, policy }: { db: Rows; policy: StockMarks },
  { productId, reserve, marks: changes }: ProductChange,
): Promise<BookVerdict> {
  const product = await db.products.findOne({ _id: productId });
  if (!product) return unknownProduct;
  const wanted = Object.entries({ ...product.marks, ...changes }).filter(([, value]) => value !== null);
  const marks = Object.fromEntries(wanted) as Partial<StockMarks>;
  const problem = findMarkProblem(marksOf(policy, marks));
  if (problem !== null) return { kind: 'refused', sentence: problem };
  const changed = await db.products.updateOne(
    { _id: productId, ...sameMarks(product) },
    { $set: { marks, ...(reserve === null ? {} : { reserve, reserveByHand: true }) } },
  );
  if (changed.matchedCount === 0)
    return { kind: 'refused', sentence: 'Somebody else has just changed its marks. Look, and try again.' };
  const held = Object.entries(marksOf(policy, marks)).map(([name, value]) => `${name} ${value}`);
  const next = `${productId}: reserve ${reserve ?? product.reserve}, ${held.join(', ')}.`;
  return { kind: 'accepted', next };
}

const markNames: readonly (keyof StockMarks)[] = [
  'lowStockWarning',
  'stockPageAlert',
  'stockDailyReport',
  'stockAutoDisable',
  'stockReEnable',
];

function sameMarks({ marks = {} }: ProductDocument): Record<string, unknown> {
  return Object.fromEntries(markNames.map((name) => [`marks.${name}`, marks[name] ?? { $exists: false }]));
}
