import { planReturn } from '../src/payments/plan-return.ts';
import { recordPartByHand } from '../src/payments/refund-by-hand.ts';
import type { OrderActivities } from '../workflows/contract/order-activities.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** The activities that give payments back which no order keeps. */
export function createReturns(
  deps: ActivityDependencies,
): Pick<OrderActivities, 'planReturn' | 'beginReturn' | 'recordReturnByHand' | 'noteOnOrder' | 'recordActs'> {
  return {
    planReturn: (input) => planReturn(deps, input),
    beginReturn: (input) => beginReturn(deps, input),
    recordReturnByHand: (input) => recordPartByHand(deps, input),
    noteOnOrder: async ({ orderId, text }) => {
      await deps.db.orders.updateOne(
        { _id: orderId, 'timeline.text': { $ne: text } },
        { $push: { timeline: { at: deps.now(), text } } },
      );
      const order = await deps.db.orders.findOne({ _id: orderId });
      const isBlocked = order?.status === 'failed' && order.failure?.code === 'compensationBlocked';
      if (isBlocked) await deps.tellBlockedRemedy({ orderId, reason: text });
    },
    recordActs: ({ acts }) => deps.recordActs(acts),
  };
}

/** Starts the workflow that gives a payment back, where something of it is owed; safe to repeat. */
export async function beginReturn(
  deps: Pick<ActivityDependencies, 'startReturn'> & Parameters<typeof planReturn>[0],
  { paymentKey }: { paymentKey: string },
): Promise<void> {
  const step = await planReturn(deps, { paymentKey });
  if (step.kind === 'refund') await deps.startReturn({ paymentKey });
}
