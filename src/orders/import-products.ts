import { z } from 'zod';
import { type Collections, insertOnce } from '../database.ts';
import { leastAmountPaise } from '../domain/discount.ts';
import type { SupplierName } from '../domain/order.ts';
import { type MatchPolicy, parsePackageName } from '../domain/package-name.ts';
import { type PackageDocument, type ProductDocument, packageDocumentId } from './catalogue.ts';

/** The catalogue cannot be imported; `problems` holds one sentence each, and nothing was written. */
export class CatalogueError extends Error {
  readonly code = 'badCatalogue';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Failed to import the catalogue:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.name = 'CatalogueError';
    this.problems = problems;
  }
}

const line = (longest: number) =>
  z
    .string({ error: 'is missing or not a text' })
    .trim()
    .regex(new RegExp(`^[^\\p{Cc}\\p{Cs}]{1,${longest}}$`, 'u'), {
      error: `is not a line of 1 to ${longest} characters`,
    });

const wholeNumber = (what: string, lowest: number) =>
  z.int({ error: `is missing or not ${what}` }).min(lowest, { error: `is below ${lowest}` });

const size = z.strictObject(
  {
    ramGb: wholeNumber('a whole number of GB', 1),
    // No gateway takes less: such a product could never be paid.
    pricePaise: wholeNumber('a whole number of paise', leastAmountPaise),
  },
  { error: memberError('is not an object {ramGb, pricePaise}') },
);

const entry = z
  .strictObject(
    {
      productId: z.string({ error: 'is missing or not a text' }).regex(/^[A-Za-z0-9._-]{1,64}$/, {
        error: 'is not 1 to 64 letters, digits, dots, dashes and underscores',
      }),
      name: line(200),
      supplier: z.enum(['smartvps', 'hostycare'], { error: 'is not "smartvps" or "hostycare"' }),
      packageName: line(100),
      packageId: z
        .union([z.string().trim().min(1), z.int().transform(String)], {
          error: 'is not a text or a whole number',
        })
        .optional(),
      matchPolicy: z
        .enum(['exact', 'sameNetwork16'], { error: 'is not "exact" or "sameNetwork16"' })
        .optional(),
      reserve: wholeNumber('a whole number', 0).optional(),
      sizes: z.array(size, { error: 'is missing or not a list' }).min(1, { error: 'is empty' }),
    },
    { error: memberError('is not an object') },
  )
  .superRefine((product, context) => {
    if (product.supplier === 'smartvps' && parsePackageName(product.packageName) === undefined) {
      const message = `is not a SmartVPS package such as 103.181.91: "${product.packageName}"`;
      context.addIssue({ code: 'custom', path: ['packageName'], message });
    }
    for (const ramGb of duplicatesOf(product.sizes.map((item) => item.ramGb))) {
      context.addIssue({ code: 'custom', path: ['sizes'], message: `names ${ramGb} GB twice` });
    }
  });

/** One product of a catalogue file; prices are integer paise. */
export type CatalogueEntry = z.output<typeof entry>;

function memberError(otherwise: string): (issue: { code?: string; keys?: unknown }) => string {
  return (issue) =>
    issue.code === 'unrecognized_keys' ? `has members that are not known: ${String(issue.keys)}` : otherwise;
}

function duplicatesOf<T>(values: readonly T[]): T[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}

/** Reads a catalogue file's JSON. Throws one `CatalogueError` that names every problem by index and field. */
export function parseCatalogue(json: unknown): CatalogueEntry[] {
  const parsed = z.array(entry, { error: 'is not a JSON array of products' }).safeParse(json);
  const problems = parsed.success ? [] : parsed.error.issues.map(describeIssue);
  problems.push(...duplicateProducts(json));
  if (!parsed.success || problems.length > 0) throw new CatalogueError(problems);
  return parsed.data;
}

function describeIssue({ path, message }: z.core.$ZodIssue): string {
  const [index, ...members] = path;
  if (index === undefined) return `The catalogue ${message}.`;
  const field = members.length === 0 ? '' : ` ${members.join('.')}`;
  return `Product ${String(index)}:${field} ${message}.`;
}

