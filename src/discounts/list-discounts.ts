import type { Collections } from '../database.ts';
import type { DiscountValue } from '../domain/discount.ts';
import type { BookVerdict } from '../domain/verdict.ts';
import { normalizeDiscountCode } from './create-discount.ts';
import type { DiscountDocument } from './discount-document.ts';

type Rows = Pick<Collections, 'discounts' | 'orders'>;

type DiscountState = 'free' | 'held' | 'used' | 'expired' | 'disabled';

/** A discount as an operator sees it. */
interface DiscountView {
  code: string;
  state: DiscountState;
  value: DiscountValue;
  customerEmail: string | null;
  note: string;
  createdAt: string;
  expiresAt: string;
  /** The order that holds or has used it. */
  orderId: string | null;
  disabled: DiscountDocument['disabled'];
}

const newest = 500;

/** The newest discounts, what an ended order holds as free. */
export async function listDiscounts(
  deps: { db: Rows; now: () => string },
  { state }: { state: DiscountState | null },
): Promise<DiscountView[]> {
  const rows = await deps.db.discounts.find().sort({ createdAt: -1 }).limit(newest).toArray();
  const views = await Promise.all(rows.map((row) => viewOf(deps, row)));
  return views.filter((view) => state === null || view.state === state);
}

/** One discount by its code; null where there is none. */
export async function findDiscount(
  deps: { db: Rows; now: () => string },
  { code }: { code: string },
): Promise<DiscountView | null> {
  const row = await deps.db.discounts.findOne({ code: normalizeDiscountCode(code) });
  return row === null ? null : viewOf(deps, row);
}

/**
 * Takes a discount out of use, by one conditional update. An order that holds it keeps its price; one that has used it
 * is not changed.
 */
export async function disableDiscount(
  deps: { db: Rows; now: () => string },
  input: { code: string; by: string; reason: string | null },
): Promise<BookVerdict> {
  const code = normalizeDiscountCode(input.code);
  const row = await deps.db.discounts.findOne({ code });
  if (!row) return { kind: 'refused', sentence: `There is no discount ${code}. See \`discounts list\`.` };
  const disabled = { at: deps.now(), by: input.by, reason: input.reason };
  const moved = await deps.db.discounts.updateOne({ _id: row._id, disabled: null }, { $set: { disabled } });
  if (moved.matchedCount === 0) return { kind: 'refused', sentence: `${code} is disabled already.` };
  const { orderId } = await viewOf(deps, row);
  const held = orderId === null ? '' : ` Order ${orderId} keeps its price.`;
  return { kind: 'accepted', next: `${code} cannot be used any more.${held}` };
}

async function viewOf(deps: { db: Rows; now: () => string }, row: DiscountDocument): Promise<DiscountView> {
  const { code, value, customerEmail, note, createdAt, expiresAt, disabled } = row;
  const use = await livingUse(deps, row);
  const state = stateOf({ row, use, now: deps.now() });
  const orderId = use?.orderId ?? null;
  return { code, state, value, customerEmail, note, createdAt, expiresAt, orderId, disabled };
}

/** What an order holds that has ended counts as free: the next checkout takes it. */
async function livingUse({ db }: { db: Rows }, { use }: DiscountDocument): Promise<DiscountDocument['use']> {
  if (use?.state !== 'held') return use;
  const order = await db.orders.findOne({ _id: use.orderId }, { projection: { open: 1 } });
  return order?.open === false ? null : use;
}

function stateOf(input: { row: DiscountDocument; use: DiscountDocument['use']; now: string }): DiscountState {
  const { row, use, now } = input;
  if (use !== null) return use.state;
  if (row.disabled !== null) return 'disabled';
  return row.expiresAt <= now ? 'expired' : 'free';
}
