import { assertNever } from '../../src/domain/assert-never.ts';
import type { NextStep } from '../../src/domain/order-facts.ts';
import { purchaseIdOf } from '../../src/domain/purchase-id.ts';
import type { PurchaseOutcome } from '../../src/domain/purchase-outcome.ts';
import type { RawPurchaseReply } from '../../src/domain/purchase-reply.ts';
import { planOrder } from '../../src/orders/plan-order.ts';
import { type BuyOnceDependencies, buyOnce, NotSentYet } from '../../src/purchases/buy-once.ts';
import { type SettlePurchaseDependencies, settlePurchase } from '../../src/purchases/settle-purchase.ts';
import { settleReply } from '../../src/purchases/settle-row.ts';
import { interpretPurchaseReply } from '../../src/suppliers/smartvps/interpret-purchase-reply.ts';
import type { Supplier } from '../../src/suppliers/supplier.ts';
import { anOrder } from '../support/builders.ts';
import type { RunWorld } from './local-runs.ts';

/** An address of its own: a pool that one question empties. */
export const packageName = '103.195.160.2';

/** Seconds are steps of the exploration's clock: a longest purchase takes two of them. */
export const stepMs = 6_000;
export const policy = {
  longestPurchaseMs: 2 * stepMs,
  settleAfterMs: stepMs,
  notBoughtAfterMs: stepMs,
  lowStockWarning: 5,
  settleProbesMax: 1,
  settleProbesPerSecond: 1_000,
  purchaseTries: 2,
};

/** The database did not answer: the activity fails, and is tried again. */
export class DatabaseFault extends Error {}

/** The end of a run that has no turn left: the lock would let it wait. */
export const waitsForItsTurn = 'waits for its turn';

/** Counts before every purchase: this package and another one. */
export const stockBefore = [
  { packageId: '5', name: packageName, available: 9 },
  { packageId: '6', name: '103.195.161', available: 50 },
];

/** A piece of an order's run between two points at which all that it remembers is in here. */
export interface Segment {
  orderId: string;
  /** How often it may still ask for its turn anew, after a voided, unsold or stale one. */
  turnsLeft: number;
  /** Fencing number of this turn; null: it asks for the next one. */
  grant: number | null;
  /** It was told to try again: it pauses first, as the retry of an activity does. */
  pausesFirst: boolean;
  act:
    | { kind: 'plan' }
    | { kind: 'buy'; purchaseId: string }
    | { kind: 'settleOther'; purchaseId: string; other: string }
    | { kind: 'storeCarried'; purchaseId: string; reply: RawPurchaseReply }
    | { kind: 'settleOwn'; purchaseId: string };
}

export type SegmentEnd = { next: Segment } | { end: string };

/**
 * One order as its workflow drives it, without any lock: each run believes that it holds it. `grant` is the fencing
 * number of its first turn; `from: 'plan'` is a workflow that was started again, `from: 'buy'` a purchase activity.
 */
export function firstSegment(input: {
  orderId: string;
  grant: number | null;
  from: 'buy' | 'plan';
  turnsLeft: number;
}): Segment {
  const { orderId, grant, turnsLeft } = input;
  const purchaseId = purchaseIdOf({ orderId, number: 1 });
  const act: Segment['act'] = input.from === 'buy' ? { kind: 'buy', purchaseId } : { kind: 'plan' };
  return { orderId, turnsLeft, grant, pausesFirst: false, act };
}

/** Anything that is thrown but the two failures that Temporal retries is a bug. */
export async function runSegment(world: RunWorld, segment: Segment): Promise<SegmentEnd> {
  try {
    if (segment.pausesFirst) await world.sleep(1_000);
    return await act(world, { ...segment, pausesFirst: false });
  } catch (error) {
    if (!(error instanceof NotSentYet || error instanceof DatabaseFault)) throw error;
    return { next: { ...segment, pausesFirst: true } };
  }
}

