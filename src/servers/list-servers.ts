import type { Collections } from '../database.ts';
import type { Tenancy, TenancyState } from './server-document.ts';

export interface ServerLine {
  ip: string;
  supplier: string;
  state: TenancyState;
  orderId: string | null;
  purchaseId: string | null;
  since: string;
  expiresAt: string | null;
  cost: Tenancy['cost'];
}

/** At most so many servers are listed at once. */
const listLimit = 1_000;

/** Servers by address, those of one state where it is named; at most 1,000. */
export async function listServers(
  db: Pick<Collections, 'servers'>,
  input: { state: TenancyState | null },
): Promise<ServerLine[]> {
  const filter = input.state === null ? {} : { 'tenancy.state': input.state };
  const servers = await db.servers.find(filter).limit(listLimit).toArray();
  const lines = servers.map(({ ip, supplier, tenancy }) => {
    const { state, orderId, purchaseId, since, expiresAt, cost } = tenancy;
    return { ip, supplier, state, orderId, purchaseId, since, expiresAt, cost };
  });
  return lines.sort((a, b) => a.ip.localeCompare(b.ip, 'en', { numeric: true }));
}
