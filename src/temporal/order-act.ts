import type { Refusal } from '../../workflows/contract/provision-order.ts';
import type { DoneAct } from '../audit/audit-log.ts';
import type { Collections } from '../database.ts';
import type { OrderStatus } from '../domain/order.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import type { unavailable } from './run-verdict.ts';

/** What a person wants of an order. */
export interface OrderWish {
  orderId: string;
  reason?: string;
  by: string;
}

/** What became of it; `next` says what happens next. */
export type OrderActResult =
  | { kind: 'accepted'; orderId: string; orderStatus: OrderStatus; next: string }
  | ({ kind: 'refused' } & Refusal)
  | { kind: 'notFound' }
  | typeof unavailable;

/** Records an act that no workflow has seen, hence records. */
export type RecordAct = (done: DoneAct) => Promise<void>;

/** The fields of a message to an order. */
export function saidBy({ by, reason }: Omit<OrderWish, 'orderId'>): { by: string; reason?: string } {
  return { by, ...(reason ? { reason } : {}) };
}

/** A refusal by what the document says. */
export function refusedByDocument(input: {
  order: Pick<OrderDocument, 'status' | 'statusSince'>;
  sentence: string;
  now: Date;
}): OrderActResult & Refusal {
  const { order, sentence, now } = input;
  return {
    kind: 'refused',
    orderStatus: order.status,
    since: order.statusSince,
    ageSeconds: Math.floor((now.getTime() - Date.parse(order.statusSince)) / 1000),
    sentence,
  };
}

/**
 * Records, in the audit log and in the order's timeline, what was answered to a wish where the order's workflow does
 * not: it is gone or was never there, or it has refused an update, which leaves no trace in it.
 */
export async function recordOrderAct(
  deps: { db: Pick<Collections, 'orders'>; recordAct: RecordAct },
  input: {
    act: string;
    wish: { orderId: string; by: string; reason?: string | null };
    accepted: boolean;
    answer: string;
  },
): Promise<void> {
  const { act, wish, accepted, answer } = input;
  const { orderId, by, reason = null } = wish;
  const subject = { kind: 'order', id: orderId } as const;
  await deps.recordAct({ act, subject, by, reason, accepted, answer });
  const text = `${accepted ? '' : 'Refused: '}${act} by ${by}${reason ? ` (${reason})` : ''}. ${answer}`;
  const at = new Date().toISOString();
  await deps.db.orders.updateOne({ _id: orderId }, { $push: { timeline: { at, text } } });
}
