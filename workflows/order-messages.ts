import { CancellationScope, setHandler } from '@temporalio/workflow';
import {
  answerCancel,
  answerCompensate,
  answerRetry,
  type EndingAnswer,
  type RetryAnswer,
} from '../src/domain/order-lifecycle.ts';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import { type RemedyNow, type RemedyOption, remedyLetters, remedyOptions } from '../src/domain/remedy.ts';
import {
  type Accepted,
  cancelOrderSignal,
  cancelOrderUpdate,
  compensateOrderSignal,
  compensateOrderUpdate,
  orderStatusQuery,
  orderTimelineQuery,
  ownerChangedSignal,
  retryOrderSignal,
  retryOrderUpdate,
} from './contract/provision-order.ts';
import { findText, type SignalInput } from './contract/read-signal.ts';
import type { DecisionSlot } from './decision-slot.ts';
import { gatherMessages } from './gather-messages.ts';
import type { OrderRecord } from './order-record.ts';
import { findOddAdjustment, readAdjustment } from './read-adjustment.ts';
import { refusalOf } from './refusal.ts';
import { findTooEarly, judgeChange } from './remedy-messages.ts';
import { type Judgement, type Message, useMessages } from './use-messages.ts';

export interface OrderMessages {
  /** True where somebody asked to look again at once; reading it forgets it. */
  takeWake(): boolean;
  readonly isAwake: boolean;
  /** What the button "Request Cancellation" of the Temporal Web UI means. */
  cancelFromUi(): void;
}

interface MessageDesk {
  record: OrderRecord;
  slot: DecisionSlot;
  policy: () => ResolvedPolicy | undefined;
  /** True once something was sent to the supplier for the order. */
  isSent: () => boolean;
  /** True while the supplier is asked to renew a server: an ending would be half true. */
  isRenewing?: () => boolean;
  /** Set for the run of a remedy: what it is doing, null before it has the order. */
  remedy?: () => RemedyNow | null;
}

const retryHelp =
  'Retry: what was bought so far is verified, then the order continues. Needs no input; ' +
  'may carry {"reason": "...", "by": "your name"}. Refused while the order is truly in progress.';
const cancelHelp =
  'Cancels an order of which the supplier has heard nothing: what was paid goes back. Needs no input; ' +
  'may carry {"reason": "...", "by": "your name"}.';
const compensateHelp =
  'What is done for the customer of a failed order: {"option": "refund", "reason": "...", "by": "your name"}. ' +
  'refund: all that was paid goes back, then any server is taken back. "A" (reprovision): the right server is bought. ' +
  '"B" (priceAdjustment, may carry "productId" or "amountPaise"): the customer keeps the server, the difference goes ' +
  'back. "C" (refundAndFreeMonth): all goes back, and the server stays one month. At a remedy that is blocked also ' +
  '"refundedByHand" with "reference": it was paid back outside the gateway; out of a free month only refund and "B".';

/**
 * The messages of an order, each as signal and update over the same code. Handlers fill slots synchronously and
 * never throw; a refused update is rejected with a `Refusal`, a refused signal is noted in the order's timeline.
 */
