import { z } from 'zod';
import { type Collections, insertOnce } from '../database.ts';
import type { SupplierName } from '../domain/order.ts';
import { isPublicIpv4 } from '../domain/package-name.ts';
import { isLiving, retire, type ServerDocument, type TenancyState } from './server-document.ts';
import { serverId } from './tenancies.ts';

/** The list of older servers cannot be imported; `problems` holds one sentence each, and nothing was written. */
export class ForeignServersError extends Error {
  readonly code = 'badServerList';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Failed to import the servers:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.name = 'ForeignServersError';
    this.problems = problems;
  }
}

const address = z
  .string({ error: 'is not an address' })
  .trim()
  .refine(isPublicIpv4, { error: 'is not a public IPv4 address' });
const entry = z.union([
  address.transform((ip) => ({ ip })),
  z.strictObject({ ip: address, note: z.string().optional() }),
]);

/** Reads a JSON array of addresses or {ip, note?}. @throws ForeignServersError naming every problem by its index. */
export function parseForeignServers(json: unknown): string[] {
  if (!Array.isArray(json)) throw new ForeignServersError(['The file is not a JSON array of addresses.']);
  const read = json.map((item, index) => ({ index, result: entry.safeParse(item) }));
  const problems = read.flatMap(({ index, result }) =>
    result.success ? [] : [`Server ${index}: is not a public IPv4 address or {"ip": "...", "note": "..."}.`],
  );
  const addresses = read.flatMap(({ result }) => (result.success ? [result.data.ip] : []));
  if (problems.length > 0) throw new ForeignServersError(problems);
  return [...new Set(addresses)];
}

export interface ForeignImport {
  /** Addresses that are recorded as foreign by this import. */
  recorded: number;
  /** Addresses that had a tenancy already: left as they are. */
  left: { ip: string; state: string }[];
}

/**
 * Records the shop's older servers on the supplier's account as `foreign`, and that they are known now; an empty list
 * says that there are none. An address that somebody holds stays as it is; of one that came back to the supplier after
 * its month, the old tenancy moves to the row's history. Safe to repeat.
 */
export async function importForeignServers(
  deps: { db: Pick<Collections, 'servers' | 'settings'>; now: () => string },
  input: { supplier: SupplierName; addresses: readonly string[]; by: string },
): Promise<ForeignImport> {
  const { db } = deps;
  const { supplier, addresses, by } = input;
  const at = deps.now();
  const result: ForeignImport = { recorded: 0, left: [] };
  for (const ip of addresses) {
    const left = await recordForeign(db, foreignServer({ supplier, ip, since: at }));
    if (left === null) result.recorded += 1;
    else result.left.push({ ip, state: left });
  }
  const said = { _id: 'foreignServers', count: addresses.length, at, by } as const;
  if (!(await insertOnce(db.settings, { ...said }))) {
    const { _id, ...set } = said;
    await db.settings.updateOne({ _id }, { $set: set });
  }
  return result;
}

/** Null where it is recorded; else the state of the tenancy that stays. */
async function recordForeign(
  db: Pick<Collections, 'servers'>,
  foreign: ServerDocument,
): Promise<TenancyState | null> {
  if (await insertOnce(db.servers, foreign)) return null;
  const { _id, tenancy } = foreign;
  const { since: now } = tenancy;
  const known = await db.servers.findOne({ _id });
  if (known === null) return recordForeign(db, foreign);
  const { tenancy: old, history } = known;
  if (isLiving({ tenancy: old, now })) return old.state;
  const replaced = await db.servers.updateOne(
    {
      _id,
      'tenancy.purchaseId': old.purchaseId,
      'tenancy.state': old.state,
      'tenancy.expiresAt': old.expiresAt,
    },
    { $set: { tenancy, history: [...history, retire({ tenancy: old, now })] } },
  );
  return replaced.matchedCount === 1 ? null : recordForeign(db, foreign);
}

function foreignServer(input: { supplier: SupplierName; ip: string; since: string }): ServerDocument {
  const { supplier, ip, since } = input;
  return {
    _id: serverId({ supplier, ip }),
    supplier,
    ip,
    tenancy: {
      state: 'foreign',
      purchaseId: null,
      orderId: null,
      since,
      expiresAt: null,
      cost: null,
      cause: "On the supplier's account before.",
      operationId: null,
      operationsDone: [],
    },
    history: [],
  };
}
