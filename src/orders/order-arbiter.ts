import type { Collections } from '../database.ts';
import type { Goods, Money } from '../domain/order.ts';
import type { RemedyOption } from '../domain/remedy.ts';

type Rows = Pick<Collections, 'orders'>;
interface Move {
  db: Rows;
  orderId: string;
  purchaseId: string;
}

/*
 * The arbiter of an order: `goods` and `money` on its one document, moved by conditional updates only,
 * so that a full refund and the delivery of a bought server exclude each other (design 12).
 */

/** none -> buying, only where the money is kept. @returns false where goods or money forbid it. */
export async function takeGoodsForBuying({ db, orderId, purchaseId }: Move): Promise<boolean> {
  const taken = await db.orders.updateOne(
    { _id: orderId, money: 'kept', 'goods.state': 'none' },
    { $set: { goods: { state: 'buying', purchaseId } } },
  );
  if (taken.matchedCount === 1) return true;
  const order = await db.orders.findOne({ _id: orderId });
  return order?.money === 'kept' && isBuying(order.goods, purchaseId);
}

/**
 * buying or parked -> none, once the purchase is void, refused, wrong or not bought; from delivered only where a remedy
 * has taken the server back. Safe to repeat.
 */
export async function releaseGoods(input: Move & { delivered?: boolean }): Promise<void> {
  const { db, orderId, purchaseId, delivered = false } = input;
  const from = ['buying', 'parked', ...(delivered ? ['delivered'] : [])] as Exclude<Goods['state'], 'none'>[];
  await db.orders.updateOne(
    { _id: orderId, 'goods.state': { $in: from }, 'goods.purchaseId': purchaseId },
    { $set: { goods: { state: 'none' } } },
  );
}

/** buying -> parked, when the purchase becomes a case. Safe to repeat. */
export async function parkGoods({ db, orderId, purchaseId }: Move): Promise<void> {
  await db.orders.updateOne(
    { _id: orderId, 'goods.state': 'buying', 'goods.purchaseId': purchaseId },
    { $set: { goods: { state: 'parked', purchaseId } } },
  );
}

/** buying or parked -> delivered, only where the money is kept. @returns false where it is not. */
export async function deliverGoods({ db, orderId, purchaseId }: Move): Promise<boolean> {
  const moved = await db.orders.updateOne(
    {
      _id: orderId,
      money: 'kept',
      'goods.state': { $in: ['buying', 'parked'] },
      'goods.purchaseId': purchaseId,
    },
    { $set: { goods: { state: 'delivered', purchaseId } } },
  );
  if (moved.matchedCount === 1) return true;
  const order = await db.orders.findOne({ _id: orderId });
  return order?.goods.state === 'delivered' && order.goods.purchaseId === purchaseId;
}

/**
 * none, buying or parked -> delivered, by the remedy that lets the customer have another server: also where nothing was
 * rightly bought (the held one), and for a free month where the money is going back. @returns false where it may not.
 */
export async function deliverGoodsByRemedy(
  input: Move & { workflowId: string; option: RemedyOption; money: readonly Money[] },
): Promise<boolean> {
  const { db, orderId, purchaseId, workflowId, option, money } = input;
  const moved = await db.orders.updateOne(
    {
      _id: orderId,
      owner: workflowId,
      'remedy.workflowId': workflowId,
      'remedy.option': option,
      money: { $in: [...money] },
      $or: [
        { 'goods.state': 'none' },
        { 'goods.state': { $in: ['buying', 'parked'] }, 'goods.purchaseId': purchaseId },
      ],
    },
    { $set: { goods: { state: 'delivered', purchaseId } } },
  );
  if (moved.matchedCount === 1) return true;
  const order = await db.orders.findOne({ _id: orderId });
  return order?.goods.state === 'delivered' && order.goods.purchaseId === purchaseId;
}

function isBuying(goods: Goods, purchaseId: string): boolean {
  return goods.state === 'buying' && goods.purchaseId === purchaseId;
}
