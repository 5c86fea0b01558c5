import { assertNever } from '../domain/assert-never.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import type { RemedyStep } from '../domain/remedy-step.ts';
import { planAdjustment } from './plan-adjustment.ts';
import { planFreeMonth } from './plan-free-month.ts';
import { type PlanDependencies, planRefund } from './plan-refund.ts';
import { planReprovision } from './plan-reprovision.ts';

/** What a run asks for: `skip` names payments that the gateway refused in this try, `did` what this run has done. */
export interface RemedyPlanInput {
  orderId: string;
  workflowId: string;
  skip: readonly string[];
  did: readonly string[];
  /** True once the time of a free month is over; how long one is. */
  monthOver: boolean;
  freeMonthMs: number;
}

/** The next step of an order's remedy, by what MongoDB and the ledger say, whatever a run remembers. */
export async function planRemedy(deps: PlanDependencies, input: RemedyPlanInput): Promise<RemedyStep> {
  const order = await deps.db.orders.findOne({ _id: input.orderId });
  if (!order)
    throw new BrokenRecord(`Failed to plan the remedy of order ${input.orderId}: it does not exist.`);
  const { remedy } = order;
  if (remedy?.workflowId !== input.workflowId) {
    throw new BrokenRecord(`Failed to plan the remedy of order ${input.orderId}: it has another one.`);
  }
  switch (remedy.option) {
    case 'refund':
    case 'refundedByHand':
      return planRefund(deps, input);
    case 'priceAdjustment':
      return planAdjustment(deps, { ...input, order });
    case 'reprovision':
      return planReprovision(deps, { ...input, order });
    case 'refundAndFreeMonth':
      return planFreeMonth(deps, { ...input, order });
    default:
      return assertNever(remedy.option);
  }
}
