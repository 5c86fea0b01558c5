import type { Collections } from '../database.ts';
import type { MatchPolicy } from '../domain/package-name.ts';
import { importProducts, parseCatalogue } from '../orders/import-products.ts';
import { leafPaths, type OldProduct, readIpstocks } from './read-ipstocks.ts';

/** One document of the old shop and what becomes of it. */
interface ImportLine {
  productId: string;
  name: string;
  packageName: string;
  sizes: { ramGb: number; pricePaise: number }[];
  isNew: boolean;
  isSold: boolean;
  /** Fields that became members of the product, and those that are kept beside it as they were. */
  mapped: string[];
  kept: string[];
  lost: string[];
}

/** What an import did, or would do (`dryRun`). */
export interface IpstocksReport {
  dryRun: boolean;
  lines: ImportLine[];
  lost: number;
}

/**
 * Brings an export of the old shop's `ipstocks` into the catalogue. Every document is kept whole beside its product, so
 * no field is lost; that is looked at, not assumed. Safe to repeat. @throws with every problem, before anything is written.
 */
export async function importIpstocks(
  deps: { db: Pick<Collections, 'products' | 'packages'>; now: () => string },
  input: {
    documents: unknown;
    dryRun: boolean;
    by: string;
    defaults: { matchPolicy: MatchPolicy; reserve: number };
  },
): Promise<IpstocksReport> {
  const { db } = deps;
  const { dryRun, by, defaults } = input;
  const old = readIpstocks(input.documents);
  const entries = parseCatalogue(old.map(({ entry }) => entry));
  // By the document that is kept, so that an import which broke off goes on where it stopped.
  const known = new Set((await keptProducts(db)).map(({ _id }) => _id));
  if (!dryRun) {
    await importProducts({ db, entries, defaults });
    for (const product of old) await keepDocument(deps, { product, by });
  }
  const stored = dryRun ? [] : await keptProducts(db);
  const lines = old.map((product): ImportLine => {
    const { productId, name, packageName, sizes } = product.entry;
    const found = stored.find(({ _id }) => _id === productId);
    const imported = dryRun ? product.document : found?.imported;
    return {
      ...{ productId, name, packageName, sizes },
      isNew: !known.has(productId),
      isSold: product.isSold,
      ...fieldsOf(product, imported),
    };
  });
  return { dryRun, lines, lost: lines.reduce((sum, { lost }) => sum + lost.length, 0) };
}

function keptProducts(db: Parameters<typeof importIpstocks>[0]['db']) {
  return db.products.find({ imported: { $exists: true } }).toArray();
}

/** The first time the sale is taken over as well; later a person's word stands. */
async function keepDocument(
  { db, now }: Parameters<typeof importIpstocks>[0],
  { product, by }: { product: OldProduct; by: string },
): Promise<void> {
  const { productId: _id } = product.entry;
  // As text: names of its fields may hold dots and dollars, which the database reads as paths.
  const imported = JSON.stringify(product.document);
  if (!product.isSold) {
    const disabled = { note: 'Not available in the old shop', at: now(), by };
    const first = { _id, disabled: null, imported: { $exists: false } };
    await db.products.updateOne(first, { $set: { imported, disabled } });
  }
  await db.products.updateOne({ _id }, { $set: { imported } });
}

function fieldsOf(product: OldProduct, imported: unknown): Pick<ImportLine, 'mapped' | 'kept' | 'lost'> {
  const { mapped, document } = product;
  const stored = new Set(leafPaths(typeof imported === 'string' ? JSON.parse(imported) : (imported ?? {})));
  const paths = leafPaths(document);
  const isMapped = (path: string) => mapped.some((field) => path === field || path.startsWith(`${field}.`));
  const others = paths.filter((path) => !isMapped(path));
  return {
    mapped,
    kept: others.filter((path) => stored.has(path)),
    lost: paths.filter((path) => !stored.has(path)),
  };
}
