import type { Collection } from 'mongodb';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Collections } from '../database.ts';
import { offeredActs } from '../domain/offered-acts.ts';
import type { OrderReport } from '../domain/order-report.ts';
import { joinStory, type StoryLine } from '../domain/order-story.ts';
import { recommendedFor } from '../domain/order-words.ts';
import type { NotificationDocument } from '../notifications/notifier.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { lineOf } from './list-orders.ts';
import { tellStory } from './tell-story.ts';

/** More rows of one kind than this belong to no order that is well. */
const rowLimit = 200;

interface ReportDependencies {
  db: Pick<Collections, 'orders' | 'payments' | 'refunds' | 'purchases' | 'cases' | 'servers'> & {
    notifications: Collection<NotificationDocument>;
  };
  audit: Pick<AuditLog, 'list'>;
  now: () => Date;
  /** Where a workflow is shown in the Temporal Web UI; null where its address is not known. */
  linkTo: (workflowId: string) => string | null;
  /** The steps of the order's workflows; null where Temporal does not keep or tell them. */
  readSteps: (input: { orderId: string }) => Promise<StoryLine[] | null>;
}

/** Everything about one order that a person needs, without its customer; null where there is no such order. */
export async function reportOrder(
  deps: ReportDependencies,
  { orderId }: { orderId: string },
): Promise<OrderReport | null> {
  const { db, audit } = deps;
  const order = await db.orders.findOne({ _id: orderId });
  if (order === null) return null;
  const [payments, refunds, purchases, cases, servers, notices, acts, steps] = await Promise.all([
    db.payments.find({ orderId }).limit(rowLimit).toArray(),
    db.refunds.find({ orderId }).limit(rowLimit).toArray(),
    db.purchases.find({ orderId }).sort({ number: 1 }).limit(rowLimit).toArray(),
    db.cases.find({ orderId }).limit(rowLimit).toArray(),
    db.servers.find({ 'tenancy.orderId': orderId }).limit(rowLimit).toArray(),
    db.notifications.find({ orderId }).sort({ at: 1 }).limit(rowLimit).toArray(),
    audit.list({ subjectId: orderId, limit: rowLimit }),
    order.owner === null ? null : deps.readSteps({ orderId }),
  ]);
  acts.reverse();
  const records = { order, payments, refunds, purchases, cases, servers, notices };
  const openCase = cases.find(({ resolution }) => resolution === null);
  const { status, goods, money } = order;
  const sent = purchases.some(({ sentAt }) => sentAt !== null);
  return {
    ...factsOf(deps, order),
    payments: payments.map(({ paymentId, gateway, verdict, amountPaise, currency, paidAt }) => {
      return { paymentId, gateway, verdict, amount: { amountMinor: amountPaise, currency }, paidAt };
    }),
    purchases: purchases.map(({ _id: purchaseId, state, ip, sentAt, why }) => {
      return { purchaseId, state, ip, sentAt, why };
    }),
    servers: servers.map(({ ip, tenancy: { state, since, expiresAt } }) => ({ ip, state, since, expiresAt })),
    notices: notices.map(({ _id, kind, state, at }) => ({
      kind,
      to: _id.endsWith(':customer') ? 'customer' : 'admin',
      state,
      at,
    })),
    acts,
    refunds: refunds.map(({ _id: refundId, state, amountPaise, currency, createdAt }) => {
      return { refundId, state, amount: { amountMinor: amountPaise, currency }, createdAt };
    }),
    openCase: openCase
      ? { purchaseId: openCase._id, sentence: openCase.sentence, openedAt: openCase.openedAt }
      : null,
    offered: offeredActs({ status, goods, money, sent, hasOpenCase: openCase !== undefined }),
    timeline: joinStory([...tellStory(records), ...(steps ?? [])], acts),
    hasHistory: steps !== null,
  };
}

type Facts = Omit<
  OrderReport,
  | 'payments'
  | 'refunds'
  | 'purchases'
  | 'servers'
  | 'notices'
  | 'acts'
  | 'openCase'
  | 'offered'
  | 'timeline'
  | 'hasHistory'
>;

function factsOf({ now, linkTo }: ReportDependencies, order: OrderDocument): Facts {
  const { failure, owner, productId, productName: name, ramGb, os, remedy } = order;
  return {
    ...lineOf(order, now()),
    failure,
    recommended: recommendedFor({ status: order.status, code: failure?.code ?? null }),
    decisionDeadline: order.decisionDeadline ?? null,
    owner,
    webUi: owner === null ? null : linkTo(owner),
    product: { productId, name, ramGb, os },
    amount: { amountMinor: order.amountPaise, currency: order.currency },
    createdAt: order.createdAt,
    paidAt: order.paidAt,
    goods: order.goods,
    money: order.money,
    remedy: remedy === null ? null : { option: remedy.option, workflowId: remedy.workflowId },
  };
}
