import { formatMoney } from '../domain/money.ts';
import type { StoryLine } from '../domain/order-story.ts';
import type { NotificationDocument } from '../notifications/notifier.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import type { PaymentDocument } from '../payments/payment-document.ts';
import type { RefundDocument } from '../payments/refund-document.ts';
import type { CaseDocument } from '../purchases/case-document.ts';
import type { PurchaseDocument } from '../purchases/purchase-document.ts';
import type { ServerDocument } from '../servers/server-document.ts';

/** What the shop's own records say about one order. */
export interface OrderRecords {
  order: OrderDocument;
  payments: readonly PaymentDocument[];
  refunds: readonly RefundDocument[];
  purchases: readonly PurchaseDocument[];
  cases: readonly CaseDocument[];
  servers: readonly ServerDocument[];
  notices: readonly NotificationDocument[];
}

/** Each record in words, in no order; these outlive what Temporal keeps. */
export function tellStory(records: OrderRecords): StoryLine[] {
  const { order, payments, refunds, purchases, cases, servers, notices } = records;
  return [
    ...order.timeline.map(({ at, text }): StoryLine => ({ at, source: 'order', text })),
    ...payments.map(tellPayment),
    ...refunds.flatMap(tellRefund),
    ...purchases.flatMap(tellPurchase),
    ...cases.flatMap(tellCase),
    ...servers.flatMap((server) => tellServer(server, order._id)),
    ...notices.map(tellNotice),
  ];
}

function tellPayment(payment: PaymentDocument): StoryLine {
  const { paymentId, gateway, amountPaise, currency, verdict, recordedAt } = payment;
  const amount = formatMoney({ amountMinor: amountPaise, currency });
  const text = `${gateway} payment ${paymentId} of ${amount}: ${verdict ?? 'not judged yet'}.`;
  return { at: recordedAt, source: 'payment', text };
}

function tellRefund(refund: RefundDocument): StoryLine[] {
  const { _id, amountPaise, currency, state, why, createdAt, settledAt } = refund;
  const amount = formatMoney({ amountMinor: amountPaise, currency });
  const begun: StoryLine = { at: createdAt, source: 'refund', text: `Refund ${_id} of ${amount} begun.` };
  if (settledAt === null) return [begun];
  const text = `Refund ${_id}: ${state}${why === null ? '' : ` (${why})`}.`;
  return [begun, { at: settledAt, source: 'refund', text }];
}

/** What the supplier was asked and what it answered, word for word; the ledger keeps answers without secrets. */
export function tellPurchase(purchase: PurchaseDocument): StoryLine[] {
  const { _id, kind, intendedAt, sentAt, settledAt, stockBefore, state, ip, why, reply, lateReply } =
    purchase;
  const stock = stockBefore === null ? '' : `; the supplier counted ${stockBefore} addresses`;
  const intent =
    kind === 'claim' ? `a stranded server is claimed` : `${purchase.packageName} is to be bought`;
  const lines: StoryLine[] = [
    { at: intendedAt, source: 'purchase', text: `Purchase ${_id}: ${intent}${stock}.` },
  ];
  if (sentAt !== null) {
    const text = `Purchase ${_id}: ${purchase.supplier} is asked to sell.`;
    lines.push({ at: sentAt, source: 'supplier', text, detail: askedOf(purchase) });
  }
  for (const [answer, how] of [
    [reply, 'answered'],
    [lateReply, 'answered late'],
  ] as const) {
    if (answer === null) continue;
    const at = answer.kind === 'answer' ? answer.receivedAt : (settledAt ?? sentAt ?? intendedAt);
    lines.push({
      at,
      source: 'supplier',
      text: `Purchase ${_id}: ${purchase.supplier} ${how}.`,
      detail: answerOf(answer),
    });
  }
  if (settledAt !== null) {
    const what = `${state}${ip === null ? '' : `, ${ip}`}${why === null ? '' : `: ${why}`}`;
    lines.push({ at: settledAt, source: 'purchase', text: `Purchase ${_id} is ${what}` });
  }
  return lines;
}

/** The request as the supplier's client sends it. */
export function askedOf({ packageName, ramGb }: Pick<PurchaseDocument, 'packageName' | 'ramGb'>): string {
  return JSON.stringify({ ip: packageName, ram: String(ramGb) });
}

/** The supplier's answer as the ledger kept it. */
export function answerOf(reply: NonNullable<PurchaseDocument['reply']>): string {
  return reply.kind === 'answer' ? `HTTP ${reply.httpStatus}: ${reply.body}` : reply.why;
}

function tellCase({ _id, sentence, openedAt, resolution }: CaseDocument): StoryLine[] {
  const opened: StoryLine = { at: openedAt, source: 'purchase', text: `Case ${_id} opened: ${sentence}` };
  if (resolution === null) return [opened];
  const { outcome, ip, by, reason, at } = resolution;
  const what = `${outcome}${ip === null ? '' : ` ${ip}`} by ${by}${reason === null ? '' : ` (${reason})`}`;
  return [opened, { at, source: 'purchase', text: `Case ${_id} resolved: ${what}.` }];
}

function tellServer({ ip, tenancy, history }: ServerDocument, orderId: string): StoryLine[] {
  return [...history, tenancy]
    .filter((one) => one.orderId === orderId)
    .map(({ state, since, cause = '' }) => ({
      at: since,
      source: 'server',
      text: `Server ${ip}: ${state}.${cause === '' ? '' : ` ${cause}`}`,
    }));
}

function tellNotice({ _id, kind, state, at, sentAt }: NotificationDocument): StoryLine {
  const to = _id.endsWith(':customer') ? 'customer' : 'admin';
  return { at: sentAt ?? at, source: 'mail', text: `Mail "${kind}" to the ${to}: ${state}.` };
}
