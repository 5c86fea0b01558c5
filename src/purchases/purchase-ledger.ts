import { type Collections, insertOnce } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import { purchaseNumberOf } from '../domain/purchase-id.ts';
import type { RawPurchaseReply } from '../domain/purchase-reply.ts';
import type { PurchaseDocument, PurchaseState } from './purchase-document.ts';

type Rows = Pick<Collections, 'purchases'>;

/** The row of a purchase, or undefined where nothing was ever intended under this id. */
export async function findPurchase(input: {
  db: Rows;
  purchaseId: string;
}): Promise<PurchaseDocument | undefined> {
  return (await input.db.purchases.findOne({ _id: input.purchaseId })) ?? undefined;
}

/** The row of a purchase that must exist; its absence is a bug. */
export async function readPurchase(input: { db: Rows; purchaseId: string }): Promise<PurchaseDocument> {
  const row = await findPurchase(input);
  if (!row)
    throw new BrokenRecord(`Failed to read purchase ${input.purchaseId}: the ledger has no such row.`);
  return row;
}

/**
 * Moves a purchase from one of `from` to `to` by compare-and-set, with `set` beside it.
 * @returns true where this call made the move; false where the row was in another state.
 */
export async function movePurchase(input: {
  db: Rows;
  purchaseId: string;
  from: PurchaseState[];
  to: PurchaseState;
  set?: Partial<PurchaseDocument>;
  /** Names one sending: a row that was sent again since is another state. */
  sentAt?: string | null;
}): Promise<boolean> {
  const { sentAt } = input;
  const result = await input.db.purchases.updateOne(
    { _id: input.purchaseId, state: { $in: input.from }, ...(sentAt === undefined ? {} : { sentAt }) },
    { $set: { ...input.set, state: input.to } },
  );
  return result.matchedCount === 1;
}

/** Writes the intent to buy, once. A row that is there already stays as it is. @returns true for the call that wrote. */
export async function intendPurchase(input: {
  db: Rows;
  order: {
    orderId: string;
    supplier: PurchaseDocument['supplier'];
    packageKey: string;
    packageName: string;
    ramGb: number;
  };
  purchaseId: string;
  fencingNumber: number;
  stockBefore: number;
  stockAllBefore: PurchaseDocument['stockAllBefore'];
  at: string;
}): Promise<boolean> {
  const { order } = input;
  return insertOnce(input.db.purchases, {
    _id: input.purchaseId,
    orderId: order.orderId,
    number: purchaseNumberOf(input.purchaseId),
    kind: 'buy',
    supplier: order.supplier,
    packageKey: order.packageKey,
    packageName: order.packageName,
    ramGb: order.ramGb,
    state: 'intended',
    fencingNumber: input.fencingNumber,
    stockBefore: input.stockBefore,
    stockAllBefore: input.stockAllBefore,
    intendedAt: input.at,
    sentAt: null,
    notSentTries: 0,
    reply: null,
    lateReply: null,
    ip: null,
    why: null,
    duplicate: false,
    settledAt: null,
  });
}

/**
 * Stores a scrubbed raw reply before anybody interprets it. One that comes after a verdict, or differs from the
 * first, is kept beside it as evidence.
 */
export async function storeReply(input: {
  db: Rows;
  purchaseId: string;
  reply: RawPurchaseReply;
  /** The sending that was answered, where it is known: another one's row stays as it is. */
  sentAt?: string | null | undefined;
}): Promise<void> {
  const { db, purchaseId, reply, sentAt } = input;
  const sending = sentAt === undefined ? {} : { sentAt };
  const first = await db.purchases.updateOne(
    { _id: purchaseId, ...sending, reply: null, state: { $in: ['sent', 'unknown'] } },
    { $set: { reply } },
  );
  if (first.matchedCount === 1) return;
  const row = await readPurchase({ db, purchaseId });
  if (sentAt !== undefined && row.sentAt !== sentAt) return;
  if (row.state === 'intended' || JSON.stringify(row.reply) === JSON.stringify(reply)) return;
  const stored = await db.purchases.updateOne(
    { _id: purchaseId, lateReply: null, state: row.state },
    { $set: { lateReply: reply, lateAfter: row.state } },
  );
  if (stored.matchedCount === 1) return;
  const now = await readPurchase({ db, purchaseId });
  // A verdict fell between reading and writing: what was said is kept under the state that it came after.
  if (now.lateReply === null) await storeReply(input);
}
