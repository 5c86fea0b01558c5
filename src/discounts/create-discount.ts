import { randomInt } from 'node:crypto';
import { type Collections, insertOnce } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import { type DiscountValue, isDiscountValue } from '../domain/discount.ts';
import type { DiscountDocument } from './discount-document.ts';

/** No letters and digits that are mistaken for one another when they are read aloud or typed. */
const alphabet = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
const codeGroups = 3;
const groupLength = 4;

export interface NewDiscount {
  /** The same id never makes a second discount: `apology-<orderId>`. */
  discountId: string;
  /** Chosen by a person; made up where it is missing. */
  code?: string;
  value: DiscountValue;
  /** The one customer who may use it; null where anybody may. */
  customerEmail: string | null;
  /** ISO UTC. */
  expiresAt: string;
  /** What it is for, in words for staff. */
  note: string;
}

/** The code as it is stored and compared: customers type it in any case, with spaces around it. */
export function normalizeDiscountCode(code: string): string {
  return code.trim().toUpperCase();
}

/** Codes that a person may choose. */
export const discountCodePattern = /^[A-Z0-9-]{4,40}$/;

/**
 * Makes a single-use discount, once per id: a repeat, also after a crash or with other values, answers the one that was
 * made first, with its code.
 * @throws BrokenRecord where the code is another discount's.
 */
export async function createDiscount(
  deps: { db: Pick<Collections, 'discounts'>; now: () => string },
  wish: NewDiscount,
): Promise<DiscountDocument> {
  const { db } = deps;
  const { discountId, value, expiresAt, note } = wish;
  const made = await db.discounts.findOne({ _id: discountId });
  if (made) return made;
  const code = wish.code === undefined ? newCode() : normalizeDiscountCode(wish.code);
  assertUsable({ ...wish, code });
  await insertOnce<DiscountDocument>(db.discounts, {
    _id: discountId,
    code,
    value,
    customerEmail: wish.customerEmail === null ? null : wish.customerEmail.trim().toLowerCase(),
    note,
    createdAt: deps.now(),
    expiresAt,
    disabled: null,
    use: null,
  });
  const stored = await db.discounts.findOne({ _id: discountId });
  // A unique index guards the code as well: its owner has another id.
  if (!stored) throw new BrokenRecord(`Failed to make the discount ${discountId}: the code is taken.`);
  return stored;
}

function assertUsable({ discountId, value, expiresAt, code }: NewDiscount & { code: string }): void {
  if (!isDiscountValue(value))
    throw new BrokenRecord(`Failed to make the discount ${discountId}: its value is no discount.`);
  if (!discountCodePattern.test(code))
    throw new BrokenRecord(`Failed to make the discount ${discountId}: the code cannot be used.`);
  if (new Date(expiresAt).toISOString() !== expiresAt)
    throw new BrokenRecord(`Failed to make the discount ${discountId}: ${expiresAt} is no moment.`);
}

/** About 59 bits: not to be guessed. */
function newCode(): string {
  const group = () =>
    Array.from({ length: groupLength }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
  return Array.from({ length: codeGroups }, group).join('-');
}
