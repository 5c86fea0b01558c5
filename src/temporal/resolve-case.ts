import type { Client } from '@temporalio/client';
import { resolvePurchaseUpdate } from '../../workflows/contract/provision-order.ts';
import { caseWorkflowId, type ResolveCaseResult } from '../../workflows/contract/resolve-case.ts';
import type { Collections } from '../database.ts';
import type { PurchaseResolution } from '../domain/purchase-resolution.ts';
import { waitsForPurchase } from '../domain/stranding.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { askOrder } from './ask-order.ts';
import { type RecordAct, recordOrderAct } from './order-act.ts';
import { restartOrder } from './restart-order.ts';
import { orUnavailable, runVerdict, unavailable } from './run-verdict.ts';

/** The checks ask the supplier for a whole pool at worst; what takes longer goes on by itself. */
const answerWithinMs = 60_000;

/** The purchase to resolve, or the order whose open case it is. */
export interface ResolveCaseRequest {
  orderId?: string;
  purchaseId?: string;
  resolution: PurchaseResolution;
}

export type ResolveCaseOutcome =
  | { kind: 'accepted'; orderId: string; purchaseId: string; next: string }
  | { kind: 'refused'; sentence: string }
  | { kind: 'notFound' }
  | { kind: 'unavailable'; sentence: string };

interface ResolveCaseDependencies {
  client: Client;
  db: Pick<Collections, 'orders' | 'purchases' | 'cases'>;
  recordAct: RecordAct;
}

/** Settles a case where it is decided: at the order that waits for it, else by the workflow `case-<purchaseId>`. */
export function resolveCase(
  deps: ResolveCaseDependencies,
  request: ResolveCaseRequest,
): Promise<ResolveCaseOutcome> {
  return orUnavailable(async () => {
    const found = await findPurchase(deps, request);
    if (found === null) return { kind: 'notFound' };
    if ('sentence' in found) return { kind: 'refused', sentence: found.sentence };
    const { resolution } = request;
    const order = await deps.db.orders.findOne({ _id: found.orderId });
    const settling = { ...found, resolution };
    if (order !== null && waitsForPurchase(order, found.purchaseId)) {
      return askItsOrder(deps, { ...settling, order });
    }
    const outcome = await settleAlone(deps, settling);
    await recordResolution(deps, { ...settling, outcome });
    return outcome;
  });
}

interface Found {
  orderId: string;
  purchaseId: string;
}

async function findPurchase(
  { db }: ResolveCaseDependencies,
  { orderId, purchaseId }: ResolveCaseRequest,
): Promise<Found | { sentence: string } | null> {
  if (purchaseId !== undefined) {
    const row = await db.purchases.findOne({ _id: purchaseId });
    if (!row || (orderId !== undefined && row.orderId !== orderId)) return null;
    return { orderId: row.orderId, purchaseId };
  }
  const order = orderId === undefined ? null : await db.orders.findOne({ _id: orderId });
  if (!order) return null;
  if (order.goods.state === 'parked') return { orderId: order._id, purchaseId: order.goods.purchaseId };
  const open = await db.cases.findOne({ orderId: order._id, resolution: null });
  return open
    ? { orderId: order._id, purchaseId: open._id }
    : { sentence: `Order ${order._id} has no open case.` };
}

type Settling = Found & { resolution: PurchaseResolution };

async function askItsOrder(
  deps: ResolveCaseDependencies,
  { order, orderId, purchaseId, resolution }: Settling & { order: OrderDocument },
): Promise<ResolveCaseOutcome> {
  const { client, db } = deps;
  const update = resolvePurchaseUpdate;
  const said = { ...resolution };
  const asked = await askOrder(client, { order, update, said, withinMs: answerWithinMs });
  switch (asked.kind) {
    case 'answered':
      return { kind: 'accepted', orderId, purchaseId, next: asked.accepted.next };
    case 'refused': {
      const { sentence } = asked.refusal;
      const wish = { orderId, by: resolution.by, reason: resolution.reason };
      await recordOrderAct(deps, { act: 'resolvePurchase', wish, accepted: false, answer: sentence });
      return { kind: 'refused', sentence };
    }
    case 'silent':
      return unavailable;
    case 'gone': {
      await restartOrder({ client, db }, { orderId });
      const sentence = `The workflow of order ${orderId} was gone and is started again. Resolve it once more.`;
      return { kind: 'unavailable', sentence };
    }
  }
}

async function settleAlone(
  { client }: ResolveCaseDependencies,
  { orderId, purchaseId, resolution }: Settling,
): Promise<Extract<ResolveCaseOutcome, { kind: 'accepted' | 'refused' }>> {
  const workflowId = caseWorkflowId(purchaseId);
  const result = await runVerdict<ResolveCaseResult>(client, {
    type: 'resolveCase',
    workflowId,
    args: { purchaseId, resolution },
    summary: `Case ${purchaseId}`,
    withinMs: answerWithinMs,
  });
  if (result === null) {
    return {
      kind: 'accepted',
      orderId,
      purchaseId,
      next: `It is under way: see the workflow ${workflowId}.`,
    };
  }
  if (result.ended !== 'resolved') return { kind: 'refused', sentence: result.explanation };
  return { kind: 'accepted', orderId, purchaseId, next: result.explanation };
}

/** No order waits for this purchase, so none records the act. */
async function recordResolution(
  { recordAct }: ResolveCaseDependencies,
  input: Settling & { outcome: Awaited<ReturnType<typeof settleAlone>> },
): Promise<void> {
  const { purchaseId, resolution, outcome } = input;
  const { by, reason } = resolution;
  const accepted = outcome.kind === 'accepted';
  const answer = outcome.kind === 'accepted' ? outcome.next : outcome.sentence;
  const subject = { kind: 'purchase', id: purchaseId } as const;
  await recordAct({ act: 'resolvePurchase', subject, by, reason, accepted, answer });
}
