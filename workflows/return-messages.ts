import { ApplicationFailure, setHandler, sleep, workflowInfo } from '@temporalio/workflow';
import type { AdminAct } from '../src/domain/admin-act.ts';
import { records } from './activity-proxies.ts';
import { refusedType } from './contract/provision-order.ts';
import { findText, readSignal, type SignalInput, sortInput } from './contract/read-signal.ts';
import {
  refundedByHandSignal,
  refundedByHandUpdate,
  retryRefundSignal,
  retryRefundUpdate,
} from './contract/return-payment.ts';

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

type Judgement = { refused: string } | { next: string; decision: ReturnDecision };

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
  const messages = [
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
  ];
  for (const { act, signal, update, help: description, judge } of messages) {
    setHandler(
      signal,
      (raw) => void receive({ act, judge, from: readSignal(raw), source: 'Temporal Web UI' }),
      { description },
    );
    setHandler(
      update,
      (said) => {
        const answer = receive({ act, judge, from: sortInput(said), source: 'api' });
        if ('refused' in answer) throw refusal(answer.refused);
        return { next: answer.next };
      },
      {
        description,
        validator: (said) => {
          const answer = judge(sortInput(said));
          if ('refused' in answer) throw refusal(answer.refused);
        },
      },
    );
  }
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

  function receive(given: {
    act: string;
    judge: (from: SignalInput) => Judgement;
    from: SignalInput;
    source: string;
  }): Judgement {
    const { act, from } = given;
    const answer = given.judge(from);
    const accepted = !('refused' in answer);
    if (accepted) decided = answer.decision;
    const by = findText({ from, name: 'by' }) ?? given.source;
    const said = accepted ? answer.next : answer.refused;
    input.note(`${act} by ${by}: ${said}`);
    acts += 1;
    const { workflowId, runId } = workflowInfo();
    unwritten.push({
      actId: `${workflowId}:${runId}:${acts}`,
      at: new Date(Date.now()).toISOString(),
      by,
      act,
      subject: { kind: 'order', id: input.orderId() },
      reason: findText({ from, name: 'reason' }) ?? findText({ from, name: 'reference' }) ?? null,
      accepted,
      answer: said,
    });
    void writeActs();
    return answer;
  }

  /** One write at a time, of so many acts: a flood of messages is no flood of writes. */
  async function writeActs(): Promise<void> {
    if (isWriting) return;
    isWriting = true;
    while (unwritten.length > 0) {
      // Behind a pause, so that a replay meets the same writes however the messages fall into tasks.
      await sleep(1, { summary: 'gathers what is to be recorded' });
      const acts = unwritten.splice(0, actsAtOnce);
      await records.recordActs({ acts }).catch(() => input.note('An act could not be recorded.'));
    }
    isWriting = false;
  }

  function judgeRetry(): Judgement {
    return judgeState() ?? { next: 'The gateway is asked again now.', decision: { act: 'retry' } };
  }

  function judgeByHand(from: SignalInput): Judgement {
    const objection = judgeState();
    if (objection) return objection;
    const reference = findText({ from, name: 'reference' });
    if (!reference) return { refused: `Failed to read the reference of the transfer. ${byHandHelp}` };
    const decision = { act: 'byHand' as const, reference: reference.slice(0, 200) };
    return { next: 'It is recorded as given back by hand.', decision };
  }

  function judgeState(): { refused: string } | null {
    if (decided) return { refused: 'It was decided a moment ago.' };
    return input.isBlocked()
      ? null
      : { refused: 'Nothing is blocked: the gateway has been asked, its word is awaited.' };
  }
}

function refusal(sentence: string): ApplicationFailure {
  return ApplicationFailure.create({ type: refusedType, message: sentence, nonRetryable: true });
}
