import { z } from 'zod';
import type { PackageStock } from '../supplier.ts';
import { parseReplyJson } from './unwrap-text.ts';

const largestCount = 10_000_000;

const idSchema = z
  .union([z.int().nonnegative().transform(String), z.string().trim().min(1)], { error: 'id is missing' })
  .refine((id) => id.length <= 100, { error: 'id is too long' });

const countSchema = z
  .union(
    [
      z.number(),
      z
        .string()
        .trim()
        .regex(/^\d{1,8}$/)
        .transform(Number),
    ],
    {
      error: 'ipv4 is not a whole number',
    },
  )
  .refine((count) => Number.isInteger(count) && count >= 0 && count <= largestCount, {
    error: 'ipv4 is not a whole number from 0 up',
  });

const packageSchema = z.object(
  {
    id: idSchema,
    name: z.string({ error: 'name is missing' }).trim().min(1, { error: 'name is empty' }),
    ipv4: countSchema,
    status: z.unknown().optional(),
  },
  { error: 'it is no object' },
);

const stockSchema = z.object({ packages: z.array(z.unknown()) });

interface StockList {
  packages: PackageStock[];
  skipped: string[];
}

/**
 * Reads the reply of `ipstock`, which is JSON at one to three levels of quoting and writes counts as numbers or
 * as text. Entries that cannot be read are skipped and told; undefined where the whole is no stock list.
 */
export function readStockReply(text: string): StockList | undefined {
  const reply = stockSchema.safeParse(parseReplyJson(text));
  if (!reply.success) return undefined;
  const list: StockList = { packages: [], skipped: [] };
  for (const [index, entry] of reply.data.packages.entries()) {
    const parsed = packageSchema.safeParse(entry);
    if (parsed.success) {
      const { id, name, ipv4, status } = parsed.data;
      list.packages.push({
        packageId: id,
        name,
        available: ipv4,
        status: typeof status === 'string' ? status : '',
      });
    } else {
      const why = parsed.error.issues.map((issue) => issue.message).join(', ');
      list.skipped.push(`entry ${index + 1}${nameOf(entry)}: ${why}`);
    }
  }
  return list;
}

function nameOf(entry: unknown): string {
  const name = z.object({ name: z.string() }).safeParse(entry).data?.name;
  return name === undefined ? '' : ` (${name.slice(0, 60)})`;
}
