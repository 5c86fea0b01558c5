import { setHandler } from '@temporalio/workflow';
import { answerRetry, type RetryAnswer } from '../src/domain/order-lifecycle.ts';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import {
  type Accepted,
  orderStatusQuery,
  orderTimelineQuery,
  retryOrderSignal,
  retryOrderUpdate,
} from './contract/provision-order.ts';
import { findText, readSignal, type SignalInput } from './contract/read-signal.ts';
import type { DecisionSlot } from './decision-slot.ts';
import type { OrderRecord } from './order-record.ts';
import { refusalOf } from './refusal.ts';

export interface OrderMessages {
  /** True where somebody asked to look again at once; reading it forgets it. */
  takeWake(): boolean;
  readonly isAwake: boolean;
}

const retryHelp =
  'Retry: what was bought so far is verified, then the order continues. Needs no input; ' +
  'may carry {"reason": "...", "by": "your name"}. Refused while the order is truly in progress.';

/**
 * The messages of an order, each as signal and update over the same code. Handlers fill slots synchronously and
 * never throw; a refused update is rejected with a `Refusal`, a refused signal is noted in the order's timeline.
 */
export function useOrderMessages(input: {
  record: OrderRecord;
  slot: DecisionSlot;
  policy: () => ResolvedPolicy | undefined;
}): OrderMessages {
  const { record, slot } = input;
  let wake = false;

  setHandler(retryOrderSignal, (raw) => receiveRetrySignal(readSignal(raw)), { description: retryHelp });
  setHandler(retryOrderUpdate, (said) => acceptRetry(asSignalInput(said), 'api'), {
    description: retryHelp,
    validator: (said) => {
      void said;
      const answer = judgeRetry();
      if (answer.kind === 'refused') throw refusalOf(record, answer.sentence);
    },
  });
  setHandler(orderStatusQuery, () => ({
    orderId: record.orderId,
    status: record.status,
    since: new Date(record.sinceMs).toISOString(),
    failure: record.failure,
    next: record.next.text,
    refusals: [...record.refusals],
  }));
  setHandler(orderTimelineQuery, () => [...record.timeline]);

  return {
    get isAwake() {
      return wake;
    },
    takeWake() {
      const taken = wake;
      wake = false;
      return taken;
    },
  };

  function receiveRetrySignal(from: SignalInput): void {
    const answer = judgeRetry();
    if (answer.kind === 'refused') record.refuse(answer.sentence);
    else acceptRetry(from, 'Temporal Web UI');
  }

  function judgeRetry(): RetryAnswer {
    const policy = input.policy();
    return answerRetry({
      orderId: record.orderId,
      status: record.status,
      sinceMs: record.sinceMs,
      nowMs: Date.now(),
      provisioningLimitMs: policy?.provisioningLimitMs ?? Number.POSITIVE_INFINITY,
      lockWaitLimitMs: policy?.lockWaitLimitMs ?? Number.POSITIVE_INFINITY,
      decided: slot.taken,
    });
  }

  function acceptRetry(from: SignalInput, source: string): Accepted {
    const answer = judgeRetry();
    if (answer.kind === 'refused') throw refusalOf(record, answer.sentence);
    const by = findText({ from, name: 'by' }) ?? source;
    const reason = findText({ from, name: 'reason' }) ?? (from.kind === 'text' ? from.text : null);
    const unreadable = from.kind === 'unreadable' ? ` Its input was unreadable: ${from.why}.` : '';
    record.note(`Retry by ${by}${reason ? `: ${reason}` : ''}. ${answer.next}${unreadable}`);
    if (answer.act === 'wake') wake = true;
    else if (answer.act !== 'none') slot.fill({ act: 'retry', by, at: new Date(Date.now()).toISOString() });
    return { orderStatus: record.status, next: answer.next };
  }
}

/** An update's argument is decoded already, but can still be anything. */
export function asSignalInput(said: unknown): SignalInput {
  if (said === undefined || said === null) return { kind: 'none' };
  if (typeof said === 'string') return { kind: 'text', text: said };
  if (typeof said === 'object' && !Array.isArray(said))
    return { kind: 'fields', fields: said as Record<string, unknown> };
  return { kind: 'unreadable', why: `it is a ${Array.isArray(said) ? 'list' : typeof said}` };
}
