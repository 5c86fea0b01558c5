import type { DiscountValue } from '../domain/discount.ts';

/**
 * A discount that one order may use once (collection `discounts`, `_id` = the id under which it was made). Times are
 * ISO UTC.
 */
export interface DiscountDocument {
  _id: string;
  /** What the customer types: upper case letters, digits and dashes; unique. */
  code: string;
  value: DiscountValue;
  /** The one customer who may use it, in lower case; null where anybody may. */
  customerEmail: string | null;
  /** What it was made for, in words for staff. */
  note: string;
  createdAt: string;
  expiresAt: string;
  disabled: null | { at: string; by: string; reason: string | null };
  /** `held` by an unpaid checkout, which gives it back when it ends unpaid; `used` by a paid order, for good. */
  use: null | { state: 'held' | 'used'; orderId: string; since: string };
}
