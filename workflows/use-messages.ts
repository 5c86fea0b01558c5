import type { RawValue } from '@temporalio/common';
import {
  type ApplicationFailure,
  type defineUpdate,
  type SignalDefinition,
  setHandler,
} from '@temporalio/workflow';
import { findText, readSignal, type SignalInput, sortInput } from './contract/read-signal.ts';

/** What a message leads to: `carryOut` runs only for an accepted one, and at once. */
export type Judgement =
  | { kind: 'accepted'; next: string; carryOut: (said: { by: string; reason: string | null }) => void }
  | { kind: 'refused'; sentence: string };

/** A message by which a person steers a workflow, as signal and as update. */
export interface Message<Answer> {
  /** Its name, as it stands in the timeline and the audit log. */
  act: string;
  signal: SignalDefinition<[RawValue?]>;
  update: ReturnType<typeof defineUpdate<Answer, [unknown]>>;
  /** What it does and the JSON to paste, for the Temporal Web UI. */
  help: string;
  judge: (from: SignalInput) => Judgement;
}

/** A message that was answered, in words. */
export interface AnsweredMessage {
  act: string;
  by: string;
  reason: string | null;
  accepted: boolean;
  answer: string;
}

/** Where a message came from, when it does not say. */
export const fromUi = 'Temporal Web UI';
const fromApi = 'api';

/**
 * Takes messages, each as signal and update over the same code. Handlers never throw, except to reject an update with
 * what `refusal` makes of the sentence; every answer goes to `record`.
 * @returns the same way in for what comes by neither.
 */
export function useMessages<Answer>(input: {
  messages: readonly Message<Answer>[];
  /** Runs a signal's handler at once, or when the workflow can answer. */
  whenReady?: (heed: () => void) => void;
  record: (answered: AnsweredMessage) => void;
  accepted: (next: string) => Answer;
  refusal: (sentence: string) => ApplicationFailure;
}): { receive(given: Pick<Message<Answer>, 'act' | 'judge'> & { from: SignalInput }): void } {
  const { record, accepted, refusal, whenReady = (heed) => heed() } = input;
  for (const { act, signal, update, help: description, judge } of input.messages) {
    const heed = (raw: RawValue | undefined) =>
      void receive({ act, judge, from: readSignal(raw), source: fromUi });
    setHandler(signal, (raw) => whenReady(() => heed(raw)), { description });
    const handle = (said: unknown): Answer => {
      const answer = receive({ act, judge, from: sortInput(said), source: fromApi });
      if (answer.kind === 'refused') throw refusal(answer.sentence);
      return accepted(answer.next);
    };
    const validator = (said: unknown) => {
      const answer = judge(sortInput(said));
      if (answer.kind === 'refused') throw refusal(answer.sentence);
    };
    setHandler(update, handle, { description, validator });
  }
  return { receive: (given) => void whenReady(() => void receive({ ...given, source: fromUi })) };

  function receive(given: {
    act: string;
    judge: (from: SignalInput) => Judgement;
    from: SignalInput;
    source: string;
  }): Judgement {
    const { act, from } = given;
    const answer = given.judge(from);
    const by = findText({ from, name: 'by' }) ?? given.source;
    const reason = readReason(from);
    if (answer.kind === 'accepted') answer.carryOut({ by, reason });
    const unreadable = from.kind === 'unreadable' ? ` Its input was unreadable: ${from.why}.` : '';
    const sentence = answer.kind === 'accepted' ? answer.next : answer.sentence;
    record({ act, by, reason, accepted: answer.kind === 'accepted', answer: `${sentence}${unreadable}` });
    return answer;
  }
}

/** Why somebody acts: a reason, the reference of a transfer, or a text that is all the input. */
function readReason(from: SignalInput): string | null {
  const named = findText({ from, name: 'reason' }) ?? findText({ from, name: 'reference' });
  return named ?? (from.kind === 'text' ? from.text : null);
}
