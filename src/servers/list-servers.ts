import type { Collections } from '../database.ts';
import { asOfNow, type Tenancy, type TenancyState } from './server-document.ts';

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

/** At most so many servers are listed at once. */
const listLimit = 1_000;

/** Servers by address, those of one state where it is named; at most 1,000. One whose month has ended is retired. */
export async function listServers(
  db: Pick<Collections, 'servers'>,
  input: { state: TenancyState | null; now?: string },
): Promise<ServerLine[]> {
  const { state: wanted, now = new Date().toISOString() } = input;
  const filter = wanted === null || wanted === 'retired' ? {} : { 'tenancy.state': wanted };
  const servers = await db.servers.find(filter).limit(listLimit).toArray();
  const lines = servers.map(({ ip, supplier, tenancy }) => {
    const { state, orderId, purchaseId, since, expiresAt, cost, cause = '' } = asOfNow({ tenancy, now });
    return { ip, supplier, state, orderId, purchaseId, since, expiresAt, cost, cause };
  });
  const fitting = lines.filter(({ state }) => wanted === null || state === wanted);
  return fitting.sort((a, b) => a.ip.localeCompare(b.ip, 'en', { numeric: true }));
}
