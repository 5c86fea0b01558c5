import { CancellationScope, setHandler } from '@temporalio/workflow';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import type { PurchaseResolution } from '../src/domain/purchase-resolution.ts';
import { settlingActivities } from './activity-proxies.ts';
import { type Accepted, resolvePurchaseSignal, resolvePurchaseUpdate } from './contract/provision-order.ts';
import { findText, readSignal, type SignalInput, sortInput } from './contract/read-signal.ts';
import type { DecisionSlot } from './decision-slot.ts';
import type { OrderRecord } from './order-record.ts';
import { purchaseLimits } from './purchase-limits.ts';
import { refusalOf } from './refusal.ts';
import { strandServerOf } from './strand-server.ts';

const resolveHelp =
  'Settles an unknown purchase: {"outcome": "bought", "ip": "103.181.91.7", "reason": "seen in the panel", ' +
  '"by": "your name"} or {"outcome": "notBought", "reason": "...", "by": "..."}. ' +
  'It is checked; "acceptMismatch": true accepts what does not fit.';

interface ResolveDesk {
  record: OrderRecord;
  slot: DecisionSlot;
  policy: () => ResolvedPolicy | undefined;
}

/**
 * The message `resolvePurchase`, as signal and update over the same code: it takes the failure's slot, is checked by
 * an activity, and decides, or gives the slot back with the reason.
 */
export function useResolvePurchase(desk: ResolveDesk): void {
  const { record } = desk;
  setHandler(
    resolvePurchaseUpdate,
    async (said): Promise<Accepted> => {
      const answer = await resolve(desk, sortInput(said), 'api');
      if (answer.kind === 'refused') throw refusalOf(record, answer.sentence);
      return { orderStatus: record.status, next: answer.sentence };
    },
    {
      description: resolveHelp,
      validator: (said) => {
        const wish = judge(desk, sortInput(said), 'api');
        if (wish.kind === 'refused') throw refusalOf(record, wish.sentence);
      },
    },
  );
  setHandler(
    resolvePurchaseSignal,
    async (raw) => {
      const answer = await resolve(desk, readSignal(raw), 'Temporal Web UI');
      if (answer.kind === 'refused')
        noteAct(record, readSignal(raw), { accepted: false, answer: answer.sentence });
    },
    { description: resolveHelp },
  );
}

type Wish =
  | { kind: 'wanted'; purchaseId: string; policy: ResolvedPolicy; resolution: PurchaseResolution }
  | { kind: 'refused'; sentence: string };

function judge({ record, slot, policy: policyNow }: ResolveDesk, from: SignalInput, source: string): Wish {
  const { orderId, casePurchaseId: purchaseId } = record;
  const policy = policyNow();
  if (record.status !== 'failed' || purchaseId === null || !policy) {
    return refused(`Order ${orderId} has no purchase to resolve: it is ${record.status}.`);
  }
  if (slot.taken) return refused(`Already decided: ${slot.taken.act} by ${slot.taken.by}.`);
  const resolution = readResolution(from, source);
  if (!resolution) return refused(`Failed to read the resolution of order ${orderId}. ${resolveHelp}`);
  return { kind: 'wanted', purchaseId, policy, resolution };
}

function readResolution(from: SignalInput, source: string): PurchaseResolution | undefined {
  if (from.kind !== 'fields') return undefined;
  const outcome = findText({ from, name: 'outcome' });
  const ip = findText({ from, name: 'ip' });
  const said = {
    by: findText({ from, name: 'by' }) ?? source,
    reason: findText({ from, name: 'reason' }) ?? null,
    acceptMismatch: from.fields.acceptMismatch === true,
  };
  if (outcome === 'notBought') return { ...said, outcome };
  return outcome === 'bought' && ip ? { ...said, outcome, ip } : undefined;
}

/** Handlers never throw but for a refusal: a check that breaks gives the slot back and says so. */
async function resolve(
  desk: ResolveDesk,
  from: SignalInput,
  source: string,
): Promise<{ kind: 'resolved' | 'refused'; sentence: string }> {
  const wish = judge(desk, from, source);
  if (wish.kind === 'refused') return wish;
  const { policy, purchaseId, resolution } = wish;
  const at = new Date(Date.now()).toISOString();
  const place = desk.slot.reserve({ act: 'resolve', by: resolution.by, at });
  const limits = purchaseLimits(policy);
  try {
    // A cancellation that was refused has cancelled the scope of the handlers for good.
    const answer = await CancellationScope.nonCancellable(() =>
      settlingActivities(policy).resolvePurchase({ purchaseId, resolution, policy: limits }),
    );
    if (answer.kind === 'refused') {
      place.giveUp();
      return answer;
    }
    const sentence = answer.verdictStays
      ? await settleAddress({ purchaseId, resolution, policy, cause: answer.sentence })
      : answer.sentence;
    noteAct(desk.record, from, { accepted: true, answer: sentence, by: resolution.by });
    if (answer.verdictStays) place.giveUp();
    else place.decide();
    return { kind: 'resolved', sentence };
  } catch {
    place.giveUp();
    return refused(`The purchase ${purchaseId} could not be checked; nothing was changed. Try again.`);
  }
}

/**
 * What the word on a contradicted case settles, here as in the workflow `case-<purchaseId>`: what was bought belongs to
 * nobody. The order's own verdict stands, and its failure goes on waiting for a decision.
 */
async function settleAddress(input: {
  purchaseId: string;
  resolution: PurchaseResolution;
  policy: ResolvedPolicy;
  cause: string;
}): Promise<string> {
  const { resolution, cause, ...server } = input;
  const waits = 'The order waits for its own decision.';
  if (resolution.outcome === 'notBought') return `${cause} ${waits}`;
  const { explanation } = await strandServerOf({ ...server, ip: resolution.ip, cause });
  return `${cause} ${explanation} ${waits}`;
}

function noteAct(
  record: OrderRecord,
  from: SignalInput,
  said: { accepted: boolean; answer: string; by?: string },
): void {
  const { accepted, answer } = said;
  const by = said.by ?? findText({ from, name: 'by' }) ?? 'Temporal Web UI';
  const reason = findText({ from, name: 'reason' }) ?? null;
  record.act({ act: 'resolvePurchase', by, reason, accepted, answer });
}

function refused(sentence: string): { kind: 'refused'; sentence: string } {
  return { kind: 'refused', sentence };
}
