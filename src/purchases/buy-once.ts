import type { Collections } from '../database.ts';
import type { PurchaseOutcome } from '../domain/purchase-outcome.ts';
import type { PurchaseReply, RawPurchaseReply } from '../domain/purchase-reply.ts';
import { packageDocumentId } from '../orders/catalogue.ts';
import { takeGoodsForBuying } from '../orders/order-arbiter.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { takeFence } from './fence.ts';
import type { PurchaseDocument } from './purchase-document.ts';
import { findPurchase, intendPurchase, movePurchase, readPurchase } from './purchase-ledger.ts';
import { finishPurchase, type SettlingDependencies, settleReply } from './settle-row.ts';

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
  policy: { longestPurchaseMs: number; settleAfterMs: number; purchaseTries: number };
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
  if (!(await takeGoodsForBuying({ db, orderId: order._id, purchaseId })))
    return orderClosed(deps, order._id);
  if (!before) {
    await intendPurchase({
      db,
      order: { ...order, orderId: order._id, packageName: input.packageName },
      purchaseId,
      fencingNumber,
      stockBefore: input.stockBefore,
      at: deps.now(),
    });
  }
  const fence = await takeFence({ db, fenceId: packageDocumentId(order), purchaseId, fencingNumber });
  if (fence.kind === 'staleGrant') return fence;
  if (fence.kind === 'busy') return busyUntil(fence.purchase, input.policy);
  return send(deps, input);
}

async function send(deps: BuyOnceDependencies, input: BuyOnceInput): Promise<PurchaseOutcome> {
  const { db } = deps;
  const { purchaseId, fencingNumber } = input;
  const sentAt = deps.now();
  const set = { sentAt, fencingNumber, packageName: input.packageName };
  if (!(await movePurchase({ db, purchaseId, from: ['intended'], to: 'sent', set }))) {
    return answerStored(deps, await readPurchase({ db, purchaseId }), input.policy);
  }
  if (Date.parse(deps.now()) - Date.parse(sentAt) > longestPauseBeforeCallMs) {
    return tryAgainOrGiveUp(deps, input, {
      kind: 'notSent',
      why: 'The machine paused between intent and call.',
    });
  }
  const reply = await deps.sendPurchase({
    supplier: input.order.supplier,
    packageName: input.packageName,
    ramGb: input.order.ramGb,
  });
  const meaning = deps.interpret({ supplier: input.order.supplier, reply });
  if (meaning.kind === 'notSent' || meaning.kind === 'rejectedCredentials') {
    return tryAgainOrGiveUp(deps, input, meaning);
  }
  return storeOrCarry(deps, input, reply);
}

async function tryAgainOrGiveUp(
  deps: BuyOnceDependencies,
  input: BuyOnceInput,
  meaning: Extract<PurchaseReply, { kind: 'notSent' | 'rejectedCredentials' }>,
): Promise<PurchaseOutcome> {
  const { db } = deps;
  const { purchaseId, policy } = input;
  const rejectedCredentials = meaning.kind === 'rejectedCredentials';
  const row = await readPurchase({ db, purchaseId });
  const tries = row.notSentTries + 1;
  const givenUp = rejectedCredentials || tries >= policy.purchaseTries;
  await movePurchase({
    db,
    purchaseId,
    from: ['sent'],
    to: 'intended',
    set: { sentAt: null, notSentTries: givenUp ? 0 : tries, why: meaning.why },
  });
  if (givenUp) return { kind: 'notSent', why: meaning.why, rejectedCredentials };
  throw new NotSentYet(`Try ${tries} of ${policy.purchaseTries} did not reach the supplier: ${meaning.why}`);
}

/** Stores the reply and settles it; where the ledger stays out of reach, the reply goes with the result. */
async function storeOrCarry(
  deps: BuyOnceDependencies,
  input: BuyOnceInput,
  reply: RawPurchaseReply,
): Promise<PurchaseOutcome> {
  const giveUpAt = Date.parse(deps.now()) + longestStoringMs;
  for (;;) {
    try {
      return await answerStored(deps, await settled(deps, input.purchaseId, reply), input.policy);
    } catch (error) {
      if (Date.parse(deps.now()) >= giveUpAt) return { kind: 'unstored', reply };
      const message = error instanceof Error ? error.message : String(error);
      const fields = { purchaseId: input.purchaseId, message };
      deps.log.warn(fields, 'The ledger could not be written after a purchase; trying again');
      await deps.sleep(watchEveryMs);
    }
  }
}

async function settled(
  deps: BuyOnceDependencies,
  purchaseId: string,
  reply: RawPurchaseReply,
): Promise<PurchaseDocument> {
  await settleReply(deps, { purchaseId, reply });
  return readPurchase({ db: deps.db, purchaseId });
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
      const outcome = await settleReply(deps, { purchaseId, reply: current.reply });
      if (outcome.kind !== 'open') return outcome;
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
  const until = new Date(sentAt + policy.longestPurchaseMs + policy.settleAfterMs).toISOString();
  return { kind: 'busy', purchaseId: purchase._id, until };
}

async function orderClosed(deps: BuyOnceDependencies, orderId: string): Promise<PurchaseOutcome> {
  const order = await deps.db.orders.findOne({ _id: orderId });
  const why = order
    ? `Order ${orderId} may not buy: its goods are ${order.goods.state} and its money is ${order.money}.`
    : `Order ${orderId} may not buy: it does not exist.`;
  return { kind: 'orderClosed', why };
}
