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
  /** Its `_id` in the old shop, by which it is found again. */
  documentId: string;
  document: Record<string, unknown>;
  /** Paths of the fields that name its package, where it has them. */
  packageFields: { packageName: string | null; packageId: string | null };
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
const documentId = z.union([z.string(), z.looseObject({ $oid: z.string() }).transform(({ $oid }) => $oid)]);
const document = z.looseObject({
  _id: documentId,
  name: z.string().trim().min(1),
  available: z.boolean().optional(),
  memoryOptions: z.union([z.array(memory), z.record(z.string(), option)]),
  defaultConfigurations: z.looseObject({ smartvps: z.looseObject({}).optional() }).optional(),
});
type OldDocument = z.output<typeof document>;

/**
 * Reads an export of `ipstocks` (a JSON array). Names carry decoration, prices are rupees. `known` has the product of
 * each document that was imported before: it keeps its id, whatever stands beside it in the file. @throws with every
 * problem.
 */
export function readIpstocks(json: unknown, known: ReadonlyMap<string, string> = new Map()): OldProduct[] {
  if (!Array.isArray(json))
    throw new Error('Failed to read the old stock: it is not a JSON array of documents.');
  const problems: string[] = [];
  const drafts = json.flatMap((raw: unknown, index): Draft[] => {
    const parsed = document.safeParse(raw);
    const told = parsed.success
      ? draftOf(parsed.data, raw as Record<string, unknown>)
      : parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`).join('; ');
    if (typeof told !== 'string') return [{ ...told, index }];
    problems.push(`Document ${index}: ${told}`);
    return [];
  });
  const ids = nameProducts(drafts, known, problems);
  if (problems.length > 0)
    throw new Error(`Failed to read the old stock:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
  return drafts.map(({ index: _, entry, ...draft }) => ({
    ...draft,
    entry: { productId: ids.get(draft.documentId) ?? '', ...entry },
  }));
}

interface Draft extends Omit<OldProduct, 'entry'> {
  index: number;
  entry: Omit<OldProduct['entry'], 'productId'>;
}

/**
 * The product ids by document: the one it has; else the package's, which of several documents the one with the lowest
 * `_id` gets; else with the end of its own `_id`. An id that another document owns is nobody else's.
 */
function nameProducts(
  drafts: readonly Draft[],
  known: ReadonlyMap<string, string>,
  problems: string[],
): Map<string, string> {
  const owners = new Map([...known].map(([documentId, productId]) => [productId, documentId]));
  const ids = new Map<string, string>();
  const byId = [...drafts].sort((a, b) => (a.documentId < b.documentId ? -1 : 1));
  for (const { index, documentId, entry } of byId) {
    if (ids.has(documentId)) {
      problems.push(`Document ${index}: its _id "${documentId}" is there more than once`);
      continue;
    }
    const plain = `vps-${entry.packageName.replaceAll('.', '-')}`;
    const wished = [plain, `${plain}-${documentId.slice(-6)}`];
    const isFree = (id: string) => (owners.get(id) ?? documentId) === documentId;
    const productId = known.get(documentId) ?? wished.find(isFree);
    if (productId === undefined) {
      problems.push(`Document ${index}: the product ids ${wished.join(' and ')} belong to other documents`);
      continue;
    }
    owners.set(productId, documentId);
    ids.set(documentId, productId);
  }
  return ids;
}

/** The product without its id, or why it cannot be one. */
function draftOf(old: OldDocument, raw: Record<string, unknown>): Omit<Draft, 'index'> | string {
  const smartvps = (old.defaultConfigurations?.smartvps ?? {}) as Record<string, unknown>;
  const at = 'defaultConfigurations.smartvps';
  const named = findText(smartvps, ['ip', 'package', 'name'], (text) => parsePackageName(text) !== undefined);
  const packageName = named?.text ?? extractPackageName(old.name);
  if (packageName === undefined) return `no package can be found in its name "${old.name}" or in ${at}`;
  const id = findText(smartvps, ['pid', 'packageId', 'id']);
  const sizes = sizesOf(old.memoryOptions);
  if (typeof sizes === 'string') return sizes;
  return {
    entry: {
      name: old.name,
      supplier: 'smartvps',
      packageName,
      ...(id ? { packageId: id.text } : {}),
      sizes,
    },
    isSold: old.available !== false,
    documentId: old._id,
    document: raw,
    packageFields: {
      packageName: named ? `${at}.${named.key}` : null,
      packageId: id ? `${at}.${id.key}` : null,
    },
  };
}

/** The `_id` of a document of the old shop, as it came; undefined where it has none that is readable. */
export function documentIdOf(raw: unknown): string | undefined {
  const parsed = z.looseObject({ _id: documentId }).safeParse(raw);
  return parsed.success ? parsed.data._id : undefined;
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
