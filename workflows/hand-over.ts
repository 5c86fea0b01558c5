import { records } from './activity-proxies.ts';
import { compensationWorkflowId } from './contract/compensate-order.ts';
import { type EndingDecision, wishOf } from './decision-slot.ts';
import type { OrderRun, StepResult } from './order-run.ts';

/**
 * Gives the order to its remedy, which owns it from then on. Where that is refused the order stays what it was: a
 * failed one waits for another decision, any other one goes on.
 */
export async function handOver(run: OrderRun, ending: EndingDecision): Promise<StepResult> {
  const { record, payments, slot } = run;
  if (ending.act === 'ownerChanged') {
    record.handOver();
    return { kind: 'ended', status: 'ownedByAnotherWorkflow' };
  }
  await payments.idle();
  // What was noted so far is written while the order is still ours.
  await record.flush();
  const { orderId } = record;
  const workflowId = compensationWorkflowId(orderId);
  const begun = await records.beginRemedy(wishOf(ending, { orderId, workflowId }));
  if (begun.kind === 'begun') {
    record.handOver();
    return { kind: 'ended', status: 'ownedByAnotherWorkflow' };
  }
  record.note(`Refused: ${begun.sentence}`);
  slot.empty();
  if (record.failure === null) return { kind: 'again' };
  const { code, message } = record.failure;
  return { kind: 'failed', code, message, mayRetry: false };
}
