import type { Collections } from '../database.ts';
import type { ServerStatus } from '../suppliers/supplier.ts';
import { endOfTerm } from './server-document.ts';

/**
 * Writes down when the month of a server ends as its supplier says it: it may have been renewed in the supplier's own
 * panel. Nothing is changed where the supplier names no date, or where the server is another purchase's by now.
 * @returns that moment (ISO UTC), null where the supplier names none.
 */
export async function keepExpiry(
  db: Pick<Collections, 'servers'>,
  input: { serverId: string; purchaseId: string | null; server: ServerStatus },
): Promise<string | null> {
  const { serverId, purchaseId, server } = input;
  if (server.kind !== 'server' || !server.expiresOn) return null;
  const expiresAt = endOfTerm(server.expiresOn);
  await db.servers.updateOne(
    { _id: serverId, 'tenancy.purchaseId': purchaseId },
    { $set: { 'tenancy.expiresAt': expiresAt } },
  );
  return expiresAt;
}