/** Looked for in the raw list, so that duplicates are named even where a product has other problems. */
function duplicateProducts(json: unknown): string[] {
  if (!Array.isArray(json)) return [];
  const ids = json.map((item): unknown =>
    typeof item === 'object' && item !== null ? item.productId : undefined,
  );
  return duplicatesOf(ids.filter((id) => typeof id === 'string')).map((id) => {
    const indexes = ids.flatMap((other, index) => (other === id ? [index] : []));
    return `Products ${indexes.join(', ')}: productId "${id}" is there more than once.`;
  });
}

type Rows = Pick<Collections, 'products' | 'packages'>;

export interface ImportDeps {
  db: Rows;
  entries: readonly CatalogueEntry[];
  /** The policy's values for products that do not say. */
  defaults: { matchPolicy: MatchPolicy; reserve: number };
  /** Products that are not to be sold from the moment they are there; those that are there already are left. */
  unsold?: ReadonlyMap<string, ProductDocument['disabled']>;
}

export interface ImportCounts {
  created: number;
  updated: number;
  unchanged: number;
}

/**
 * Brings products and packages up to the catalogue; safe to repeat. A package that is known by its `packageId`
 * keeps its key (lock and fence) when its name has changed. Products that the file leaves out stay, and a
 * disabled product stays disabled. Throws `CatalogueError` before anything is written.
 */
export async function importProducts({
  db,
  entries,
  defaults,
  unsold = new Map(),
}: ImportDeps): Promise<ImportCounts> {
  const plans = planPackages({ entries, known: await db.packages.find().toArray() });
  const counts: ImportCounts = { created: 0, updated: 0, unchanged: 0 };
  for (const { product, pool, isKnown } of plans) {
    if (!isKnown) await savePackage({ db, pool });
    const disabled = unsold.get(product.productId) ?? null;
    counts[await saveProduct({ db, product: productOf({ product, pool, defaults }), disabled })] += 1;
  }
  return counts;
}

/** A product with its package, as far as a catalogue says. */
export interface PlannedProduct extends Pick<ProductDocument, 'name' | 'sizes' | 'packageKey'> {
  packageName: string;
  packageId: string | null;
}

/** What an import would make of each entry, by `productId`; nothing is written. @throws CatalogueError as the import. */
export async function previewProducts({
  db,
  entries,
  defaults,
}: ImportDeps): Promise<Map<string, PlannedProduct>> {
  const plans = planPackages({ entries, known: await db.packages.find().toArray() });
  return new Map(
    plans.map(({ product, pool }) => [
      product.productId,
      plannedOf(productOf({ product, pool, defaults }).fields, pool),
    ]),
  );
}

/** The same of what is stored. */
export function plannedOf(
  { name, sizes, packageKey }: Pick<ProductDocument, 'name' | 'sizes' | 'packageKey'>,
  { name: packageName, packageId }: PackageDocument,
): PlannedProduct {
  return { name, sizes, packageKey, packageName, packageId };
}

interface Plan {
  product: CatalogueEntry;
  pool: PackageDocument;
  /** True where the stored package says the same already: a sync may be writing it just now. */
  isKnown: boolean;
}

function planPackages(input: { entries: readonly CatalogueEntry[]; known: PackageDocument[] }): Plan[] {
  const pools = [...input.known];
  const problems: string[] = [];
  const plans = input.entries.map((product, index): Plan => {
    const other = input.entries
      .slice(0, index)
      .findIndex((one) => isSameIdOfOther(one, product, input.known));
    if (other >= 0) {
      const { packageId, packageName } = product;
      problems.push(
        `Product ${index}: packageId ${packageId} is package "${input.entries[other]?.packageName}" in product ${other}, and "${packageName}" here. Correct the file: ask the supplier which package has this id.`,
      );
    }
    const known = findPackage({ product, pools });
    const pool = known === null ? newPackage(product) : updatedPackage({ product, known });
    if (known !== null && isOtherPackage({ product, known })) {
      problems.push(
        `Product ${index}: package "${product.packageName}" is known with packageId ${known.packageId}, not ${product.packageId}. Correct the file, or ask the supplier which package has this name now.`,
      );
    }
    pools.splice(known === null ? pools.length : pools.indexOf(known), 1, pool);
    return { product, pool, isKnown: pool === known };
  });
  if (problems.length > 0) throw new CatalogueError(problems);
  return plans;
}

