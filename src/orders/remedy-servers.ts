import type { Collections } from '../database.ts';
import type { RemedyStep } from '../domain/remedy-step.ts';
import { latestPurchase } from '../purchases/latest-purchase.ts';
import type { PurchaseState } from '../purchases/purchase-document.ts';
import { isLiving, type TenancyState } from '../servers/server-document.ts';
import type { OrderDocument } from './order-document.ts';

interface Deps {
  db: Pick<Collections, 'purchases' | 'servers'>;
  now: () => string;
}

/** A server that was bought for an order and is not taken back. */
export interface OrderServer {
  purchaseId: string;
  ip: string;
  state: TenancyState;
  /** ISO UTC date at which the month ends that the supplier was paid for; null where it is not known. */
  expiresAt: string | null;
}

/** Every server that an order holds; one that was delivered counts also past its month: it may have been renewed. */
export async function livingServers({ db, now }: Deps, orderId: string): Promise<OrderServer[]> {
  const servers = await db.servers.find({ 'tenancy.orderId': orderId }).toArray();
  return servers.flatMap(({ ip, tenancy }) => {
    const { purchaseId, state, expiresAt } = tenancy;
    const isHeld = state !== 'stranded' && (state === 'delivered' || isLiving({ tenancy, now: now() }));
    return isHeld && purchaseId !== null ? [{ purchaseId, ip, state, expiresAt }] : [];
  });
}

/** The leg that ends the next server of an order beside the one that its customer has; undefined where none is left. */
export async function endOtherServers(
  deps: Deps,
  { orderId, purchaseId }: { orderId: string; purchaseId: string },
): Promise<Extract<RemedyStep, { kind: 'endServer' }> | undefined> {
  const other = (await livingServers(deps, orderId)).find((server) => server.purchaseId !== purchaseId);
  return other && { kind: 'endServer', purchaseId: other.purchaseId, ip: other.ip };
}

/** A server that is the customer's to keep: its purchase is known to the end. */
export interface KeptServer extends OrderServer {
  ramGb: number;
  purchase: PurchaseState;
}

/**
 * The server that a customer keeps or gets by a remedy: the delivered one, also where another was to replace it, else
 * the one that was bought last, as was ordered or not. Undefined where none was bought.
 */
export async function findKeptServer(
  deps: Deps,
  { _id: orderId, goods }: Pick<OrderDocument, '_id' | 'goods'>,
): Promise<KeptServer | undefined> {
  const delivered = goods.state === 'delivered' ? goods.purchaseId : null;
  const kept: KeptServer[] = [];
  for (const server of await livingServers(deps, orderId)) {
    const row = await deps.db.purchases.findOne({ _id: server.purchaseId });
    const isKnown = row?.ip === server.ip && (row.state === 'bought' || row.state === 'wrong');
    if (row && isKnown) kept.push({ ...server, ramGb: row.ramGb, purchase: row.state });
  }
  const numberOf = ({ purchaseId }: KeptServer) => Number(purchaseId.slice(purchaseId.lastIndexOf('#') + 1));
  const rankOf = ({ purchaseId, state }: KeptServer) =>
    purchaseId === delivered ? 2 : Number(state === 'delivered');
  return kept.sort((a, b) => rankOf(b) - rankOf(a) || numberOf(b) - numberOf(a))[0];
}

/** True where the customer had the server before the remedy began, or this run of the remedy has delivered it. */
export function isInHands(
  { goods, remedy }: Pick<OrderDocument, 'goods' | 'remedy'>,
  purchaseId: string,
  did: readonly string[],
): boolean {
  if (did.includes(`deliver:${purchaseId}`)) return true;
  return remedy?.from === 'active' && goods.state === 'delivered' && goods.purchaseId === purchaseId;
}

/** The last purchase of an order, where it waits for a person's word; null else. */
export async function findCase(
  { db }: { db: Pick<Collections, 'purchases'> },
  { _id: orderId }: Pick<OrderDocument, '_id'>,
): Promise<Extract<RemedyStep, { kind: 'case' }> | null> {
  const latest = await latestPurchase({ db, orderId });
  if (latest?.state !== 'case') return null;
  const { _id: purchaseId, duplicate, why } = latest;
  return { kind: 'case', purchaseId, duplicate, sentence: why ?? '' };
}
