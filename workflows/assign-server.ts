import { CancellationScope, condition, setHandler } from '@temporalio/workflow';
import type { AssignWish, ClaimEnd } from '../src/domain/claim.ts';
import type { Failure } from '../src/domain/order.ts';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import { records, wipeActivities } from './activity-proxies.ts';
import { type Accepted, assignServerSignal, assignServerUpdate } from './contract/provision-order.ts';
import { findText, readSignal, type SignalInput, sortInput } from './contract/read-signal.ts';
import { type DecisionSlot, endingOf } from './decision-slot.ts';
import type { OrderRecord } from './order-record.ts';
import { type BuyingRun, type StepResult, stageOf } from './order-run.ts';
import { refusalOf } from './refusal.ts';

const assignHelp =
  'Gives the order a stranded server: {"ip": "103.181.91.7", "reason": "...", "by": "your name"}. ' +
  'It is checked, renewed where its term is short, and wiped; then it is delivered.';

interface AssignDesk {
  record: OrderRecord;
  slot: DecisionSlot;
  policy: () => ResolvedPolicy | undefined;
}

/**
 * The message `assignServer`, as signal and update over the same code. It is answered once the server is taken; then
 * it is made ready while the order stays as it was, and the decision slot stays taken.
 */
export function useAssignServer(desk: AssignDesk): void {
  const { record } = desk;
  setHandler(
    assignServerUpdate,
    async (said): Promise<Accepted> => {
      const answer = await assign(desk, sortInput(said), 'api');
      if (answer.kind === 'refused') throw refusalOf(record, answer.sentence);
      return { orderStatus: record.status, next: answer.sentence };
    },
    {
      description: assignHelp,
      validator: (said) => {
        const wish = judge(desk, sortInput(said), 'api');
        if (wish.kind === 'refused') throw refusalOf(record, wish.sentence);
      },
    },
  );
  setHandler(
    assignServerSignal,
    async (raw) => {
      const answer = await assign(desk, readSignal(raw), 'Temporal Web UI');
      if (answer.kind === 'refused') noteRefusal(record, readSignal(raw), answer.sentence);
    },
    { description: assignHelp },
  );
}

type Judged = { kind: 'wanted'; wish: AssignWish; policy: ResolvedPolicy } | Refused;
interface Refused {
  kind: 'refused';
  sentence: string;
}

function judge({ record, slot, policy: policyNow }: AssignDesk, from: SignalInput, source: string): Judged {
  const { orderId, status } = record;
  const policy = policyNow();
  if ((status !== 'failed' && status !== 'waitingForStock') || !policy) {
    return refused(`Order ${orderId} is ${status}: a server is assigned to a failed or waiting order only.`);
  }
  if (slot.taken) return refused(`Already decided: ${slot.taken.act} by ${slot.taken.by}.`);
  const ip = findText({ from, name: 'ip' }) ?? (from.kind === 'text' ? from.text : undefined);
  if (!ip) return refused(`Failed to read which server order ${orderId} is to get. ${assignHelp}`);
  const by = findText({ from, name: 'by' }) ?? source;
  return { kind: 'wanted', wish: { ip, by, reason: findText({ from, name: 'reason' }) ?? null }, policy };
}

/** Handlers never throw but for a refusal: whatever breaks gives the slot back and says so. */
async function assign(
  desk: AssignDesk,
  from: SignalInput,
  source: string,
): Promise<{ kind: 'accepted'; sentence: string } | Refused> {
  const judged = judge(desk, from, source);
  if (judged.kind === 'refused') return judged;
  const { record } = desk;
  const { wish, policy } = judged;
  const place = desk.slot.reserve({ act: 'assign', by: wish.by, at: new Date(Date.now()).toISOString() });
  try {
    // A cancellation that was refused has cancelled the scope of the handlers for good.
    const claim = await CancellationScope.nonCancellable(() =>
      records.claimServer({ orderId: record.orderId, wish }),
    );
    if (claim.kind === 'refused') {
      place.giveUp();
      return claim;
    }
    const sentence = `${wish.ip} is made ready for the order, then it is delivered.`;
    const { by, reason } = wish;
    record.act({ act: 'assignServer', by, reason, accepted: true, answer: sentence });
    const { purchaseId } = claim;
    void CancellationScope.nonCancellable(() => makeReady({ record, policy, purchaseId, place }));
    return { kind: 'accepted', sentence };
  } catch {
    place.giveUp();
    return refused(`${wish.ip} could not be taken for order ${record.orderId}. Look at it, then try again.`);
  }
}