/** True where two entries give one id to two packages: neither is the other's new name, as far as anything is stored. */
function isSameIdOfOther(
  one: CatalogueEntry,
  other: CatalogueEntry,
  known: readonly PackageDocument[],
): boolean {
  const { supplier, packageId } = other;
  if (packageId === undefined || one.supplier !== supplier || one.packageId !== packageId) return false;
  if (one.packageName === other.packageName) return false;
  const pool = known.find((stored) => stored.supplier === supplier && stored.packageId === packageId);
  const isName = (name: string) => name === pool?.packageKey || name === pool?.name;
  return !(isName(one.packageName) && isName(other.packageName));
}

/** By id, which survives renames; else by its key; else by the name that a sync gave it since. */
function findPackage(input: {
  product: CatalogueEntry;
  pools: readonly PackageDocument[];
}): PackageDocument | null {
  const { supplier, packageId, packageName } = input.product;
  const pools = input.pools.filter((pool) => pool.supplier === supplier);
  return (
    (packageId === undefined ? undefined : pools.find((pool) => pool.packageId === packageId)) ??
    pools.find((pool) => pool.packageKey === packageName) ??
    pools.find((pool) => pool.name === packageName) ??
    null
  );
}

function isOtherPackage({ product, known }: { product: CatalogueEntry; known: PackageDocument }): boolean {
  return product.packageId !== undefined && known.packageId !== null && known.packageId !== product.packageId;
}

function newPackage({ supplier, packageName, packageId }: CatalogueEntry): PackageDocument {
  return {
    _id: packageDocumentId({ supplier, packageKey: packageName }),
    supplier,
    packageKey: packageName,
    name: packageName,
    packageId: packageId ?? null,
    counts: null,
    dry: null,
  };
}

function updatedPackage({
  product,
  known,
}: {
  product: CatalogueEntry;
  known: PackageDocument;
}): PackageDocument {
  const { packageId, packageName: name } = product;
  if (packageId === undefined || (packageId === known.packageId && name === known.name)) return known;
  return { ...known, packageId, name };
}

async function savePackage({ db, pool }: { db: Rows; pool: PackageDocument }): Promise<void> {
  if (await insertOnce(db.packages, pool)) return;
  const { name, packageId } = pool;
  await db.packages.updateOne({ _id: pool._id }, { $set: { name, packageId } });
}

type ProductFields = Omit<ProductDocument, '_id' | 'disabled'>;

interface ImportedProduct {
  productId: string;
  fields: ProductFields;
  namesReserve: boolean;
}

function productOf(input: {
  product: CatalogueEntry;
  pool: { supplier: SupplierName; packageKey: string };
  defaults: ImportDeps['defaults'];
}): ImportedProduct {
  const { product, pool, defaults } = input;
  const fields = {
    name: product.name,
    supplier: product.supplier,
    packageKey: pool.packageKey,
    matchPolicy: product.matchPolicy ?? defaults.matchPolicy,
    reserve: product.reserve ?? defaults.reserve,
    sizes: product.sizes.map(({ ramGb, pricePaise }) => ({ ramGb, pricePaise })),
  };
  return { productId: product.productId, fields, namesReserve: product.reserve !== undefined };
}

async function saveProduct(input: {
  db: Rows;
  product: ImportedProduct;
  disabled: ProductDocument['disabled'];
}): Promise<keyof ImportCounts> {
  const { db, disabled } = input;
  const { productId, fields } = input.product;
  if (await insertOnce(db.products, { _id: productId, ...fields, disabled })) return 'created';
  const stored = await db.products.findOne({ _id: productId });
  const keepsReserve = stored?.reserveByHand === true && !input.product.namesReserve;
  const wanted = keepsReserve ? { ...fields, reserve: stored.reserve } : fields;
  if (stored !== null && isSame({ stored, fields: wanted })) return 'unchanged';
  await db.products.updateOne({ _id: productId }, { $set: wanted });
  return 'updated';
}

function isSame({ stored, fields }: { stored: ProductDocument; fields: ProductFields }): boolean {
  const { name, supplier, packageKey, matchPolicy, reserve, sizes } = stored;
  const old = { name, supplier, packageKey, matchPolicy, reserve, sizes };
  return JSON.stringify(old) === JSON.stringify(fields);
}
