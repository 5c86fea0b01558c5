import type { Collections } from '../database.ts';
import { type DiscountedPrice, discountPrice } from '../domain/discount.ts';
import { normalizeDiscountCode } from './create-discount.ts';
import type { DiscountDocument } from './discount-document.ts';

type Rows = Pick<Collections, 'discounts' | 'orders'>;

export type DiscountRefusal =
  | 'unknownDiscountCode'
  | 'discountExpired'
  | 'discountUsed'
  | 'discountHeld'
  | 'discountWorthless';

/** A code that an unpaid order holds, with what the order costs by it. */
export interface DiscountHeld {
  kind: 'held';
  discountId: string;
  code: string;
  price: DiscountedPrice;
}

export type DiscountHold = DiscountHeld | { kind: 'refused'; reason: DiscountRefusal; sentence: string };

interface HoldWish {
  orderId: string;
  code: string;
  email: string;
  listPricePaise: number;
}

/**
 * Takes a code for one order by one conditional update: of checkouts at once one gets it. The same order finds its own
 * hold again. What an order holds that ended unpaid, or was never stored, is taken from it: the payment of an order is
 * judged by the code once more, so a late one finds it gone.
 */
export async function holdDiscount(
  deps: { db: Rows; now: () => string },
  wish: HoldWish,
): Promise<DiscountHold> {
  const { db } = deps;
  const code = normalizeDiscountCode(wish.code);
  const discount = await db.discounts.findOne({ code });
  const objection = objectionOf(deps, { discount, wish });
  if (discount === null || objection !== null) return objection ?? unknown();
  const price = discountPrice(wish.listPricePaise, discount.value);
  const held: DiscountHeld = { kind: 'held', discountId: discount._id, code, price };
  const { use } = discount;
  if (use?.orderId === wish.orderId) return held;
  if (use !== null && !(await isForsaken(deps, use))) return taken(use);
  const moved = await db.discounts.updateOne(
    use === null
      ? { _id: discount._id, use: null, disabled: null }
      : { _id: discount._id, 'use.orderId': use.orderId, 'use.state': 'held', disabled: null },
    { $set: { use: { state: 'held', orderId: wish.orderId, since: deps.now() } } },
  );
  return moved.matchedCount === 1 ? held : holdDiscount(deps, wish);
}

/** Gives a held code back, once its order has ended unpaid. A used one stays used. Safe to repeat. */
export async function releaseDiscount(
  { db }: { db: Pick<Collections, 'discounts'> },
  { discountId, orderId }: { discountId: string; orderId: string },
): Promise<void> {
  await db.discounts.updateOne(
    { _id: discountId, 'use.orderId': orderId, 'use.state': 'held' },
    { $set: { use: null } },
  );
}

/**
 * Marks a code as used by the order that is being paid. @returns false where another order has it by now: the price
 * that was paid is then not what the order costs.
 */
export async function useDiscount(
  deps: { db: Pick<Collections, 'discounts'>; now: () => string },
  { discountId, orderId }: { discountId: string; orderId: string },
): Promise<boolean> {
  const { discounts } = deps.db;
  const used = { $set: { use: { state: 'used' as const, orderId, since: deps.now() } } };
  const own = await discounts.updateOne({ _id: discountId, 'use.orderId': orderId }, used);
  if (own.matchedCount === 1) return true;
  const free = await discounts.updateOne({ _id: discountId, use: null }, used);
  return free.matchedCount === 1;
}

function objectionOf(
  { now }: { now: () => string },
  { discount, wish }: { discount: DiscountDocument | null; wish: HoldWish },
): DiscountHold | null {
  const isTheirs = discount?.customerEmail === null || discount?.customerEmail === wish.email.toLowerCase();
  // Another customer's code is as unknown as one that never was: nobody learns of it.
  if (discount === null || discount.disabled !== null || !isTheirs) return unknown();
  const { use, expiresAt } = discount;
  if (use?.orderId === wish.orderId) return null;
  if (expiresAt <= now()) return refused('discountExpired', 'This discount code has expired.');
  if (discountPrice(wish.listPricePaise, discount.value).discountPaise > 0) return null;
  return refused('discountWorthless', 'This discount code takes nothing off this price. Order without it.');
}

function unknown(): DiscountHold {
  return refused('unknownDiscountCode', 'This discount code is not known. Order without it.');
}

function refused(reason: DiscountRefusal, sentence: string): DiscountHold {
  return { kind: 'refused', reason, sentence };
}

function taken(use: NonNullable<DiscountDocument['use']>): DiscountHold {
  if (use.state === 'used') return refused('discountUsed', 'This discount code has been used already.');
  const sentence =
    'This discount code is held by an order that is not paid yet. Pay that one, or try again after it has expired.';
  return refused('discountHeld', sentence);
}

/** Longer than a checkout takes from its hold to its order. */
const storedWithinMs = 60_000;

/** True where the order that holds it ended unpaid, or was never stored: its checkout died in between. */
async function isForsaken(
  { db, now }: { db: Pick<Rows, 'orders'>; now: () => string },
  { state, orderId, since }: NonNullable<DiscountDocument['use']>,
): Promise<boolean> {
  if (state === 'used') return false;
  const order = await db.orders.findOne({ _id: orderId });
  if (order === null) return Date.parse(since) + storedWithinMs < Date.parse(now());
  return !order.open && order.money === 'unpaid';
}
