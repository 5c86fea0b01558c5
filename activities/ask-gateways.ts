import type { Collections } from '../src/database.ts';
import { assertNever } from '../src/domain/assert-never.ts';
import type { GatewayName } from '../src/domain/order.ts';
import type { ShopNotice } from '../src/domain/order-notice.ts';
import type { CapturedPayment } from '../src/domain/payment.ts';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import { expireCheckout, noteLateAsk } from '../src/orders/expire-checkout.ts';
import type { OrderDocument } from '../src/orders/order-document.ts';
import type { PaymentGateway } from '../src/payments/gateway.ts';
import { planReturn } from '../src/payments/plan-return.ts';
import { noteOwed } from '../src/payments/refund-book.ts';
import type { AskActivities, CheckoutsAsked } from '../workflows/contract/ask-gateways.ts';
import { beating } from './beating.ts';
import type { ActivityLogger } from './dependencies.ts';
import { eachAtOnce } from './each-at-once.ts';
import { withFailures } from './failures.ts';
import { beginReturn } from './returns.ts';

/** What the sweep works with; composition hands in the real parts. */
export interface AskDependencies {
  db: Pick<Collections, 'orders' | 'payments' | 'refunds'>;
  gatewayOf: (name: GatewayName) => PaymentGateway;
  /** The same durable start as the webhook's; safe to repeat. */
  acceptPayment: (payment: CapturedPayment) => Promise<void>;
  startReturn: (input: { paymentKey: string }) => Promise<unknown>;
  readPolicy: () => Promise<Pick<ResolvedPolicy, 'checkoutExpiryMs'>>;
  sendShopNotice: (input: { factId: string; notice: ShopNotice }) => Promise<void>;
  now: () => string;
  log: ActivityLogger;
}

const pageSize = 200;
/** Gently: gateways limit the calls of one shop. */
const asksAtOnce = 4;

type Which = 'open' | 'expired' | 'paid';

/** What the sweep reads of an order: nothing of the customer. */
const fields = { gateway: 1, createdAt: 1, statusSince: 1, money: 1, owner: 1 } as const;
type AskedOrder = Pick<OrderDocument, '_id' | 'gateway' | 'createdAt' | 'statusSince' | 'money' | 'owner'>;

/** The activities of `askGateways`: they beat, so that a run whose worker died goes on within seconds. */
export function createAsking(deps: AskDependencies): AskActivities {
  return withFailures({
    askGateways: (input) => beating(() => askPage(deps, input)),
    tellTakenBack: () => beating(() => tellTakenBack(deps)),
    beginReturns: () => beating(() => beginReturns(deps)),
  });
}

/** How long a refund that was taken back is looked at; its mail is sent once in that time. */
const takenBackMs = 7 * 24 * 3_600_000;

/** Long enough for the workflow that recorded it to judge it. */
const judgedWithinMs = 120_000;

/** A payment whose workflow was ended between its record and its verdict is told once more. */
async function tellUnjudged({ db, acceptPayment, now }: AskDependencies): Promise<void> {
  const before = new Date(Date.parse(now()) - judgedWithinMs).toISOString();
  const left = await db.payments
    .find({ verdict: null, recordedAt: { $lt: before } })
    .limit(pageSize)
    .toArray();
  await eachAtOnce(left, asksAtOnce, async ({ gateway, paymentId, orderId, amountPaise, currency, paidAt }) =>
    acceptPayment({ gateway, paymentId, orderId, amountPaise, currency, paidAt }),
  );
}

/**
 * Payments that are owed back have a workflow of their own; one whose start was lost, or that was ended, is started
 * again.
 */
async function beginReturns(deps: AskDependencies): Promise<number> {
  const { db, log } = deps;
  await tellUnjudged(deps);
  const owed = await db.payments.find({ owedBack: true }).limit(pageSize).toArray();
  await eachAtOnce(owed, asksAtOnce, async ({ _id: paymentKey }) => {
    try {
      await beginReturn(deps, { paymentKey });
    } catch (error) {
      log.warn(
        { err: error, paymentKey },
        'The return of a payment could not be started; the next run tries again',
      );
    }
  });
  return owed.length;
}

