import { sleep, workflowInfo } from '@temporalio/workflow';
import { assertNever } from '../src/domain/assert-never.ts';
import { formatMoney } from '../src/domain/money.ts';
import type { RefundPart } from '../src/domain/refund.ts';
import type { RemedyStep } from '../src/domain/remedy-step.ts';
import { records, settlingActivities, wipeActivities } from './activity-proxies.ts';
import { handServerOver } from './deliver-server.ts';
import { liveFreeMonth } from './free-month.ts';
import { giveMoneyBack } from './give-money-back.ts';
import { orLate } from './or-late.ts';
import { OwnerChanged } from './order-record.ts';
import type { FailedStep } from './order-run.ts';
import { purchaseLimits } from './purchase-limits.ts';
import { codeOfCase, type PurchaseStep, takePurchaseStep } from './purchase-step.ts';
import { blocked, enterCompensating, type RemedyRun } from './remedy-run.ts';
import { sayError } from './say-error.ts';

/** How the legs of a remedy ended. */
export type Legs = { kind: 'done'; endsAs: 'refunded' | 'cancelled' | 'active' } | FailedStep;

/** Whatever goes wrong unexpectedly becomes a failure that waits for a decision, never a failed workflow. */
export async function takeLegsSafely(run: RemedyRun): Promise<Legs> {
  try {
    return await takeLegs(run);
  } catch (error) {
    if (error instanceof OwnerChanged) throw error;
    return { kind: 'failed', code: 'internalError', message: sayError(error) };
  }
}

type Leg = Exclude<RemedyStep, { kind: 'done' | 'settled' | 'blocked' | 'freeMonth' }>;

async function takeLegs(run: RemedyRun): Promise<Legs> {
  const { orderId } = run.order;
  const { workflowId } = workflowInfo();
  // Money that the gateway does not give back now must not keep the server with the customer.
  const refusals: { paymentKey: string; why: string }[] = [];
  const did: string[] = [];
  for (;;) {
    const skip = refusals.map(({ paymentKey }) => paymentKey);
    const { freeMonthMs } = run.policy;
    const monthOver = run.month.isOver;
    const step = await records.planRemedy({ orderId, workflowId, skip, did, monthOver, freeMonthMs });
    if (step.kind === 'freeMonth') {
      await liveFreeMonth(run, step);
      continue;
    }
    leaveMonth(run);
    // What comes after a month is work again; a month that was renewed just goes on.
    if (step.kind !== 'settled') {
      await enterCompensating(run);
      dropEarlyDecision(run);
    }
    if (step.kind === 'done') return endRefunded(run, step);
    if (step.kind === 'settled') return endActive(run, step);
    if (step.kind === 'blocked') {
      run.now.moneyBegun = step.moneyBegun;
      const whys = refusals.map(({ why }) => why);
      return blocked([...whys, ...(step.why === undefined ? [] : [step.why])].join(' '));
    }
    const failed = await takeLeg(run, step, did);
    if (failed && step.kind !== 'refund') return failed;
    if (failed && step.kind === 'refund') refusals.push({ paymentKey: step.paymentKey, why: failed.message });
  }
}

/** A decision that came while the remedy was about to go on asks for what is done anyway; nobody would take it. */
function dropEarlyDecision(run: RemedyRun): void {
  dropDecision(run, 'The remedy had begun before this was decided; it goes on.');
}

/** A decision that came when the month had just ended changes nothing any more. */
function leaveMonth(run: RemedyRun): void {
  if (!run.now.inMonth) return;
  run.now.inMonth = false;
  dropDecision(run, 'The free month had ended before this was decided.');
}

function dropDecision({ slot, record }: RemedyRun, why: string): void {
  if (!slot.isDecided) return;
  record.note(why);
  slot.empty();
}

/** One leg of the remedy; null where the next one may be looked for. `did` notes what need not be done again. */
async function takeLeg(run: RemedyRun, leg: Leg, did: string[]): Promise<FailedStep | null> {
  switch (leg.kind) {
    case 'settle':
      await settlingActivities(run.policy).settlePurchase({
        purchaseId: leg.purchaseId,
        asOwner: true,
        policy: purchaseLimits(run.policy),
      });
      return null;
    case 'case':
      return {
        kind: 'failed',
        code: codeOfCase(leg),
        message: leg.sentence,
        purchaseId: leg.purchaseId,
      };
    case 'refund':
      return refund(run, leg);
    case 'provision':
      return provision(run, leg.step, did);
    case 'deliver':
      return deliver(run, leg, did);
    case 'endServer':
      return endServer(run, leg);
    case 'apologise':
      await apologise(run);
      did.push('apologise');
      return null;
    default:
      return assertNever(leg);
  }
}

