import type { FreeMonth } from '../domain/free-month.ts';
import type { RemedyStep } from '../domain/remedy-step.ts';
import { keepExpiry } from '../servers/keep-expiry.ts';
import { serverId } from '../servers/tenancies.ts';
import { SupplierError } from '../suppliers/supplier-error.ts';
import { hasSwitched, isAwaited, monthOrdersOf } from './month-orders.ts';
import type { OrderDocument } from './order-document.ts';
import {
  blockedStep,
  closePurchase,
  type PlanDependencies,
  planRefund,
  takeMoney,
  unreturnedPayments,
} from './plan-refund.ts';
import {
  endOtherServers,
  findCase,
  findKeptServer,
  isInHands,
  livingServers,
  type OrderServer,
} from './remedy-servers.ts';

interface MonthPlan {
  order: OrderDocument;
  workflowId: string;
  skip: readonly string[];
  did: readonly string[];
  /** True once the month's time is over. */
  monthOver: boolean;
  freeMonthMs: number;
}

/**
 * The next step of the remedy `refundAndFreeMonth`: the customer has a server, all their money goes back, a month
 * begins; it ends by a renewal, by a switch that is delivered, or without a choice: then the server is ended.
 */
export async function planFreeMonth(deps: PlanDependencies, input: MonthPlan): Promise<RemedyStep> {
  const { order } = input;
  return order.freeMonth ? planRunningMonth(deps, input, order.freeMonth) : planTowardsMonth(deps, input);
}

async function planTowardsMonth(deps: PlanDependencies, input: MonthPlan): Promise<RemedyStep> {
  const { db, now } = deps;
  const { order, workflowId, skip, did, freeMonthMs } = input;
  const orderId = order._id;
  const blocked = (why?: string) => blockedStep(deps, { order, ...(why === undefined ? {} : { why }) });
  const open = await closePurchase(deps, order);
  if (open) return { kind: 'settle', purchaseId: open };
  const server = await findKeptServer(deps, order);
  if (!server) {
    return (await findCase(deps, order)) ?? blocked(`No server was bought for order ${orderId}.`);
  }
  const { purchaseId, ip } = server;
  if (!isInHands(order, purchaseId, did)) return { kind: 'deliver', purchaseId, ip };
  const isFresh = order.money === 'kept';
  // Only the supplier knows whether the customer has renewed it at the shop since; once money moves there is no way back.
  if (
    isFresh &&
    hasNothingLeft(server.expiresAt, now()) &&
    hasNothingLeft(await expiryOf(deps, order, server), now())
  )
    return blocked(
      `The month of ${ip} at the supplier is over, or ends within a day: there is none left that could be free. Choose refund, or renew it in the supplier's panel first.`,
    );
  await takeMoney(db, order, workflowId);
  const unreturned = await unreturnedPayments(db, orderId);
  const payment = unreturned.find((key) => !skip.includes(key));
  if (payment) return { kind: 'refund', paymentKey: payment };
  if (unreturned.length > 0) return blocked();
  const other = await endOtherServers(deps, { orderId, purchaseId });
  if (other) return other;
  const expiresAt = await expiryOf(deps, order, server);
  const startedAt = now();
  const freeMonth: FreeMonth = {
    startedAt,
    until: endOfMonth({ startedAt, freeMonthMs, expiresAt }),
    state: 'running',
    renewalId: null,
  };
  await db.orders.updateOne(
    { _id: orderId, owner: workflowId, 'remedy.workflowId': workflowId, money: 'refunding', freeMonth: null },
    { $set: { money: 'refunded', freeMonth } },
  );
  const begun = await db.orders.findOne({ _id: orderId });
  if (begun?.freeMonth) return monthStep(begun.freeMonth, { ip, waitsFor: null });
  return blocked(`The money of order ${orderId} has not gone back.`);
}

/** Much shorter than the step that plans; a supplier that does not answer must not hold up what is owed. */
const askWithinMs = 8_000;

/** Until when the server is paid for, as its supplier says it now; where it says nothing, the book counts. */
async function expiryOf(
  { db, supplierOf }: PlanDependencies,
  { supplier }: OrderDocument,
  { ip, purchaseId, expiresAt }: OrderServer,
): Promise<string | null> {
  try {
    const said = await supplierOf(supplier).readServer({ ip }, { signal: AbortSignal.timeout(askWithinMs) });
    const told = await keepExpiry(db, { serverId: serverId({ supplier, ip }), purchaseId, server: said });
    return told ?? expiresAt;
  } catch (error) {
    if (error instanceof SupplierError) return expiresAt;
    throw error;
  }
}

/** The supplier's days end by a clock of its own: what is to be ended in time is ended a day before. */
const termMarginMs = 24 * 60 * 60 * 1000;

/** True where a month that begins now would end at once: the server would be wiped before its customer could choose. */
function hasNothingLeft(expiresAt: string | null, now: string): boolean {
  return expiresAt !== null && Date.parse(expiresAt) - termMarginMs <= Date.parse(now);
}

/** A month lasts no longer than the supplier was paid for: past that the customer has nothing, and we cannot end it. */
function endOfMonth(input: { startedAt: string; freeMonthMs: number; expiresAt: string | null }): string {
  const { startedAt, freeMonthMs, expiresAt } = input;
  const startedMs = Date.parse(startedAt);
  const termMs = expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt) - termMarginMs;
  return new Date(Math.max(startedMs, Math.min(startedMs + freeMonthMs, termMs))).toISOString();
}

function monthStep(
  { startedAt, until }: FreeMonth,
  { ip, waitsFor }: { ip: string; waitsFor: string | null },
): RemedyStep {
  return { kind: 'freeMonth', startedAt, until, ip, waitsFor };
}

async function planRunningMonth(
  deps: PlanDependencies,
  input: MonthPlan,
  freeMonth: FreeMonth,
): Promise<RemedyStep> {
  const { db } = deps;
  const { order, workflowId, monthOver } = input;
  const orderId = order._id;
  const server = await findKeptServer(deps, order);
  const ip = server?.ip ?? order.server?.ip ?? '';
  switch (freeMonth.state) {
    case 'renewed':
    case 'kept':
      return { kind: 'settled', ip, text: `The customer keeps ${ip}, renewed until ${freeMonth.until}.` };
    case 'ending': {
      const [living] = await livingServers(deps, orderId);
      if (living) return { kind: 'endServer', purchaseId: living.purchaseId, ip: living.ip };
      return planRefund(deps, { orderId, workflowId, skip: input.skip });
    }
    case 'renewing':
      return monthStep(freeMonth, { ip, waitsFor: freeMonth.renewalId });
    case 'running':
      break;
  }
  const children = await monthOrdersOf(deps, orderId);
  // The month waits for it.
  const awaited = children.find(isAwaited);
  if (!children.some(hasSwitched) && !(monthOver && !awaited)) {
    return monthStep(freeMonth, { ip, waitsFor: monthOver ? (awaited?._id ?? null) : null });
  }
  await db.orders.updateOne(
    { _id: orderId, owner: workflowId, 'freeMonth.state': 'running' },
    { $set: { 'freeMonth.state': 'ending' } },
  );
  const now = await db.orders.findOne({ _id: orderId });
  if (!now?.freeMonth || now.freeMonth.state === 'running') {
    return { kind: 'blocked', moneyBegun: true, why: `The month of order ${orderId} could not be ended.` };
  }
  return planRunningMonth(deps, { ...input, order: now }, now.freeMonth);
}
