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
 * What a code is worth to an order, without taking it; refused where it cannot be used. What an order holds that has
 * ended, or was never stored, counts as free.
 */
export async function quoteDiscount(
  deps: { db: Rows; now: () => string },
  wish: HoldWish,
): Promise<DiscountHold> {
  return (await lookAt(deps, wish)).outcome;
}

/**
 * Takes a code for one order by one conditional update: of checkouts at once one gets it. The same order finds its own
 * hold again. It may be taken from an order that ended unpaid: the payment of an order is judged by its code once
 * more, so that a late one finds it gone.
 */
export async function holdDiscount(
  deps: { db: Rows; now: () => string },
  wish: HoldWish,
): Promise<DiscountHold> {
  const { outcome, use } = await lookAt(deps, wish);
  if (outcome.kind === 'refused' || use?.orderId === wish.orderId) return outcome;
  const { discountId } = outcome;
  const isMoved = await moveHold(deps, { discountId, from: use, orderId: wish.orderId });
  return isMoved ? outcome : holdDiscount(deps, wish);
}

/**
 * Takes the code again of an order that had to let go of it, or finds its own hold. @returns false where another order
 * has it by now, or an admin has switched it off since.
 */
export async function holdAgain(
  deps: { db: Rows; now: () => string },
  { discountId, orderId }: { discountId: string; orderId: string },
): Promise<boolean> {
  const discount = await deps.db.discounts.findOne({ _id: discountId });
  const use = discount?.use ?? null;
  if (use?.orderId === orderId) return true;
  if (discount === null || discount.disabled !== null) return false;
  if (use !== null && !(await isForsaken(deps, use))) return false;
  return moveHold(deps, { discountId, from: use, orderId });
}

/** Moves a code by one conditional update from whom it was read with. */
async function moveHold(
  { db, now }: { db: Pick<Rows, 'discounts'>; now: () => string },
  input: { discountId: string; from: DiscountDocument['use']; orderId: string },
): Promise<boolean> {
  const { discountId, from, orderId } = input;
  const free = from === null ? { use: null } : { 'use.orderId': from.orderId, 'use.state': 'held' as const };
  const moved = await db.discounts.updateOne(
    { _id: discountId, disabled: null, ...free },
    { $set: { use: { state: 'held', orderId, since: now() } } },
  );
  return moved.matchedCount === 1;
}

async function lookAt(
  deps: { db: Rows; now: () => string },
  wish: HoldWish,
): Promise<{ outcome: DiscountHold; use: DiscountDocument['use'] }> {
  const code = normalizeDiscountCode(wish.code);
  const discount = await deps.db.discounts.findOne({ code });
  const use = discount?.use ?? null;
  const objection = objectionOf(deps, { discount, wish });
  if (discount === null || objection !== null) return { outcome: objection ?? unknown(), use };
  const isOwn = use?.orderId === wish.orderId;
  if (use !== null && !isOwn && !(await isForsaken(deps, use))) return { outcome: taken(use), use };
  const price = discountPrice(wish.listPricePaise, discount.value);
  return { outcome: { kind: 'held', discountId: discount._id, code, price }, use };
}

/**
 * Gives a code back that an order holds which cannot be paid; `evenUsed`: also where a payment had used it that then
 * found the order cancelled. An order that has ended holds nothing anyway. Safe to repeat.
 */
export async function releaseDiscount(
  { db }: { db: Pick<Collections, 'discounts'> },
  input: { discountId: string; orderId: string; evenUsed?: boolean },
): Promise<void> {
  const { discountId, orderId, evenUsed = false } = input;
  await db.discounts.updateOne(
    { _id: discountId, 'use.orderId': orderId, ...(evenUsed ? {} : { 'use.state': 'held' as const }) },
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

/**
 * True where the order that holds it has ended, or was never stored: its checkout died in between. Only a paid order
 * moves its code on to `used`, before anything else.
 */
async function isForsaken(
  { db, now }: { db: Pick<Rows, 'orders'>; now: () => string },
  { state, orderId, since }: NonNullable<DiscountDocument['use']>,
): Promise<boolean> {
  if (state === 'used') return false;
  const order = await db.orders.findOne({ _id: orderId });
  if (order === null) return Date.parse(since) + storedWithinMs < Date.parse(now());
  return !order.open;
}
