import type { Filter, Sort } from 'mongodb';
import type { Collections } from '../database.ts';
import { asOfNow, type ServerDocument, type Tenancy, type TenancyState } from './server-document.ts';

export interface ServerLine {
  ip: string;
  supplier: string;
  state: TenancyState;
  orderId: string | null;
  purchaseId: string | null;
  since: string;
  expiresAt: string | null;
  cost: Tenancy['cost'];
  cause: string;
}

/** All servers of a state, with what was paid for them where that is known. */
export interface ServerTotal {
  state: TenancyState;
  count: number;
  costs: { amountMinor: number; currency: string }[];
}

/** At most so many servers are listed on a page. */
const pageLimit = 1_000;
/** Those whose month can end without anybody writing so. */
const expiring: TenancyState[] = ['bought', 'held', 'changing', 'stranded'];
/** All but the foreign ones, which nobody here paid for. */
const ours: TenancyState[] = [...expiring, 'delivered', 'retired'];

/**
 * Servers by address: those of one state, `ours` (all but the foreign ones), or all; at most `most` (1,000; null: however
 * many there are), of more those that are paid for longest. One whose month has ended is retired.
 */
export async function listServers(
  db: Pick<Collections, 'servers'>,
  input: { state: TenancyState | 'ours' | null; most?: number | null; now?: string },
): Promise<ServerLine[]> {
  const { state: wanted, most = pageLimit, now = new Date().toISOString() } = input;
  const sort: Sort = wanted === null ? { _id: 1 } : { 'tenancy.expiresAt': -1, _id: -1 };
  const found = db.servers.find(filterOf({ wanted, now }), { projection: { history: 0 } });
  // 0 is without limit.
  const servers = await found
    .sort(sort)
    .limit(most ?? 0)
    .toArray();
  const lines = servers.map(({ ip, supplier, tenancy }) => {
    const { state, orderId, purchaseId, since, expiresAt, cost, cause = '' } = asOfNow({ tenancy, now });
    return { ip, supplier, state, orderId, purchaseId, since, expiresAt, cost, cause };
  });
  return lines.sort((a, b) => a.ip.localeCompare(b.ip, 'en', { numeric: true }));
}

function filterOf(input: { wanted: TenancyState | 'ours' | null; now: string }): Filter<ServerDocument> {
  const { wanted, now } = input;
  if (wanted === null) return {};
  if (wanted === 'ours') return { 'tenancy.state': { $in: ours } };
  if (wanted === 'retired') return { $or: [{ 'tenancy.state': wanted }, expiredAt(now)] };
  if (!expiring.includes(wanted)) return { 'tenancy.state': wanted };
  return { 'tenancy.state': wanted, 'tenancy.expiresAt': { $not: { $lte: now } } };
}

function expiredAt(now: string): Filter<ServerDocument> {
  return { 'tenancy.state': { $in: expiring }, 'tenancy.expiresAt': { $lte: now } };
}

type Group = { _id: { state: TenancyState; cost?: Tenancy['cost'] }; count: number };

/** Our servers counted by state, however many there are; one whose month has ended is retired. */
export async function totalServers(
  { servers }: Pick<Collections, 'servers'>,
  { now = new Date().toISOString() }: { now?: string } = {},
): Promise<ServerTotal[]> {
  // The embedded database sums one field per group, and knows no conditions inside it: so servers are counted by price,
  // of which a shop has few, and what has expired is counted beside and moved.
  const $group = { _id: { state: '$tenancy.state', cost: '$tenancy.cost' }, count: { $sum: 1 } };
  const [all = [], expired = []] = await Promise.all(
    [{ 'tenancy.state': { $in: ours } }, expiredAt(now)].map(($match) =>
      servers.aggregate<Group>([{ $match }, { $group }]).toArray(),
    ),
  );
  const moved = expired.flatMap(({ _id, count }) => [
    { _id, count: -count },
    { _id: { ..._id, state: 'retired' as const }, count },
  ]);
  const groups = [...all, ...moved];
  const states = [...new Set(groups.map((group) => group._id.state))].sort();
  return states.map((state) => totalOf(state, groups)).filter(({ count }) => count > 0);
}

function totalOf(state: TenancyState, groups: readonly Group[]): ServerTotal {
  const own = groups.filter((group) => group._id.state === state);
  const sums = new Map<string, number>();
  for (const { _id, count } of own) {
    const { currency = '', amountMinor = 0 } = _id.cost ?? {};
    sums.set(currency, (sums.get(currency) ?? 0) + count * amountMinor);
  }
  const costs = [...sums].map(([currency, amountMinor]) => ({ amountMinor, currency }));
  return {
    state,
    count: own.reduce((sum, { count }) => sum + count, 0),
    costs: costs.filter(({ amountMinor }) => amountMinor !== 0),
  };
}
