import type { Collections } from '../database.ts';
import type { PurchaseOutcome } from '../domain/purchase-outcome.ts';
import type { RawPurchaseReply } from '../domain/purchase-reply.ts';
import { longestSettlingMs, type SettlingLimits } from '../domain/settling-limits.ts';
import { packageDocumentId } from '../orders/catalogue.ts';
import { takeGoodsForBuying } from '../orders/order-arbiter.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { takeFence } from './fence.ts';
import type { PurchaseDocument } from './purchase-document.ts';
import { findPurchase, intendPurchase, movePurchase, readPurchase } from './purchase-ledger.ts';
import { finishPurchase, isNotSent, type SettlingDependencies, settleReply } from './settle-row.ts';

/** The supplier is called within this time of the move to `sent`, or not at all (design 5, step 3). */
const longestPauseBeforeCallMs = 5_000;
/** How long the ledger is tried after a call before the reply travels in the activity's result. */
const longestStoringMs = 10_000;
/** The reply of a purchase that was sent by somebody else is looked for this often. */
const watchEveryMs = 250;

export interface BuyOnceDependencies extends SettlingDependencies {
  db: Collections;
  sendPurchase: (input: {
    supplier: PurchaseDocument['supplier'];
    packageName: string;
    ramGb: number;
  }) => Promise<RawPurchaseReply>;
  sleep: (ms: number) => Promise<void>;
  log: { warn: (fields: object, sentence: string) => void };
}

export interface BuyOnceInput {
  order: OrderDocument;
  packageName: string;
  purchaseId: string;
  fencingNumber: number;
  stockBefore: number;
  stockAllBefore: PurchaseDocument['stockAllBefore'];
  stockReadFrom?: string | null;
  policy: SettlingLimits & { purchaseTries: number };
}

/** Told to the caller's retry policy: the try provably did not reach the supplier, another one may follow. */
export class NotSentYet extends Error {
  override name = 'NotSentYet';
}

/**
 * Buys at most once under a purchaseId, whatever is rerun and whenever it crashed (design 5): the ledger row,
 * the fence and the arbiter are the guards, and the supplier is called only by the run that moved
 * `intended` -> `sent`.
 * @throws NotSentYet where the supplier provably got nothing and tries are left.
 */
export async function buyOnce(deps: BuyOnceDependencies, input: BuyOnceInput): Promise<PurchaseOutcome> {
  const { db } = deps;
  const { order, purchaseId, fencingNumber } = input;
  const before = await findPurchase({ db, purchaseId });
  if (before && before.state !== 'intended') return answerStored(deps, before, input.policy);
  if (!(await takeGoods(deps, { orderId: order._id, purchaseId }))) return orderClosed(deps, order._id);
  let row = before;
  if (!before) {
    const isFirst = await intendPurchase({
      db,
      order: { ...order, orderId: order._id, packageName: input.packageName },
      purchaseId,
      fencingNumber,
      stockBefore: input.stockBefore,
      stockAllBefore: input.stockAllBefore,
      at: deps.now(),
    });
    if (!isFirst) row = await readPurchase({ db, purchaseId });
  }
  // A stranded server was assigned under this number: nothing is bought under it, whoever asks.
  if (row?.kind === 'claim') return { kind: 'voided' };
  const fence = await takeFence({ db, fenceId: packageDocumentId(order), purchaseId, fencingNumber });
  if (fence.kind === 'staleGrant') return fence;
  if (fence.kind === 'busy') return busyUntil(fence.purchase, input.policy);
  return send(deps, input);
}

/** Goods that still hold an earlier purchase are freed first: a crash may have come before its last step. */
async function takeGoods(
  deps: BuyOnceDependencies,
  input: { orderId: string; purchaseId: string },
): Promise<boolean> {
  const { db } = deps;
  if (await takeGoodsForBuying({ db, ...input })) return true;
  const order = await db.orders.findOne({ _id: input.orderId });
  const holder = order && order.goods.state !== 'none' ? order.goods.purchaseId : input.purchaseId;
  if (holder === input.purchaseId || !(await findPurchase({ db, purchaseId: holder }))) return false;
  await finishPurchase(deps, holder);
  return takeGoodsForBuying({ db, ...input });
}

async function send(deps: BuyOnceDependencies, input: BuyOnceInput): Promise<PurchaseOutcome> {
  const { db } = deps;
  const { purchaseId, fencingNumber, packageName, stockBefore, stockAllBefore, stockReadFrom = null } = input;
  const sentAt = deps.now();
  const set = { sentAt, fencingNumber, packageName, stockBefore, stockAllBefore, stockReadFrom };
  if (!(await movePurchase({ db, purchaseId, from: ['intended'], to: 'sent', set }))) {
    return answerStored(deps, await readPurchase({ db, purchaseId }), input.policy);
  }
  if (Date.parse(deps.now()) - Date.parse(sentAt) > longestPauseBeforeCallMs) {
    const reply = { kind: 'notSent' as const, why: 'The machine paused between intent and call.' };
    return store(deps, input, { reply, sentAt });
  }
  const { supplier, ramGb } = input.order;
  const reply = await deps.sendPurchase({ supplier, packageName, ramGb });
  return store(deps, input, { reply, sentAt });
}