async function act(world: RunWorld, segment: Segment): Promise<SegmentEnd> {
  const deps = dependenciesOf(world);
  switch (segment.act.kind) {
    case 'plan':
      return afterPlan(segment, await planOrder(deps, { orderId: segment.orderId }));
    case 'buy':
      return buy(world, segment, segment.act.purchaseId);
    case 'settleOther': {
      const { other, purchaseId } = segment.act;
      await settlePurchase(deps, { purchaseId: other, asOwner: false, policy });
      return { next: { ...segment, act: { kind: 'buy', purchaseId } } };
    }
    case 'storeCarried': {
      const { purchaseId, reply } = segment.act;
      const outcome = await settleReply(deps, { purchaseId, reply });
      if (outcome.kind === 'open') throw new Error(`The carried reply of ${purchaseId} settled nothing.`);
      return afterOutcome(segment, purchaseId, outcome);
    }
    case 'settleOwn': {
      const { purchaseId } = segment.act;
      const outcome = await settlePurchase(deps, { purchaseId, asOwner: true, policy });
      return afterOutcome(segment, purchaseId, outcome);
    }
    default:
      return assertNever(segment.act);
  }
}

function afterPlan(segment: Segment, step: NextStep): SegmentEnd {
  if (step.kind === 'buy') {
    return { next: { ...segment, act: { kind: 'buy', purchaseId: step.purchaseId } } };
  }
  if (step.kind === 'settle') {
    return { next: { ...segment, act: { kind: 'settleOwn', purchaseId: step.purchaseId } } };
  }
  return { end: step.kind };
}

async function buy(world: RunWorld, segment: Segment, purchaseId: string): Promise<SegmentEnd> {
  if (segment.grant === null) return { next: { ...segment, grant: await world.askGrant() } };
  const fencingNumber = segment.grant;
  const sendPurchase = () => world.send({ purchaseId, fencingNumber });
  const outcome = await buyOnce(
    { ...dependenciesOf(world), sendPurchase },
    {
      order: anOrder({ _id: segment.orderId, packageKey: packageName }),
      packageName,
      purchaseId,
      fencingNumber,
      stockBefore: 9,
      stockAllBefore: stockBefore,
      policy,
    },
  );
  return afterOutcome(segment, purchaseId, outcome);
}

/** As in the workflow: waits for a dead holder's purchase, stores what the ledger could not take, settles an unknown. */
function afterOutcome(segment: Segment, purchaseId: string, outcome: PurchaseOutcome): SegmentEnd {
  const goOn = (act: Segment['act']): SegmentEnd => ({ next: { ...segment, act } });
  switch (outcome.kind) {
    case 'busy':
      return goOn({ kind: 'settleOther', purchaseId, other: outcome.purchaseId });
    case 'unstored':
      return goOn({ kind: 'storeCarried', purchaseId, reply: outcome.reply });
    case 'unknown':
      return goOn({ kind: 'settleOwn', purchaseId });
    case 'voided':
    case 'notBought':
    case 'orderClosed':
    case 'staleGrant': {
      const turnsLeft = segment.turnsLeft - 1;
      if (turnsLeft < 0) return { end: waitsForItsTurn };
      return { next: { ...segment, turnsLeft, grant: null, act: { kind: 'plan' } } };
    }
    default:
      return { end: outcome.kind };
  }
}

function dependenciesOf(
  world: RunWorld,
): Omit<BuyOnceDependencies & SettlePurchaseDependencies, 'sendPurchase'> {
  const supplier = {
    readServer: ({ ip }: { ip: string }) => world.probe(ip),
    readStock: () => world.readStock(),
  } as unknown as Supplier;
  return {
    db: world.db,
    now: world.now,
    sleep: world.sleep,
    interpret: ({ reply }) => interpretPurchaseReply(reply),
    supplierOf: () => supplier,
    log: { warn: () => undefined },
  };
}
