import type { Goods } from './order.ts';

/** An unpaid checkout that keeps one address for a while (ISO UTC). */
export interface StockHold {
  orderId: string;
  until: string;
}

/** A paid order that is open, and what its money bought so far. */
export interface PaidOrder {
  orderId: string;
  goods: Goods;
}

/** A purchase of the package, as far as its count is concerned. */
export interface CountedPurchase {
  purchaseId: string;
  orderId: string;
  state: string;
  sentAt: string | null;
  settledAt: string | null;
}

export interface StockPromises {
  /** When the count was asked for (ISO UTC): what was sold since is not in it. */
  readAt: string;
  now: string;
  holds: readonly StockHold[];
  paid: readonly PaidOrder[];
  purchases: readonly CountedPurchase[];
}

/** States of a purchase that takes no address of the package. */
const takesNothing: readonly string[] = ['intended', 'void', 'refused', 'notBought', 'wrong'];
const isRunning: readonly string[] = ['sent', 'unknown'];

/**
 * How many addresses of the count are promised already: purchases that the count cannot know, paid orders that have
 * no purchase sent, and unpaid checkouts that still hold one. An order counts once, whichever of them it is in.
 */
export function countPromised(input: StockPromises, exceptOrderId: string | null = null): number {
  const { now, holds, paid, purchases } = input;
  const uncounted = purchases.filter((purchase) => isUncounted(purchase, input.readAt));
  const known = new Set([...uncounted, ...paid].map(({ orderId }) => orderId));
  const waiting = paid.filter(({ goods }) => !hasItsAddress(goods, purchases));
  const held = new Set(
    holds.filter(({ orderId, until }) => until > now && !known.has(orderId)).map(({ orderId }) => orderId),
  );
  const promised = [...uncounted, ...waiting].filter(({ orderId }) => orderId !== exceptOrderId);
  return promised.length + [...held].filter((orderId) => orderId !== exceptOrderId).length;
}

/** True for a purchase that was sent, or ended, after the count was asked for. */
function isUncounted({ state, sentAt, settledAt }: CountedPurchase, readAt: string): boolean {
  if (sentAt === null || takesNothing.includes(state)) return false;
  return isRunning.includes(state) || sentAt >= readAt || (settledAt !== null && settledAt >= readAt);
}

/** True where the order's purchase is in the count, or among the purchases that are counted beside it. */
function hasItsAddress(goods: Goods, purchases: readonly CountedPurchase[]): boolean {
  if (goods.state === 'none') return false;
  if (goods.state !== 'buying') return true;
  const own = purchases.find(({ purchaseId }) => purchaseId === goods.purchaseId);
  return own !== undefined && !takesNothing.includes(own.state);
}

/** What may still be sold of a count, never below zero. */
export function availableToSell(input: { count: number; reserve: number; promised: number }): number {
  return Math.max(0, input.count - input.reserve - input.promised);
}

/** The orders that are woken: the oldest by payment, as many as there is stock for. */
export function oldestFirst<T extends { orderId: string; paidAt: string | null }>(
  waiting: readonly T[],
  free: number,
): T[] {
  const inTurn = [...waiting].sort((a, b) => (turnOf(a) < turnOf(b) ? -1 : 1));
  return inTurn.slice(0, Math.max(0, free));
}

/** An order's turn for an address, as a text that sorts: by payment, then by id. */
export function turnOf({ paidAt, orderId }: { paidAt: string | null; orderId: string }): string {
  return `${paidAt ?? ''} ${orderId}`;
}

/** The refusal that a customer reads where nothing of a package is free (the owner's words). */
export function capacitySentence(input: { packageName: string; remaining: number }): string {
  return `Package "${input.packageName}" is at capacity (${input.remaining} IPs remaining). Please choose another package or contact support.`;
}