/** Goes on after the message was answered: ready, it decides the failure; not, the order stays as it was. */
async function makeReady(input: {
  record: OrderRecord;
  policy: ResolvedPolicy;
  purchaseId: string;
  place: { decide(): void; giveUp(): void };
}): Promise<void> {
  const { record, place } = input;
  try {
    const end = await endOfClaim(input);
    if (end.kind === 'bought') return place.decide();
    record.note(end.sentence);
  } catch {
    record.note(
      `Whether the server of ${input.purchaseId} is the order's is not known. A retry looks again.`,
    );
  }
  place.giveUp();
}

async function endOfClaim(input: {
  policy: ResolvedPolicy;
  purchaseId: string;
  /** True once the order is to end: then it needs no server any more. */
  isAbandoned?: () => boolean;
}): Promise<ClaimEnd> {
  const { policy, purchaseId, isAbandoned = () => false } = input;
  const everyMs = policy.credentialsEveryMs;
  const scope = new CancellationScope();
  const finishing = scope.run(() => wipeActivities(policy).finishClaim({ purchaseId, everyMs }));
  try {
    const end = await Promise.race([finishing, condition(isAbandoned)]);
    if (end !== undefined) return end;
    finishing.catch(() => undefined);
    scope.cancel();
    return records.returnClaim({ purchaseId, why: 'The order was ended.' });
  } catch {
    const why = 'It was not ready in time (wipeLimit).';
    return records.returnClaim({ purchaseId, why });
  }
}

/**
 * By the policy `claimStranded`, a stranded server that fits is made ready instead of buying; one that is not ready in
 * time goes back, and the order buys. @returns true where the ledger has a new word on the order.
 */
export async function claimBeforeBuying(run: BuyingRun): Promise<boolean> {
  const { order, policy, record, slot } = run;
  if (!policy.claimStranded) return false;
  const claim = await records.claimStranded({ orderId: order.orderId });
  if (claim.kind === 'none') return false;
  await record.enter({
    status: stageOf(run, 'queued'),
    text: `${claim.ip}, a stranded server of its package, is made ready instead of buying one.`,
    next: {
      text: 'Is delivered once it is wiped and has a new login; else a server is bought, at the latest at',
      at: new Date(Date.now() + policy.wipeLimitMs).toISOString(),
    },
  });
  const isAbandoned = () => endingOf(slot) !== null;
  const end = await endOfClaim({ policy, purchaseId: claim.purchaseId, isAbandoned });
  if (end.kind === 'gaveBack') record.note(end.sentence);
  return true;
}

/**
 * A claim that an earlier run left behind: finished, or given back with the order where it was. One that a message of
 * this run began while the order looked for its next step is waited for.
 */
export async function resumeClaim(
  run: BuyingRun,
  input: { purchaseId: string; failure: Failure | null },
): Promise<StepResult> {
  const { policy, record, slot } = run;
  if (slot.taken) {
    await condition(() => slot.isDecided || !slot.taken);
    slot.empty();
    return { kind: 'again' };
  }
  const isAbandoned = () => endingOf(slot) !== null;
  const end = await endOfClaim({ policy, purchaseId: input.purchaseId, isAbandoned });
  if (end.kind === 'bought') return { kind: 'again' };
  record.note(end.sentence);
  if (input.failure === null) return { kind: 'again' };
  const { code, message } = input.failure;
  return { kind: 'failed', code, message };
}

function noteRefusal(record: OrderRecord, from: SignalInput, answer: string): void {
  const by = findText({ from, name: 'by' }) ?? 'Temporal Web UI';
  const reason = findText({ from, name: 'reason' }) ?? null;
  record.act({ act: 'assignServer', by, reason, accepted: false, answer });
}

function refused(sentence: string): Refused {
  return { kind: 'refused', sentence };
}
