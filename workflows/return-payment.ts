import type { RawValue } from '@temporalio/common';
import {
  ActivityFailure,
  allHandlersFinished,
  condition,
  defineWorkflowOptions,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import type { ReturnStep } from '../src/domain/refund.ts';
import { notices, records } from './activity-proxies.ts';
import { everyInputRaw, findText, readSignal } from './contract/read-signal.ts';
import {
  type ReturnPaymentResult,
  returnPaymentWorkflowId,
  returnStatusQuery,
} from './contract/return-payment.ts';
import { giveMoneyBack } from './give-money-back.ts';
import { useReturnMessages } from './return-messages.ts';
import { sayError } from './say-error.ts';

const dayMs = 86_400_000;

/**
 * Gives one payment back that its order does not keep (a second one, another amount, one for a cancelled order), and
 * what the gateway has taken back after it had called it paid. It goes on by what the books say; what the gateway does
 * not give back is asked for again by itself, told and reminded of, until a person says that it was paid by hand.
 */
export async function returnPayment(input?: RawValue): Promise<ReturnPaymentResult> {
  const paymentKey = findText({ from: readSignal(input), name: 'paymentKey' });
  const help =
    'Start it with {"paymentKey": "<gateway>:<paymentId>"}; its id is return-<gateway>-<paymentId>.';
  if (paymentKey === undefined || paymentKey.length > 200) {
    return { paymentKey: '', ended: 'badInput', explanation: `Failed to read the payment. ${help}` };
  }
  if (workflowInfo().workflowId !== returnPaymentWorkflowId(paymentKey)) {
    return {
      paymentKey,
      ended: 'badInput',
      explanation: `The workflow id has to fit; nothing was done. ${help}`,
    };
  }
  return runReturn(paymentKey);
}

// As with signals: input that the SDK cannot decode by itself would fail every task of the run.
defineWorkflowOptions(returnPayment, { staticOptions: { typeInfo: { inputTypes: everyInputRaw } } });

type Owed = Extract<ReturnStep, { kind: 'refund' }>;

async function runReturn(paymentKey: string): Promise<ReturnPaymentResult> {
  const log = useReturnLog(paymentKey);
  let orderId = '';
  const desk = useReturnMessages({
    orderId: () => orderId || paymentKey,
    isBlocked: () => log.why !== null,
    note: log.note,
  });
  let returned = 0;
  for (;;) {
    const step = await records.planReturn({ paymentKey });
    if (step.kind !== 'refund') {
      await condition(() => desk.isRecorded && allHandlersFinished());
      return endOf({ paymentKey, step, returned });
    }
    ({ orderId } = step);
    const policy = await records.readPolicy();
    const why = await giveBack({ policy, paymentKey, step, log });
    if (why === null) returned += 1;
    else await waitWhileBlocked({ policy, paymentKey, step, why, log, desk });
  }
}

interface ReturnLog {
  /** Why it is blocked; null while it is not. */
  why: string | null;
  /** When the gateway is asked again by itself, ISO UTC; told only where it is blocked. */
  asksAgainAt: string | null;
  tries: number;
  note(text: string): void;
}

/** What the query answers, and the page of the Temporal Web UI shows. */
function useReturnLog(paymentKey: string): ReturnLog {
  const timeline: { at: string; text: string }[] = [];
  const log: ReturnLog = {
    why: null,
    asksAgainAt: null,
    tries: 0,
    note(text) {
      timeline.push({ at: new Date(Date.now()).toISOString(), text });
      if (timeline.length > longestTimeline) timeline.shift();
      setCurrentDetails(describe(paymentKey, log, timeline));
    },
  };
  setHandler(returnStatusQuery, () => ({
    paymentKey,
    state: log.why === null ? 'refunding' : 'blocked',
    why: log.why,
    tries: log.tries,
    timeline: [...timeline],
  }));
  return log;
}

const longestTimeline = 100;

function describe(
  paymentKey: string,
  log: ReturnLog,
  timeline: readonly { at: string; text: string }[],
): string {
  const toSend =
    '**Signals to send:**\n\n- `retryRefund` with no input, or `{"reason": "...", "by": "your name"}`: the gateway is asked again now\n' +
    '- `refundedByHand` with `{"reference": "...", "reason": "...", "by": "your name"}`: it was paid back outside the gateway';
  const next =
    log.why === null
      ? 'The gateway says what became of it.'
      : `The gateway is asked again (${log.asksAgainAt}).`;
  return [
    `# ${log.why === null ? 'Money goes back' : `Needs a decision: ${log.why}`}`,
    `Payment **${paymentKey}**`,
    `**Next:** ${next}`,
    ...(log.why === null ? [] : [toSend]),
    '## Latest',
    ...timeline.slice(-12).map(({ at, text }) => `- ${at} ${text}`),
  ].join('\n\n');
}

interface ReturnTry {
  policy: ResolvedPolicy;
  paymentKey: string;
  step: Owed;
  log: ReturnLog;
}

/** Asks the gateway and awaits its word. @returns why it did not give the money back; null where it did. */
async function giveBack({ policy, paymentKey, step, log }: ReturnTry): Promise<string | null> {
  const { orderId, part } = step;
  log.tries += 1;
  try {
    const back = await giveMoneyBack({ policy, orderId, paymentKey, part, note: log.note });
    if (back.kind !== 'paid') return back.sentence;
    const text = `${back.money} of payment ${paymentKey} went back to the customer (${back.refundId}).`;
    log.note(text);
    await records.noteOnOrder({ orderId, text });
    return null;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return sayError(error);
  }
}

/** Tells the admin, each time; then waits for a word, or for the moment at which it is tried again by itself. */
async function waitWhileBlocked(
  input: ReturnTry & { why: string; desk: ReturnType<typeof useReturnMessages> },
): Promise<void> {
  const { policy, paymentKey, step, log, why, desk } = input;
  const { orderId, amountPaise, currency } = step;
  const afterMs = pauseOf(policy, log.tries);
  log.why = why;
  log.asksAgainAt = new Date(Date.now() + afterMs).toISOString();
  log.note(`Blocked (${log.tries}): ${why}`);
  const { workflowId, runId } = workflowInfo();
  const notice = {
    kind: 'returnBlocked' as const,
    workflowId,
    amountPaise,
    currency,
    sentence: why,
    nth: log.tries,
  };
  const factId = `${orderId}:returnBlocked:${paymentKey}:${runId}:${log.tries}`;
  // Not waited for: money must not depend on the mail server.
  void notices
    .sendNotice({ orderId, factId, notice })
    .catch(() => log.note('The mail about it could not be sent.'));
  await condition(() => desk.decided !== null, afterMs, { summary: 'asks the gateway again' });
  const { decided } = desk;
  desk.empty();
  log.why = null;
  if (decided?.act !== 'byHand') return;
  const { reference } = decided;
  const done = await records.recordReturnByHand({ orderId, paymentKey, part: step.part, reference });
  const text = done
    ? `Payment ${paymentKey} was given back by hand: ${reference}.`
    : `Payment ${paymentKey} is not recorded as given back by hand: the gateway may still pay it. Cancel the refund there first.`;
  log.note(text);
  if (done) await records.noteOnOrder({ orderId, text });
}

/** As far apart as the reminders of a decision; the last distance stays. */
function pauseOf({ remindersMs }: ResolvedPolicy, tries: number): number {
  const pauses = remindersMs.length > 0 ? remindersMs : [dayMs];
  return pauses[Math.min(tries, pauses.length) - 1] ?? dayMs;
}

function endOf(input: {
  paymentKey: string;
  step: Exclude<ReturnStep, { kind: 'refund' }>;
  returned: number;
}): ReturnPaymentResult {
  const { paymentKey, step, returned } = input;
  if (step.kind === 'unknownPayment') {
    return { paymentKey, ended: 'unknownPayment', explanation: `There is no payment ${paymentKey}.` };
  }
  const explanation = `Nothing of payment ${paymentKey} is owed to the customer now.`;
  return { paymentKey, ended: returned > 0 ? 'returned' : 'nothingOwed', explanation };
}
