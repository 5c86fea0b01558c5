import { activityInfo } from '@temporalio/activity';
import { makeApologyCode } from '../src/discounts/make-apology-code.ts';
import type { AdminAct } from '../src/domain/admin-act.ts';
import type { RemedyTaken, RemedyWish } from '../src/domain/remedy.ts';
import { planRemedy } from '../src/orders/plan-remedy.ts';
import { recordByHand } from '../src/orders/record-by-hand.ts';
import { changeRemedy, takeRemedy } from '../src/orders/take-remedy.ts';
import { lookAtRefund, startRefund } from '../src/payments/refund-payment.ts';
import type { SettlingDependencies } from '../src/purchases/settle-row.ts';
import { returnClaim } from '../src/servers/finish-claim.ts';
import { renewServer } from '../src/servers/renew-server.ts';
import { compensationInput } from '../workflows/contract/compensate-order.ts';
import type { OrderActivities } from '../workflows/contract/order-activities.ts';
import { beating } from './beating.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { notYet } from './failures.ts';

/** The activities of remedies: taking the order, and giving its money back. */
export function createRemedies(
  deps: ActivityDependencies,
  settling: SettlingDependencies,
): Pick<
  OrderActivities,
  | 'beginRemedy'
  | 'takeRemedy'
  | 'changeRemedy'
  | 'dismissOwner'
  | 'planRemedy'
  | 'makeApologyCode'
  | 'tellFreeMonth'
  | 'renewServer'
  | 'startRefund'
  | 'awaitRefund'
  | 'recordRefundByHand'
> {
  return {
    beginRemedy: async (wish) => {
      const taken = await takeRemedy(deps, wish);
      if (taken.kind === 'refused') return { kind: 'refused', sentence: taken.sentence };
      const { orderId } = wish;
      if (taken.kind === 'unknown') return { kind: 'refused', sentence: `There is no order ${orderId}.` };
      await deps.startCompensation(compensationInput(orderId, taken.remedy));
      return { kind: 'begun' };
    },
    takeRemedy: async (wish) => {
      const startedByHand = activityInfo().workflowExecution?.runId ?? '';
      const taken = await takeRemedy(deps, { ...wish, startedByHand });
      const act = actOfStart({ ...wish, startedByHand }, taken, deps.now());
      if (act) await deps.recordActs([act]);
      return { policy: await deps.readPolicy(), taken };
    },
    changeRemedy: (wish) => changeRemedy(deps, wish),
    dismissOwner: ({ workflowId }) => beating(() => deps.dismissOwner({ workflowId })),
    planRemedy: (input) =>
      planRemedy(
        {
          ...settling,
          supplierOf: deps.supplierOf,
          returnClaim: (claim) => returnClaim({ ...settling, ...deps }, claim),
        },
        input,
      ),
    makeApologyCode: (input) => makeApologyCode(deps, input),
    tellFreeMonth: (input) => deps.tellFreeMonth(input),
    renewServer: (input) => beating(() => renewServer(deps, input)),
    startRefund: (input) => beating(() => startRefund(deps, input)),
    recordRefundByHand: (input) => recordByHand(deps, input),
    awaitRefund: async ({ refundId }) => {
      const end = await beating(() => lookAtRefund(deps, { refundId }));
      if (end === null) throw notYet({ why: `The refund ${refundId} is not settled yet.` });
      return end;
    },
  };
}

/**
 * The act of a remedy that a person has started as a workflow, by hand; null where it was asked for by a message or
 * the API, which record it themselves. What was taken says so for good: a try that died before it recorded the act
 * leaves it to the next one.
 */
function actOfStart(
  wish: RemedyWish & { startedByHand: string },
  taken: RemedyTaken,
  at: string,
): AdminAct | null {
  if (taken.kind === 'taken') {
    const { startedByHand, option, startedAt } = taken.remedy;
    if (startedByHand === undefined) return null;
    const answer = `The remedy ${option} begins.`;
    return {
      ...actOf({ ...taken.remedy, orderId: wish.orderId, startedByHand }),
      at: startedAt,
      accepted: true,
      answer,
    };
  }
  if (taken.kind === 'refused' && taken.ended) return null;
  const answer = taken.kind === 'refused' ? taken.sentence : `There is no order ${wish.orderId}.`;
  return { ...actOf(wish), at, accepted: false, answer };
}

function actOf({
  orderId,
  workflowId,
  by,
  reason,
  startedByHand,
}: Pick<RemedyWish, 'orderId' | 'workflowId' | 'by' | 'reason'> & { startedByHand: string }) {
  return {
    actId: `${workflowId}:${startedByHand}:start`,
    by,
    act: 'compensateOrder',
    subject: { kind: 'order' as const, id: orderId },
    reason,
  };
}
