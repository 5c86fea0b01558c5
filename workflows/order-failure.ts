import { condition } from '@temporalio/workflow';
import { type FailureCode, isRetriedByItself } from '../src/domain/order.ts';
import { recommendedActions } from '../src/domain/order-words.ts';
import { records } from './activity-proxies.ts';
import type { FailedStep, OrderRun } from './order-run.ts';

/** Writes a failure, after everything it states is true, and tells the admin once. */
export async function enterFailed(run: OrderRun, step: FailedStep): Promise<void> {
  const { code, message } = step;
  run.waitingForStockSinceMs = null;
  run.policy = await records.readPolicy();
  keepEarlyDecision(run, code);
  const isCase = code === 'purchaseUnknown' || code === 'duplicateServer';
  const casePurchaseId = isCase ? step.purchaseId : undefined;
  await run.record.enter({
    status: 'failed',
    text: `Failed (${code}): ${message}`,
    next: { text: recommendedActions[code], at: null },
    failure: { code, message },
    ...(casePurchaseId ? { casePurchaseId } : {}),
  });
  const since = run.record.failure?.since ?? '';
  run.notices.tell({
    factId: `failed:${code}:${since}`,
    notice: {
      kind: 'orderFailed',
      code,
      sentence: message,
      purchaseId: step.purchaseId ?? null,
      ip: step.ip ?? null,
    },
  });
  if (casePurchaseId) {
    run.notices.tell({
      factId: `case:${casePurchaseId}`,
      notice: { kind: 'caseOpened', purchaseId: casePurchaseId, sentence: message },
    });
  }
}

/**
 * A retry that was accepted while the step still ran continues only where the failure is transient: what needs a
 * person's look is decided by somebody who has seen it.
 */
function keepEarlyDecision(run: OrderRun, code: FailureCode): void {
  const early = run.slot.taken;
  run.earlyDecision = early;
  if (!early || isRetriedByItself(code)) return;
  run.record.note(`The retry of ${early.by} came before this was known and counts no more.`);
  run.slot.empty();
}

/** Waits for the failure's one decision. A person's retry of it may buy once from a package that is marked dry. */
export async function waitForDecision(run: OrderRun): Promise<void> {
  await condition(() => run.slot.isDecided);
  const { taken } = run.slot;
  run.trial = taken?.act === 'retry' && taken !== run.earlyDecision;
  run.slot.empty();
}
