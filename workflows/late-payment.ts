import { endingOf, policyName, refundByItself } from './decision-slot.ts';
import type { OrderRun, StepResult } from './order-run.ts';

/**
 * A checkout that had expired when it was paid is served where stock allows, but it waits for none: its customer has
 * given up by then, and gets the money back by the remedy `refund`.
 */
export async function giveLatePaymentBack(run: OrderRun): Promise<StepResult> {
  const { record, slot, order } = run;
  const why = `Paid after its checkout had expired, and package "${order.packageName}" is at capacity`;
  await record.enter({
    status: 'waitingForStock',
    text: `${why}: the money goes back.`,
    next: { text: 'Refund', at: null },
  });
  if (slot.isDecided && endingOf(slot) === null) slot.empty();
  // What a person has decided meanwhile comes first.
  if (slot.taken === null) slot.fill(refundByItself({ by: policyName, reason: why }));
  return { kind: 'again', pauseMs: run.policy.stockEveryMs };
}
