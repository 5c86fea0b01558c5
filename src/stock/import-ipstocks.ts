import type { Collections } from '../database.ts';
import type { MatchPolicy } from '../domain/package-name.ts';
import { packageDocumentId } from '../orders/catalogue.ts';
import {
  importProducts,
  type PlannedProduct,
  parseCatalogue,
  plannedOf,
  previewProducts,
} from '../orders/import-products.ts';
import { compareIpstock, type FieldsOfDocument } from './compare-ipstock.ts';
import { documentIdOf, type OldProduct, readIpstocks } from './read-ipstocks.ts';

/** One document of the old shop and what becomes of it. */
interface ImportLine extends FieldsOfDocument {
  productId: string;
  name: string;
  packageName: string;
  sizes: { ramGb: number; pricePaise: number }[];
  isNew: boolean;
  isSold: boolean;
  /** What is sold under this id now, where that is something else. */
  before: null | { name: string; sizes: { ramGb: number; pricePaise: number }[] };
}

/** What an import did, or would do (`dryRun`). */
export interface IpstocksReport {
  dryRun: boolean;
  lines: ImportLine[];
  lost: number;
}

/**
 * Brings an export of the old shop's `ipstocks` into the catalogue. Every document is kept whole beside its product, so
 * no field is lost; that is looked at, not assumed: after the import in the stored product, in a dry run in the one
 * that would be stored. Safe to repeat, in parts and in any order. @throws with every problem, before anything is written.
 */
export async function importIpstocks(
  deps: { db: Rows; now: () => string },
  input: {
    documents: unknown;
    dryRun: boolean;
    by: string;
    defaults: { matchPolicy: MatchPolicy; reserve: number };
  },
): Promise<IpstocksReport> {
  const { db } = deps;
  const { dryRun, by, defaults } = input;
  // By the document that is kept, so that an import which broke off goes on where it stopped.
  const known = await productsByDocument(db);
  const old = readIpstocks(input.documents, known);
  const entries = parseCatalogue(old.map(({ entry }) => entry));
  const planned = await previewProducts({ db, entries, defaults });
  const before = await storedProducts(db);
  if (!dryRun) {
    const offSale = old.filter(({ isSold }) => !isSold).map(({ entry }) => entry.productId);
    const unsold = new Map(offSale.map((productId) => [productId, notAvailable(deps, by)]));
    await importProducts({ db, entries, defaults, unsold });
    for (const product of old) await keepDocument(deps, { product, by });
  }
  const stored = dryRun ? planned : await storedProducts(db);
  const kept = new Map((await keptProducts(db)).map(({ _id, imported }) => [_id, imported]));
  const lines = old.map((product): ImportLine => {
    const { productId, name, packageName, sizes } = product.entry;
    const imported = dryRun ? textOf(product) : kept.get(productId);
    return {
      ...{ productId, name, packageName, sizes },
      isNew: !before.has(productId),
      isSold: product.isSold,
      before: differing(before.get(productId), product.entry),
      ...compareIpstock(product, {
        kept: imported === undefined ? {} : JSON.parse(imported),
        product: stored.get(productId) ?? null,
      }),
    };
  });
  return { dryRun, lines, lost: lines.reduce((sum, { lost }) => sum + lost.length, 0) };
}

type Rows = Pick<Collections, 'products' | 'packages'>;

function differing(
  before: PlannedProduct | undefined,
  { name, sizes }: OldProduct['entry'],
): ImportLine['before'] {
  if (before === undefined) return null;
  const old = { name: before.name, sizes: before.sizes };
  return JSON.stringify(old) === JSON.stringify({ name, sizes }) ? null : old;
}

/** The products that were imported before, by the `_id` of their document. */
async function productsByDocument(db: Rows): Promise<Map<string, string>> {
  const pairs = (await keptProducts(db)).flatMap(({ _id, imported }): [string, string][] => {
    const documentId = imported === undefined ? undefined : documentIdOf(JSON.parse(imported));
    return documentId === undefined ? [] : [[documentId, _id]];
  });
  return new Map(pairs);
}

async function storedProducts(db: Rows): Promise<Map<string, PlannedProduct>> {
  const [products, packages] = await Promise.all([
    db.products.find().toArray(),
    db.packages.find().toArray(),
  ]);
  const pools = new Map(packages.map((pool) => [pool._id, pool]));
  return new Map(
    products.flatMap((product) => {
      const pool = pools.get(packageDocumentId(product));
      return pool ? [[product._id, plannedOf(product, pool)] as const] : [];
    }),
  );
}

function keptProducts(db: Rows) {
  return db.products.find({ imported: { $exists: true } }).toArray();
}

/** The first time the sale is taken over as well; later a person's word stands. */
async function keepDocument(
  deps: Parameters<typeof importIpstocks>[0],
  { product, by }: { product: OldProduct; by: string },
): Promise<void> {
  const { db } = deps;
  const { productId: _id } = product.entry;
  const imported = textOf(product);
  if (!product.isSold) {
    const disabled = notAvailable(deps, by);
    const first = { _id, disabled: null, imported: { $exists: false } };
    await db.products.updateOne(first, { $set: { imported, disabled } });
  }
  await db.products.updateOne({ _id }, { $set: { imported } });
}

function notAvailable({ now }: { now: () => string }, by: string) {
  return { note: 'Not available in the old shop', at: now(), by };
}

/** As text: names of its fields may hold dots and dollars, which the database reads as paths. */
function textOf({ document }: OldProduct): string {
  return JSON.stringify(document);
}
