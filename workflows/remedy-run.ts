import { workflowInfo } from '@temporalio/workflow';
import type { FailureCode } from '../src/domain/order.ts';
import { remedySteps } from '../src/domain/order-lifecycle.ts';
import { isReadjusted, type Remedy, type RemedyNow } from '../src/domain/remedy.ts';
import { records } from './activity-proxies.ts';
import { wishOf } from './decision-slot.ts';
import type { FreeMonthWatch } from './free-month.ts';
import { countDecision } from './order-failure.ts';
import type { BuyingRun, FailedStep } from './order-run.ts';

/** All that the steps of one remedy share. */
export interface RemedyRun extends BuyingRun {
  remedy: Remedy;
  /** What messages have to know of it; kept true by the legs. */
  now: RemedyNow;
  month: FreeMonthWatch;
}

/** A leg that cannot be taken now: the remedy waits in `failed` for a decision. */
export function blocked(message: string): FailedStep {
  return { kind: 'failed', code: 'compensationBlocked', message };
}

/** Says that a leg of the remedy runs, unless that is said already. */
export async function enterCompensating({ record, remedy, month }: RemedyRun): Promise<void> {
  if (record.status === 'compensating') return;
  const why = remedy.reason ? ` (${remedy.reason})` : '';
  await record.enter({
    status: 'compensating',
    text:
      record.status === 'active' && month.hasBegun
        ? 'The free month ends.'
        : `The remedy ${remedy.option} begins, chosen by ${remedy.by}${why}.`,
    next: { text: remedySteps[remedy.option], at: null },
  });
}

/**
 * What a decision means for a remedy that waited: what is left is tried again, as another remedy where that was chosen
 * and no money has moved; `refundedByHand` says first that it was given back outside the gateway.
 */
export async function heedDecision(run: RemedyRun): Promise<void> {
  const { slot, order, record } = run;
  const { orderId } = order;
  const { taken, isPerson } = countDecision(run);
  run.trial = isPerson && taken?.act !== 'resolve';
  slot.empty();
  if (taken?.act !== 'remedy') return;
  if (taken.option === 'refundedByHand') {
    const isRecorded = await records.recordRefundByHand({ orderId, reference: taken.reason ?? '' });
    if (!isRecorded) record.note(mayStillPay);
    return;
  }
  if (taken.option === run.remedy.option && !isReadjusted(taken)) return;
  const { option, by, reason } = taken;
  const { workflowId } = workflowInfo();
  const changed = await records.changeRemedy(wishOf(taken, { orderId, workflowId }));
  if (changed.kind === 'refused') {
    record.note(`Refused: ${changed.sentence}`);
    return;
  }
  run.remedy = changed.remedy;
  run.now.option = changed.remedy.option;
  record.note(`The remedy is ${option} from here on, chosen by ${by}${reason ? ` (${reason})` : ''}.`);
}

const mayStillPay =
  'Not recorded as given back by hand: the gateway may still pay its refund. Cancel it there first, then send it again.';

const settledFirst: readonly FailureCode[] = ['purchaseUnknown', 'duplicateServer'];

/** True where a run that starts again has to go on waiting; of a case the next plan says anew what is waited for. */
export function waitsForDecision({ record }: Pick<RemedyRun, 'record'>): boolean {
  const { failure, status } = record;
  if (status !== 'failed' || failure === null) return false;
  const isOurs = failure.ofRemedy === true || failure.code === 'compensationBlocked';
  return isOurs && !settledFirst.includes(failure.code);
}
