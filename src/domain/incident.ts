import type { StoryLine } from './order-story.ts';

/** One attempt to buy, as the incident's report shows it. Times are ISO UTC. */
export interface IncidentPurchase {
  purchaseId: string;
  orderId: string;
  intendedAt: string;
  sentAt: string | null;
  /** Null where no answer came. */
  answeredAt: string | null;
  settledAt: string | null;
  stockBefore: number | null;
  /** What the supplier was asked, and what it answered, without secrets. */
  asked: string;
  answered: string | null;
  ip: string | null;
  state: string;
  why: string | null;
}

export interface IncidentOrder {
  orderId: string;
  createdAt: string;
  paidAt: string | null;
  status: string;
  statusText: string;
  ip: string | null;
}

/** Orders of one package that were paid within seconds of each other. */
export interface Cluster {
  from: string;
  to: string;
  /** By the time of their payment. */
  orderIds: string[];
  last: string;
}

/** What happened to one package in a span of time: the owner's questions, answered from the shop's own records. */
export interface Incident {
  packageName: string;
  from: string;
  to: string;
  orders: IncidentOrder[];
  clusters: Cluster[];
  purchases: IncidentPurchase[];
  /** Purchases that got an address of another package. */
  mismatches: { orderId: string; purchaseId: string; requested: string; got: string; at: string | null }[];
  /** Pairs of purchases that were at the supplier at once: must be none. */
  overlaps: { first: string; second: string }[];
  /** Every attempt and every step of these orders, by time. */
  timeline: (StoryLine & { orderId: string })[];
}

/** Orders that were paid less than this after the one before are one cluster. */
export const clusterGapSeconds = 10;

/** Groups orders by the time of their payment; a single one is no cluster. */
export function clustersOf(orders: readonly { orderId: string; paidAt: string | null }[]): Cluster[] {
  const paid = orders
    .flatMap(({ orderId, paidAt }) => (paidAt === null ? [] : [{ orderId, paidAt }]))
    .sort((a, b) => a.paidAt.localeCompare(b.paidAt) || a.orderId.localeCompare(b.orderId));
  const groups: (typeof paid)[] = [];
  for (const order of paid) {
    const group = groups.at(-1);
    const before = group?.at(-1);
    const gapMs = before ? Date.parse(order.paidAt) - Date.parse(before.paidAt) : Number.POSITIVE_INFINITY;
    if (group && gapMs <= clusterGapSeconds * 1000) group.push(order);
    else groups.push([order]);
  }
  return groups.flatMap((group) => {
    const [first] = group;
    const last = group.at(-1);
    if (first === undefined || last === undefined || group.length < 2) return [];
    const orderIds = group.map(({ orderId }) => orderId);
    return [{ from: first.paidAt, to: last.paidAt, orderIds, last: last.orderId }];
  });
}

/**
 * Pairs of which the second was sent before the first had ended: with its answer, else when it was settled, at the latest
 * `longestPurchaseMs` after it was sent. One that was never settled may have run for all of that.
 */
export function overlapsOf(
  purchases: readonly Pick<IncidentPurchase, 'purchaseId' | 'sentAt' | 'answeredAt' | 'settledAt'>[],
  { longestPurchaseMs }: { longestPurchaseMs: number },
): Incident['overlaps'] {
  const sent = purchases
    .flatMap(({ purchaseId, sentAt, answeredAt, settledAt }) => {
      if (sentAt === null) return [];
      const sentMs = Date.parse(sentAt);
      const latestMs = sentMs + longestPurchaseMs;
      const silentMs = settledAt === null ? latestMs : Math.min(Date.parse(settledAt), latestMs);
      return [{ purchaseId, sentMs, endMs: answeredAt === null ? silentMs : Date.parse(answeredAt) }];
    })
    .sort((a, b) => a.sentMs - b.sentMs);
  return sent.flatMap((first, index) =>
    sent
      .slice(index + 1)
      .filter((second) => second.sentMs < first.endMs)
      .map((second) => ({ first: first.purchaseId, second: second.purchaseId })),
  );
}
