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

const documentId = z.union([z.string(), z.looseObject({ $oid: z.string() }).transform(({ $oid }) => $oid)], {
  error: 'is missing, or neither a text nor {"$oid": "..."}',
});
const inner = z.looseObject({}, { error: 'is not an object' });
const document = z.looseObject(
  {
    _id: documentId,
    name: z.string({ error: 'is missing or not a text' }).trim().min(1, { error: 'is empty' }),
    available: z.boolean({ error: 'is not true or false' }).optional(),
    memoryOptions: z.unknown(),
    defaultConfigurations: z
      .looseObject({ smartvps: inner.optional() }, { error: 'is not an object' })
      .optional(),
  },
  { error: 'is not a document' },
);
type OldDocument = z.output<typeof document>;

const wayOut =
  'Nothing was imported. Correct the file, or export it again (mongoexport --jsonArray --jsonFormat=relaxed), and look at it with --dry-run.';

/**
 * Reads an export of `ipstocks` (a JSON array). Names carry decoration, prices are rupees. `known` has the product of
 * each document that was imported before: it keeps its id, whatever stands beside it in the file. @throws with every
 * problem.
 */
export function readIpstocks(json: unknown, known: ReadonlyMap<string, string> = new Map()): OldProduct[] {
  if (!Array.isArray(json))
    throw new Error(`Failed to read the old stock: it is not a JSON array of documents. ${wayOut}`);
  const problems: string[] = [];
  const drafts = json.flatMap((raw: unknown, index): Draft[] => {
    const parsed = document.safeParse(raw);
    const told = parsed.success
      ? draftOf(parsed.data, raw as Record<string, unknown>)
      : parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'} ${message}`).join('; ');
    if (typeof told !== 'string') return [{ ...told, index }];
    problems.push(`Document ${index}${nameOf(raw)}: ${told}`);
    return [];
  });
  const ids = nameProducts(drafts, known, problems);
  if (problems.length > 0)
    throw new Error(
      `Failed to read the old stock:\n${problems.map((problem) => `- ${problem}.`).join('\n')}\n${wayOut}`,
    );
  return drafts.map(({ index: _, entry, ...draft }) => ({
    ...draft,
    entry: { productId: ids.get(draft.documentId) ?? '', ...entry },
  }));
}

/** A number alone says little in a file of hundreds. */
function nameOf(raw: unknown): string {
  const { name, _id } = z.object({ name: z.unknown(), _id: z.unknown() }).partial().safeParse(raw).data ?? {};
  const told = [name, documentId.safeParse(_id).data].find((one) => typeof one === 'string');
  return told === undefined ? '' : ` (${JSON.stringify(String(told).slice(0, 60))})`;
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
  const odd = ['pid', 'packageId'].find((key) => typeof (smartvps[key] ?? '') === 'object');
  if (odd !== undefined) return `${at}.${odd} is not a text or a number: ${shown(smartvps[odd])}`;
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

type Size = OldProduct['entry']['sizes'][number];

/** `{"8GB": {"price": 899}}`, `{"8GB": 899}` or `[{"ram": "8", "price": 899}]`; or what is wrong with them. */
function sizesOf(options: unknown): Size[] | string {
  if (typeof options !== 'object' || options === null)
    return 'memoryOptions is missing, or neither an object such as {"8GB": 899} nor a list of {"ram", "price"}';
  const read = Object.entries(options).map(([key, option]) =>
    readOption({ key, option, isListed: Array.isArray(options) }),
  );
  const problems = read.filter((one) => typeof one === 'string');
  if (problems.length > 0) return problems.join('; ');
  const sizes = read.filter((one) => typeof one !== 'string');
  if (sizes.length === 0) return 'memoryOptions is empty';
  const twice = sizes.find(({ ramGb }, index) => sizes.findIndex((one) => one.ramGb === ramGb) < index);
  return twice ? `memoryOptions names ${twice.ramGb} GB twice` : sizes;
}

function readOption(input: { key: string; option: unknown; isListed: boolean }): Size | string {
  const { key, option, isListed } = input;
  const at = `memoryOptions.${key}`;
  const members = z.looseObject({}).safeParse(option).data;
  if (isListed && members === undefined) return `${at} is not an object {"ram", "price"}: ${shown(option)}`;
  const label = isListed ? String(members?.ram ?? members?.memory ?? '') : key;
  const ramGb = ramOf(label);
  if (ramGb === undefined)
    return `${isListed ? `${at}.ram` : 'memoryOptions'}: "${label}" is no memory in GB`;
  const price = members === undefined ? option : members.price;
  const pricePaise = paiseOf(price);
  const where = members === undefined ? at : `${at}.price`;
  if (pricePaise === undefined)
    return `${where} is not a price in rupees above 0 with at most two decimals: ${shown(price)}`;
  return { ramGb, pricePaise };
}

/** No server costs more; what does is written in paise, or is no price. */
const mostRupees = 10_000_000;

function paiseOf(price: unknown): number | undefined {
  const text = typeof price === 'number' ? String(price) : price;
  if (typeof text !== 'string' || !/^\d+(\.\d{1,2})?$/.test(text.trim())) return undefined;
  const rupees = Number(text);
  return rupees > 0 && rupees <= mostRupees ? Math.round(rupees * 100) : undefined;
}

function ramOf(label: string): number | undefined {
  const digits = /^(\d{1,3})\s*(?:gb|g)?(?:\s*ram)?$/i.exec(label.trim())?.[1];
  return digits === undefined || Number(digits) === 0 ? undefined : Number(digits);
}

function shown(value: unknown): string {
  return value === undefined ? 'it is missing' : JSON.stringify(value).slice(0, 60);
}