async function refund(
  run: RemedyRun,
  { paymentKey, part }: { paymentKey: string; part?: RefundPart },
): Promise<FailedStep | null> {
  const { policy, record, order } = run;
  run.now.moneyBegun = true;
  const { orderId } = order;
  const back = await giveMoneyBack({ policy, orderId, paymentKey, part: part ?? null, note: record.note });
  if (back.kind === 'late') return blocked(back.sentence);
  if (back.kind === 'refused') return blocked(withWayOut(back.sentence, part));
  record.note(`The gateway has paid the refund ${back.refundId} of ${back.money}.`);
  return null;
}

/** Some ways of paying cannot give back a part: then something else has to be chosen. */
function withWayOut(sentence: string, part: RefundPart | undefined): string {
  if (part === undefined) return sentence;
  return (
    `${sentence} Pay the difference another way and send refundedByHand with its reference, try again, ` +
    'or choose refund or refundAndFreeMonth.'
  );
}

async function provision(run: RemedyRun, step: PurchaseStep, did: string[]): Promise<FailedStep | null> {
  const result = await takePurchaseStep(run, step, async (server) => {
    return (await deliver(run, server, did)) ?? { kind: 'again' };
  });
  if (result.kind === 'failed') return result;
  if (result.kind === 'again' && result.pauseMs) {
    await sleep(result.pauseMs, { summary: 'Pause before the next step' });
  }
  return null;
}

async function deliver(
  run: RemedyRun,
  { purchaseId, ip }: { purchaseId: string; ip: string },
  did: string[],
): Promise<FailedStep | null> {
  const notYet = await handServerOver(run, { purchaseId, ip });
  if (notYet === null) did.push(`deliver:${purchaseId}`);
  if (notYet?.kind !== 'failed') return null;
  return notYet;
}

async function endServer(
  run: RemedyRun,
  { purchaseId, ip }: { purchaseId: string; ip: string },
): Promise<FailedStep | null> {
  const remedyOf = workflowInfo().workflowId;
  const ended = await orLate(wipeActivities(run.policy).strandServer({ purchaseId, ip, remedyOf }));
  if (ended === 'late') return blocked(`The server ${ip} could not be stopped and wiped in time.`);
  if (ended.kind === 'refused') return blocked(ended.sentence);
  run.record.note(ended.sentence);
  return null;
}

async function apologise({ order, notices }: RemedyRun): Promise<void> {
  const { orderId } = order;
  await records.makeApologyCode({ orderId });
  notices.tell({ factId: 'priceAdjusted', notice: { kind: 'priceAdjusted' } });
}

async function endRefunded(
  run: RemedyRun,
  { endsAs, refundedPaise, currency, monthOf }: Extract<RemedyStep, { kind: 'done' }>,
): Promise<Legs> {
  const money = formatMoney({ amountMinor: refundedPaise, currency });
  await run.record.enter({
    status: endsAs,
    text: `${money} went back to the customer; the order has ended as ${endsAs}.`,
    next: { text: 'Nothing: the order has ended.', at: null },
  });
  if (monthOf !== null) {
    run.notices.tell({ factId: 'freeMonthEnded', notice: { kind: 'freeMonthEnded', ip: monthOf } });
    return { kind: 'done', endsAs };
  }
  run.notices.tell({
    factId: 'refunded',
    notice: { kind: 'refunded', amountPaise: refundedPaise, currency, cancelled: endsAs === 'cancelled' },
  });
  return { kind: 'done', endsAs };
}

async function endActive(
  run: RemedyRun,
  { ip, text }: Extract<RemedyStep, { kind: 'settled' }>,
): Promise<Legs> {
  const next = { text: 'Nothing: the order is complete.', at: null };
  await run.record.enter({ status: 'active', text, next, ip });
  return { kind: 'done', endsAs: 'active' };
}