export function useOrderMessages(desk: MessageDesk): OrderMessages {
  const { record, slot } = desk;
  let wake = false;
  let isAskingOwner = false;
  const wakeUp = () => {
    wake = true;
  };
  const messages: Message<Accepted>[] = [
    {
      act: 'retryOrder',
      signal: retryOrderSignal,
      update: retryOrderUpdate,
      help: retryHelp,
      judge: judgeRetry,
    },
    {
      act: 'cancelOrder',
      signal: cancelOrderSignal,
      update: cancelOrderUpdate,
      help: cancelHelp,
      judge: judgeCancel,
    },
    {
      act: 'compensateOrder',
      signal: compensateOrderSignal,
      update: compensateOrderUpdate,
      help: compensateHelp,
      judge: judgeCompensate,
    },
  ];
  const { receive } = useMessages<Accepted>({
    messages,
    whenReady: record.onceKnown,
    record: record.act,
    accepted: (next) => ({ orderStatus: record.status, next }),
    refusal: (sentence) => refusalOf(record, sentence),
  });
  setHandler(ownerChangedSignal, () => void heedOwnerChanged(), {
    description: 'From a remedy that has taken the order: this run ends. Not for people.',
  });
  setHandler(orderStatusQuery, () => viewStatus(record));
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
    cancelFromUi: () => receive({ act: 'cancelOrder', judge: judgeCancel, from: { kind: 'none' } }),
  };

  /** Anybody can send it: the document says whether it is true. */
  async function heedOwnerChanged(): Promise<void> {
    if (isAskingOwner) return;
    isAskingOwner = true;
    const isOurs = await CancellationScope.nonCancellable(async () => {
      await gatherMessages({ summary: 'Then the owner of the order is asked for' });
      return record.isStillOurs();
    });
    isAskingOwner = false;
    if (!isOurs) slot.fill({ act: 'ownerChanged', by: 'a remedy', at: nowIso() });
  }

  function judgeRetry(): Judgement {
    const policy = desk.policy();
    const tooEarly = findTooEarly(record, desk.remedy?.() ?? null);
    if (tooEarly !== null) return refused(tooEarly);
    const answer: RetryAnswer = answerRetry({
      orderId: record.orderId,
      status: record.status,
      sinceMs: record.sinceMs,
      nowMs: Date.now(),
      provisioningLimitMs: policy?.provisioningLimitMs ?? Number.POSITIVE_INFINITY,
      lockWaitLimitMs: policy?.lockWaitLimitMs ?? Number.POSITIVE_INFINITY,
      decided: slot.taken,
    });
    if (answer.kind === 'refused') return answer;
    const { act, next } = answer;
    return {
      kind: 'accepted',
      next,
      carryOut({ by }) {
        if (act === 'wake') wakeUp();
        else if (act !== 'none') slot.fill({ act: 'retry', by, at: nowIso() });
      },
    };
  }

  function judgeCancel(from: SignalInput): Judgement {
    if (from.kind === 'unreadable')
      return refused(`Failed to read the cancellation: ${from.why}. ${cancelHelp}`);
    const state = {
      orderId: record.orderId,
      status: record.status,
      decided: slot.taken,
      sent: desk.isSent(),
    };
    if (desk.remedy) {
      return refused(`Order ${record.orderId} has a remedy under way; it cannot be cancelled.`);
    }
    if (desk.isRenewing?.()) return refusedRenewing();
    return judgeEnding(answerCancel(state), { act: 'cancel', option: 'refund', endsAs: 'cancelled' });
  }

  function judgeCompensate(from: SignalInput): Judgement {
    const option = readOption(from);
    if (option === undefined) {
      return refused(`Failed to read which remedy order ${record.orderId} is to get. ${compensateHelp}`);
    }
    const odd = option === 'priceAdjustment' ? findOddAdjustment(from) : null;
    if (odd !== null) return refused(`Failed to adjust the price of order ${record.orderId}: ${odd}.`);
    const wish = { option, ...readAdjustment(from) };
    if (desk.remedy) {
      return judgeChange({ record, slot, now: desk.remedy(), from, wish });
    }
    if (option === 'refundedByHand') {
      return refused(
        `Order ${record.orderId} has no refund that is blocked: send {"option": "refund"} first, and refundedByHand only where the gateway refuses.`,
      );
    }
    const state = {
      orderId: record.orderId,
      status: record.status,
      decided: slot.taken,
      sent: desk.isSent(),
    };
    if (desk.isRenewing?.()) return refusedRenewing();
    const answer = answerCompensate({ ...state, option });
    return judgeEnding(answer, { act: 'remedy', ...wish, endsAs: 'refunded' });
  }

  function refusedRenewing() {
    return refused(
      `Order ${record.orderId} is renewing its server at this moment: wait until that has ended, then choose.`,
    );
  }

  function judgeEnding(
    answer: EndingAnswer,
    wish: {
      act: 'cancel' | 'remedy';
      option: RemedyOption;
      productId?: string | null;
      amountPaise?: number | null;
      endsAs: 'refunded' | 'cancelled';
    },
  ): Judgement {
    if (answer.kind === 'refused') return answer;
    return {
      kind: 'accepted',
      next: answer.next,
      carryOut({ by, reason }) {
        slot.fill({ ...wish, by, reason, at: nowIso() });
      },
    };
  }
}

/** A remedy by its name or the owner's letter, alone or as the member `option`. */
function readOption(from: SignalInput): RemedyOption | undefined {
  const said = (from.kind === 'text' ? from.text : findText({ from, name: 'option' }))?.trim();
  if (said === undefined) return undefined;
  const letter = Object.entries(remedyLetters).find(([name]) => name === said.toUpperCase());
  return letter?.[1] ?? remedyOptions.find((option) => option === said);
}

function viewStatus(record: OrderRecord) {
  return {
    orderId: record.orderId,
    status: record.status,
    since: new Date(record.sinceMs).toISOString(),
    failure: record.failure,
    next: record.next.text,
    nextAt: record.next.at,
    decisionDeadline: record.decisionDeadline,
    refusals: [...record.refusals],
  };
}

function nowIso(): string {
  return new Date(Date.now()).toISOString();
}

function refused(sentence: string): { kind: 'refused'; sentence: string } {
  return { kind: 'refused', sentence };
}
