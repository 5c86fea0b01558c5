import type { Collections } from '../database.ts';
import type { Remedy, RemedyTaken, RemedyWish } from '../domain/remedy.ts';
import { factsOf } from './open-order.ts';
import type { OrderDocument } from './order-document.ts';

type Rows = Pick<Collections, 'orders' | 'packages' | 'purchases'>;

/**
 * Takes the order for its one remedy, by one conditional update: `remedy` and ownership together. The workflow that
 * has it goes on with what was chosen first, whatever it asks for now; everybody else is refused with the reason.
 */
export async function takeRemedy(
  deps: { db: Rows; now: () => string },
  wish: RemedyWish,
): Promise<RemedyTaken> {
  const { db } = deps;
  for (;;) {
    const order = await db.orders.findOne({ _id: wish.orderId });
    if (!order) return { kind: 'unknown' };
    const { remedy, owner } = order;
    if (remedy) {
      const sentence = sayTaken(order, remedy);
      if (remedy.workflowId !== wish.workflowId || owner !== wish.workflowId) {
        return { kind: 'refused', sentence };
      }
      if (!order.open) return { kind: 'refused', sentence, ended: await factsOf(db, order) };
      return { kind: 'taken', order: await factsOf(db, order), remedy };
    }
    const objection = objectionOf(order);
    if (objection) return { kind: 'refused', sentence: objection };
    const { workflowId, option, by, reason, endsAs } = wish;
    const taken: Remedy = { workflowId, option, by, reason, endsAs, startedAt: deps.now() };
    const moved = await db.orders.updateOne(
      { _id: order._id, remedy: null, owner, status: order.status, version: order.version },
      { $set: { remedy: taken, owner: workflowId, open: true } },
    );
    if (moved.matchedCount === 1) {
      return { kind: 'taken', order: await factsOf(db, order), remedy: taken };
    }
  }
}

/** A remedy begins where nothing is at the supplier at this moment. */
function objectionOf({ _id, status, owner, money }: OrderDocument): string | null {
  if (owner === null) return `Order ${_id} is ${status}: nothing was paid for it.`;
  if (money === 'refunding' || money === 'refunded')
    return `The money of order ${_id} has gone back already.`;
  switch (status) {
    case 'failed':
    case 'active':
    case 'queued':
    case 'waitingForStock':
      return null;
    case 'provisioning':
    case 'preparing':
      return `Order ${_id} is ${status}: wait until it is delivered or failed, then choose.`;
    default:
      return `Order ${_id} is ${status}: there is nothing to remedy.`;
  }
}

function sayTaken({ _id, open, status }: OrderDocument, { option, by, startedAt }: Remedy): string {
  const chosen = `the remedy ${option} was chosen by ${by} at ${startedAt}`;
  return open
    ? `Order ${_id}: ${chosen} and is under way.`
    : `Order ${_id} has ended as ${status}: ${chosen}.`;
}
