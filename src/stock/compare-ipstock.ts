import type { PlannedProduct } from '../orders/import-products.ts';
import type { OldProduct } from './read-ipstocks.ts';

/** What became of each field of a document. */
export interface FieldsOfDocument {
  /** Became members of the product, which says the same. */
  mapped: string[];
  /** Kept beside the product as they were. */
  kept: string[];
  /** Not there any more, or the product says something else. */
  lost: string[];
}

/**
 * Looks every value of a document up again: in the kept document, and where it became a member of the product, there.
 * Names, sizes and prices are read anew from the document as it came, not from what was made of it.
 */
export function compareIpstock(
  { document, packageFields }: OldProduct,
  { kept, product }: { kept: unknown; product: PlannedProduct | null },
): FieldsOfDocument {
  const leaves = leavesOf(document);
  const keptLeaves = leavesOf(kept);
  const fields: FieldsOfDocument = { mapped: [], kept: [], lost: [] };
  for (const [path, value] of leaves) {
    const isKept = keptLeaves.has(path) && JSON.stringify(keptLeaves.get(path)) === JSON.stringify(value);
    const agrees = isSaidBy(product, { path, value, leaves, packageFields });
    if (!isKept || agrees === false) fields.lost.push(path);
    else fields[agrees ? 'mapped' : 'kept'].push(path);
  }
  return fields;
}

/** Whether the product says what the field says; null for a field that is no member of a product. */
function isSaidBy(
  product: PlannedProduct | null,
  field: {
    path: string;
    value: unknown;
    leaves: ReadonlyMap<string, unknown>;
    packageFields: OldProduct['packageFields'];
  },
): boolean | null {
  const { path, value, packageFields } = field;
  const text = String(value).trim();
  if (path === '_id' || path.startsWith('_id.') || path === 'available') return product !== null;
  if (path === 'name') return product?.name === text;
  if (path === packageFields.packageName)
    return product?.packageKey === text || product?.packageName === text;
  if (path === packageFields.packageId) return product?.packageId === text;
  return path.startsWith('memoryOptions.') ? hasOption(product?.sizes ?? [], field) : null;
}

/** `memoryOptions.8GB`, `memoryOptions.8GB.price`, or `.0.price` beside `.0.ram`; what else an option has is kept. */
function hasOption(
  sizes: PlannedProduct['sizes'],
  { path, value, leaves }: { path: string; value: unknown; leaves: ReadonlyMap<string, unknown> },
): boolean | null {
  const [, option = '', member = 'price'] = path.split('.');
  const ofOption = (name: string) => leaves.get(`memoryOptions.${option}.${name}`);
  const ramGb = Number.parseInt(String(ofOption('ram') ?? ofOption('memory') ?? option), 10);
  const size = sizes.find((candidate) => candidate.ramGb === ramGb);
  if (member === 'ram' || member === 'memory') return size !== undefined;
  return member === 'price' ? size?.pricePaise === Math.round(Number(value) * 100) : null;
}

/** Paths and values of a document, `a.b.0`; an empty object or list is a value. */
export function leavesOf(value: unknown, path = ''): Map<string, unknown> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length === 0) return new Map([[path, value]]);
  return new Map(
    entries.flatMap(([key, inner]) => [...leavesOf(inner, path === '' ? key : `${path}.${key}`)]),
  );
}
