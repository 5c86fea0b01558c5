import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import type { AdminAct } from '../src/domain/admin-act.ts';
import { records } from './activity-proxies.ts';
import { refusedType } from './contract/provision-order.ts';
import { findText, type SignalInput } from './contract/read-signal.ts';
import {
  refundedByHandSignal,
  refundedByHandUpdate,
  retryRefundSignal,
  retryRefundUpdate,
} from './contract/return-payment.ts';
import { gatherMessages } from './gather-messages.ts';
import { type AnsweredMessage, type Judgement, useMessages } from './use-messages.ts';

export type ReturnDecision = { act: 'retry' } | { act: 'byHand'; reference: string };

/** The slot for what a person decides about money that the gateway does not give back. */
export interface ReturnDesk {
  readonly decided: ReturnDecision | null;
  /** True while every act is in the audit log: a run may not end before. */
  readonly isRecorded: boolean;
  empty(): void;
}

const retryHelp =
  'Asks the gateway again for the money that goes back. Needs no input; may carry {"reason": "...", "by": "your name"}.';
const byHandHelp =
  'The money was given back outside the gateway: {"reference": "UTR 1234", "reason": "...", "by": "your name"}.';

const actsAtOnce = 50;

/**
 * The two messages of a return, each as signal and update over the same code: taken only while it is blocked, the first
 * one wins. Handlers never throw, except to reject an update.
 */
export function useReturnMessages(input: {
  orderId: () => string;
  isBlocked: () => boolean;
  note: (text: string) => void;
}): ReturnDesk {
  let decided: ReturnDecision | null = null;
  let acts = 0;
  let isWriting = false;
  const unwritten: AdminAct[] = [];
  useMessages<{ next: string }>({
    messages: [
      {
        act: 'retryRefund',
        signal: retryRefundSignal,
        update: retryRefundUpdate,
        help: retryHelp,
        judge: judgeRetry,
      },
      {
        act: 'refundedByHand',
        signal: refundedByHandSignal,
        update: refundedByHandUpdate,
        help: byHandHelp,
        judge: judgeByHand,
      },
    ],
    record: recordAct,
    accepted: (next) => ({ next }),
    refusal,
  });
  return {
    get decided() {
      return decided;
    },
    get isRecorded() {
      return !isWriting && unwritten.length === 0;
    },
    empty() {
      decided = null;
    },
  };

  function recordAct({ act, by, reason, accepted, answer }: AnsweredMessage): void {
    input.note(`${act} by ${by}: ${answer}`);
    acts += 1;
    const { workflowId, runId } = workflowInfo();
    unwritten.push({
      actId: `${workflowId}:${runId}:${acts}`,
      at: new Date(Date.now()).toISOString(),
      by,
      act,
      subject: { kind: 'order', id: input.orderId() },
      reason,
      accepted,
      answer,
    });
    void writeActs();
  }

  /** One write at a time, of so many acts: a flood of messages is no flood of writes. */
  async function writeActs(): Promise<void> {
    if (isWriting) return;
    isWriting = true;
    while (unwritten.length > 0) {
      await gatherMessages({ summary: 'Then the acts are recorded' });
      const acts = unwritten.splice(0, actsAtOnce);
      await records.recordActs({ acts }).catch(() => input.note('An act could not be recorded.'));
    }
    isWriting = false;
  }

  function judgeRetry(): Judgement {
    const carryOut = () => {
      decided = { act: 'retry' };
    };
    return judgeState() ?? { kind: 'accepted', next: 'The gateway is asked again now.', carryOut };
  }

  function judgeByHand(from: SignalInput): Judgement {
    const objection = judgeState();
    if (objection) return objection;
    const reference = findText({ from, name: 'reference' })?.slice(0, 200);
    if (!reference) return refused(`Failed to read the reference of the transfer. ${byHandHelp}`);
    const carryOut = () => {
      decided = { act: 'byHand', reference };
    };
    return { kind: 'accepted', next: 'It is recorded as given back by hand.', carryOut };
  }

  function judgeState(): Judgement | null {
    if (decided) return refused('It was decided a moment ago.');
    return input.isBlocked()
      ? null
      : refused('Nothing is blocked: the gateway has been asked, its word is awaited.');
  }
}

function refused(sentence: string): Judgement {
  return { kind: 'refused', sentence };
}

function refusal(sentence: string): ApplicationFailure {
  return ApplicationFailure.create({ type: refusedType, message: sentence, nonRetryable: true });
}