async function tellTakenBack({ db, now, sendShopNotice }: AskDependencies): Promise<number> {
  const since = new Date(Date.parse(now()) - takenBackMs).toISOString();
  const refunds = await db.refunds.find({ takenBackAt: { $gte: since } }).toArray();
  for (const refund of refunds) {
    const { _id: refundId, takenBackAt, orderId, gateway, amountPaise, currency } = refund;
    if (!takenBackAt) continue;
    if ((await planReturn({ db }, refund)).kind === 'refund') await noteOwed({ db }, refund);
    await sendShopNotice({
      factId: `refundTakenBack:${refundId}`,
      notice: { kind: 'refundTakenBack', orderId, refundId, gateway, amountPaise, currency, takenBackAt },
    });
  }
  return refunds.length;
}

/** Asks about one page of unpaid orders. One order's trouble is logged and stops no other; it is then not expired. */
async function askPage(
  deps: AskDependencies,
  { which, after }: { which: Which; after: string | null },
): Promise<CheckoutsAsked> {
  const { checkoutExpiryMs } = await deps.readPolicy();
  const page = await readPage(deps, { which, after });
  const sum = { asked: page.length, paid: 0, expired: 0, troubles: 0 };
  await eachAtOnce(page, asksAtOnce, async (order) => {
    try {
      if (await findPayment(deps, order)) sum.paid += 1;
      else if (which === 'open' && (await expireIfDue(deps, { order, checkoutExpiryMs }))) sum.expired += 1;
      if (which !== 'open') await noteLateAsk(deps, order);
    } catch (error) {
      sum.troubles += 1;
      const fact = { err: error, orderId: order._id, gateway: order.gateway };
      deps.log.warn(fact, 'The gateway could not be asked about an order; the next run tries again');
    }
  });
  const last = page.length < pageSize ? undefined : page.at(-1);
  return { next: last?._id ?? null, ...sum };
}

function readPage(
  { db, now }: AskDependencies,
  { which, after }: { which: Which; after: string | null },
): Promise<AskedOrder[]> {
  return db.orders
    .find({ ...wantedOf(which, now()), ...(after === null ? {} : { _id: { $gt: after } }) })
    .project<AskedOrder>(fields)
    .sort({ _id: 1 })
    .limit(pageSize)
    .toArray();
}

function wantedOf(which: Which, now: string) {
  switch (which) {
    case 'open':
      // Also one that waits for the right payment after a wrong one.
      return { open: true, money: 'unpaid' as const };
    case 'expired':
      return { open: false, askGatewayAt: { $lte: now }, money: 'unpaid' as const };
    case 'paid':
      return { askGatewayAt: { $lte: now }, money: { $ne: 'unpaid' as const } };
    default:
      return assertNever(which);
  }
}

/** True where the gateway has the money: every captured payment is told to the order, as its webhook would have. */
async function findPayment(deps: AskDependencies, order: AskedOrder): Promise<boolean> {
  const { _id: orderId } = order;
  const gateway = deps.gatewayOf(order.gateway);
  const found = await gateway.findOrder({ orderId });
  if (found?.status !== 'paid') return false;
  const payments = await gateway.findPayments({ orderId });
  // Razorpay lists a payment that was refunded in full as captured no more; its order stays paid there.
  if (payments.length === 0 && order.owner !== null) return true;
  if (payments.length === 0)
    throw new Error(`Failed to find the payment of order ${orderId}: ${order.gateway} calls it paid.`);
  for (const payment of payments) {
    const { paymentId } = payment;
    const isKnown = (await deps.db.payments.findOne({ _id: `${order.gateway}:${paymentId}` })) !== null;
    // What is recorded was told to the order's workflow; one that could not be judged is told apart.
    if (isKnown && order.owner !== null) continue;
    await deps.acceptPayment(payment);
    const fact = { orderId, gateway: order.gateway, paymentId };
    deps.log.info(fact, 'Found a payment whose webhook has not come; the order is told of it');
  }
  return true;
}

/** The gateway's order ends before ours, so a checkout past its time that is not paid never will be, as a rule. */
async function expireIfDue(
  deps: AskDependencies,
  { order, checkoutExpiryMs }: { order: AskedOrder; checkoutExpiryMs: number },
): Promise<boolean> {
  const { _id: orderId, createdAt } = order;
  if (Date.parse(deps.now()) < Date.parse(createdAt) + checkoutExpiryMs) return false;
  const ended = await expireCheckout(deps, { orderId, checkoutExpiryMs });
  if (ended) deps.log.info({ orderId }, 'A checkout was not paid and has expired');
  return ended;
}
