import type { Collections } from '../database.ts';
import {
  clustersOf,
  type Incident,
  type IncidentOrder,
  type IncidentPurchase,
  overlapsOf,
} from '../domain/incident.ts';
import type { ResolvedPolicy } from '../domain/policy.ts';
import { describeStatus } from '../orders/customer-status.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { leastOrderId } from '../orders/order-id.ts';
import type { PurchaseDocument } from '../purchases/purchase-document.ts';
import { answerOf, askedOf, tellPurchase } from './tell-story.ts';

/** An incident is a matter of minutes or hours; more rows than this are cut off, the oldest stay. */
const rowLimit = 5_000;

/**
 * What happened to a package between two moments (ISO UTC, the end excluded), from our own records: orders made, paid or
 * bought for then, clusters, every purchase with question and answer, mismatches, overlaps. Throws where nothing is
 * known of such a package: an empty report would read as "nothing happened".
 */
export async function reportIncident(
  { db, policy }: { db: Pick<Collections, 'orders' | 'packages' | 'purchases'>; policy: ResolvedPolicy },
  { packageName, from, to }: { packageName: string; from: string; to: string },
): Promise<Incident> {
  const pools = await db.packages
    .find({ $or: [{ packageKey: packageName }, { name: packageName }] })
    .toArray();
  const packageKey = pools[0]?.packageKey;
  if (packageKey === undefined) throw new Error(await unknownPackage(db, packageName));
  const [made, paid, purchases] = await Promise.all([
    db.orders
      .find({ packageKey, _id: { $gte: leastOrderId(from), $lt: leastOrderId(to) } })
      .limit(rowLimit)
      .toArray(),
    // Ordered before and paid then: such an order stood in the queue with the others, also where nothing was bought.
    db.orders
      .find({ packageKey, paidAt: { $gte: from, $lt: to } })
      .limit(rowLimit)
      .toArray(),
    db.purchases
      .find({ packageKey, intendedAt: { $gte: from, $lt: to } })
      .sort({ intendedAt: 1 })
      .limit(rowLimit)
      .toArray(),
  ]);
  const then = new Map([...made, ...paid].map((order) => [order._id, order]));
  const others = [...new Set(purchases.map(({ orderId }) => orderId))].filter((id) => !then.has(id));
  const earlier = await db.orders.find({ _id: { $in: others } }).toArray();
  const orders = [...then.values(), ...earlier].sort((a, b) => a._id.localeCompare(b._id));
  const lines = orders.map(orderOf);
  const bought = purchases.map(purchaseOf);
  return {
    packageName: packageKey,
    from,
    to,
    orders: lines,
    clusters: clustersOf(lines),
    purchases: bought,
    mismatches: purchases.flatMap(mismatchOf),
    overlaps: overlapsOf(bought, policy),
    timeline: timelineOf(orders, purchases),
  };
}

const namesShown = 20;

async function unknownPackage(db: Pick<Collections, 'packages'>, packageName: string): Promise<string> {
  const pools = await db.packages.find().limit(namesShown).toArray();
  const known = pools.map(({ name }) => name).sort();
  const choice = known.length === 0 ? 'Import the catalogue first' : `Known are: ${known.join(', ')}`;
  return `Failed to report the incident: there is no package "${packageName}". ${choice}.`;
}

function orderOf(order: OrderDocument): IncidentOrder {
  const { _id: orderId, createdAt, paidAt, status, failure, server } = order;
  const statusText = describeStatus({ status, failureMessage: failure?.message ?? null });
  return { orderId, createdAt, paidAt, status, statusText, ip: server?.ip ?? null };
}

function purchaseOf(row: PurchaseDocument): IncidentPurchase {
  const { _id: purchaseId, orderId, intendedAt, sentAt, settledAt, stockBefore, reply, ip, state, why } = row;
  const answered = reply === null ? null : answerOf(reply);
  const answer = [reply, row.lateReply].find((one) => one?.kind === 'answer');
  const answeredAt = answer?.kind === 'answer' ? answer.receivedAt : null;
  const times = { intendedAt, sentAt, answeredAt, settledAt };
  return { purchaseId, orderId, ...times, stockBefore, asked: askedOf(row), answered, ip, state, why };
}

function mismatchOf({
  _id: purchaseId,
  orderId,
  state,
  packageName,
  ip,
  settledAt,
}: PurchaseDocument): Incident['mismatches'] {
  return state === 'wrong' && ip !== null
    ? [{ orderId, purchaseId, requested: packageName, got: ip, at: settledAt }]
    : [];
}

function timelineOf(
  orders: readonly OrderDocument[],
  purchases: readonly PurchaseDocument[],
): Incident['timeline'] {
  const told = orders.flatMap(({ _id: orderId, timeline }) =>
    timeline.map(({ at, text }) => ({ at, source: 'order' as const, text, orderId })),
  );
  const tried = purchases.flatMap((row) =>
    tellPurchase(row).map((line) => ({ ...line, orderId: row.orderId })),
  );
  return [...told, ...tried].sort((a, b) => a.at.localeCompare(b.at));
}