/** Stores the reply and settles it; where the ledger stays out of reach, the reply goes with the result. */
async function store(
  deps: BuyOnceDependencies,
  input: BuyOnceInput,
  { reply, sentAt }: { reply: RawPurchaseReply; sentAt: string },
): Promise<PurchaseOutcome> {
  const { purchaseId, policy } = input;
  const startedMs = Date.parse(deps.now());
  for (;;) {
    try {
      const outcome = await settleReply(deps, { purchaseId, reply, sentAt });
      if (outcome.kind === 'open') throw new Error(`The reply of purchase ${purchaseId} settled nothing.`);
      return await answer(deps, { purchaseId, outcome, policy });
    } catch (error) {
      if (error instanceof NotSentYet) throw error;
      const spentMs = Date.parse(deps.now()) - startedMs;
      const message = error instanceof Error ? error.message : String(error);
      if (isNotSent(deps.interpret({ supplier: input.order.supplier, reply }))) {
        // Not carried: stored late, it could take back a later sending of the same purchase.
        if (spentMs >= policy.longestPurchaseMs) throw error;
      } else if (spentMs >= longestStoringMs) return { kind: 'unstored', reply };
      deps.log.warn(
        { purchaseId, message },
        'The ledger could not be written after a purchase; trying again',
      );
      await deps.sleep(watchEveryMs);
    }
  }
}

/** What provably did not reach the supplier is tried again `purchaseTries` times, but not with a login it rejects. */
async function answer(
  deps: BuyOnceDependencies,
  input: { purchaseId: string; outcome: PurchaseOutcome; policy: BuyOnceInput['policy'] },
): Promise<PurchaseOutcome> {
  const { outcome, purchaseId } = input;
  if (outcome.kind !== 'notSent' || outcome.rejectedCredentials) return outcome;
  const { notSentTries } = await readPurchase({ db: deps.db, purchaseId });
  const tries = Math.max(1, input.policy.purchaseTries);
  if (notSentTries % tries === 0) return outcome;
  throw new NotSentYet(`Try ${notSentTries % tries} of ${tries} did not reach the supplier: ${outcome.why}`);
}

/**
 * Answers from the ledger. A purchase that was sent without a stored reply is somebody else's call that may
 * still be running: its row is watched until `sent` + longestPurchase, then it is unknown.
 */
async function answerStored(
  deps: BuyOnceDependencies,
  row: PurchaseDocument,
  policy: BuyOnceInput['policy'],
): Promise<PurchaseOutcome> {
  const { db } = deps;
  const purchaseId = row._id;
  for (let current = row; ; current = await readPurchase({ db, purchaseId })) {
    if (current.reply !== null && (current.state === 'sent' || current.state === 'unknown')) {
      const outcome = await settleReply(deps, { purchaseId, reply: current.reply, sentAt: current.sentAt });
      if (outcome.kind !== 'open') return answer(deps, { purchaseId, outcome, policy });
    } else if (current.state === 'sent') {
      const end = Date.parse(current.sentAt ?? current.intendedAt) + policy.longestPurchaseMs;
      if (Date.parse(deps.now()) < end) {
        await deps.sleep(watchEveryMs);
        continue;
      }
      const why = 'The run that sent the purchase ended without storing an answer.';
      await movePurchase({ db, purchaseId, from: ['sent'], to: 'unknown', set: { why } });
    } else if (current.state === 'intended') {
      throw new NotSentYet(`Purchase ${purchaseId} went back to intended while it was watched.`);
    } else {
      const outcome = await finishPurchase(deps, purchaseId);
      if (outcome.kind !== 'open') return outcome;
    }
  }
}

function busyUntil(purchase: PurchaseDocument, policy: BuyOnceInput['policy']): PurchaseOutcome {
  const sentAt = Date.parse(purchase.sentAt ?? purchase.intendedAt);
  const until = new Date(sentAt + longestSettlingMs(policy)).toISOString();
  return { kind: 'busy', purchaseId: purchase._id, until };
}

async function orderClosed(deps: BuyOnceDependencies, orderId: string): Promise<PurchaseOutcome> {
  const order = await deps.db.orders.findOne({ _id: orderId });
  const why = order
    ? `Order ${orderId} may not buy: its goods are ${order.goods.state} and its money is ${order.money}.`
    : `Order ${orderId} may not buy: it does not exist.`;
  return { kind: 'orderClosed', why };
}
