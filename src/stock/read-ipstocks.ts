import { z } from 'zod';
import { extractPackageName, parsePackageName } from '../domain/package-name.ts';

/** A document of the old shop's collection `ipstocks`, as a product of ours. */
export interface OldProduct {
  /** An entry of a catalogue file. */
  entry: {
    productId: string;
    name: string;
    supplier: 'smartvps';
    packageName: string;
    packageId?: string;
    sizes: { ramGb: number; pricePaise: number }[];
  };
  isSold: boolean;
  document: Record<string, unknown>;
  /** Paths of fields that became members of the product; the others are kept as they are. */
  mapped: string[];
}

const price = z
  .union([
    z.number(),
    z
      .string()
      .trim()
      .regex(/^\d+(\.\d{1,2})?$/)
      .transform(Number),
  ])
  .refine((rupees) => rupees > 0, { error: 'is not a price' });
const option = z.union([price, z.looseObject({ price }).transform((given) => given.price)]);
const memory = z.looseObject({ price, ram: z.unknown().optional(), memory: z.unknown().optional() });
const document = z.looseObject({
  _id: z.union([z.string(), z.looseObject({ $oid: z.string() }).transform(({ $oid }) => $oid)]),
  name: z.string().trim().min(1),
  available: z.boolean().optional(),
  memoryOptions: z.union([z.array(memory), z.record(z.string(), option)]),
  defaultConfigurations: z.looseObject({ smartvps: z.looseObject({}).optional() }).optional(),
});
type OldDocument = z.output<typeof document>;

/** Reads an export of `ipstocks` (a JSON array). Names carry decoration, prices are rupees. @throws with every problem. */
export function readIpstocks(json: unknown): OldProduct[] {
  if (!Array.isArray(json))
    throw new Error('Failed to read the old stock: it is not a JSON array of documents.');
  const problems: string[] = [];
  const taken = new Set<string>();
  const products = json.flatMap((raw: unknown, index): OldProduct[] => {
    const parsed = document.safeParse(raw);
    const told = parsed.success
      ? productOf(parsed.data, raw as Record<string, unknown>, taken)
      : parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`).join('; ');
    if (typeof told !== 'string') return [told];
    problems.push(`Document ${index}: ${told}`);
    return [];
  });
  if (problems.length === 0) return products;
  throw new Error(`Failed to read the old stock:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
}

/** The product, or why it cannot be one. */
function productOf(old: OldDocument, raw: Record<string, unknown>, taken: Set<string>): OldProduct | string {
  const smartvps = (old.defaultConfigurations?.smartvps ?? {}) as Record<string, unknown>;
  const at = 'defaultConfigurations.smartvps';
  const named = findText(smartvps, ['ip', 'package', 'name'], (text) => parsePackageName(text) !== undefined);
  const packageName = named?.text ?? extractPackageName(old.name);
  if (packageName === undefined) return `no package can be found in its name "${old.name}" or in ${at}`;
  const id = findText(smartvps, ['pid', 'packageId', 'id']);
  const sizes = sizesOf(old.memoryOptions);
  if (typeof sizes === 'string') return sizes;
  const plain = `vps-${packageName.replaceAll('.', '-')}`;
  const productId = taken.has(plain) ? `${plain}-${old._id.slice(-6)}` : plain;
  taken.add(productId);
  const mapped = ['_id', 'name', 'memoryOptions'];
  if (old.available !== undefined) mapped.push('available');
  for (const found of [named, id]) if (found) mapped.push(`${at}.${found.key}`);
  return {
    entry: {
      productId,
      name: old.name,
      supplier: 'smartvps',
      packageName,
      ...(id ? { packageId: id.text } : {}),
      sizes,
    },
    isSold: old.available !== false,
    document: raw,
    mapped,
  };
}

function findText(
  from: Record<string, unknown>,
  keys: string[],
  fits: (text: string) => boolean = (text) => text !== '',
): { key: string; text: string } | undefined {
  for (const key of keys) {
    const value = from[key];
    const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
    if (fits(text)) return { key, text };
  }
  return undefined;
}

/** `{"8GB": {"price": 899}}`, `{"8GB": 899}` or `[{"ram": "8", "price": 899}]`. */
function sizesOf(options: OldDocument['memoryOptions']): { ramGb: number; pricePaise: number }[] | string {
  const named = Array.isArray(options)
    ? options.map((one) => [String(one.ram ?? one.memory ?? ''), one.price] as const)
    : Object.entries(options);
  if (named.length === 0) return 'memoryOptions is empty';
  const wrong = named.find(([label]) => ramOf(label) === undefined);
  if (wrong) return `memoryOptions: "${wrong[0]}" is no memory in GB`;
  return named.map(([label, rupees]) => ({
    ramGb: ramOf(label) ?? 0,
    pricePaise: Math.round(rupees * 100),
  }));
}

function ramOf(label: string): number | undefined {
  const digits = /^(\d{1,3})\s*(?:gb|g)?(?:\s*ram)?$/i.exec(label.trim())?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Paths of every value in a document, `a.b.0`; an empty object or list is a value. */
export function leafPaths(value: unknown, path = ''): string[] {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length === 0) return [path];
  return entries.flatMap(([key, inner]) => leafPaths(inner, path === '' ? key : `${path}.${key}`));
}
