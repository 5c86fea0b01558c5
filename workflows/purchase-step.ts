import { assertNever } from '../src/domain/assert-never.ts';
import type { FailureCode } from '../src/domain/order.ts';
import type { NextStep } from '../src/domain/order-facts.ts';
import { resumeClaim } from './assign-server.ts';
import { buyUnderLock, settleWithoutLock, type Turn, verify } from './buy-under-lock.ts';
import type { BuyingRun, StepResult } from './order-run.ts';
import { waitForStock } from './wait-for-stock.ts';

/** The steps of an order on its way to a server that is bought and right. */
export type PurchaseStep = Extract<
  NextStep,
  { kind: 'buy' | 'settle' | 'claim' | 'verify' | 'case' | 'broken' }
>;

/** What an order fails with while a purchase of it waits for a person's word. */
export function codeOfCase({ duplicate }: { duplicate: boolean }): FailureCode {
  return duplicate ? 'duplicateServer' : 'purchaseUnknown';
}

/**
 * Takes one step towards the right server; `deliver` goes on with one that is bought and verified, `onShort` is done
 * instead of waiting where the package has no stock.
 */
export async function takePurchaseStep(
  run: BuyingRun,
  step: PurchaseStep,
  deliver: (server: { purchaseId: string; ip: string }) => Promise<StepResult>,
  onShort: ((found: Extract<Turn, { kind: 'short' }>) => Promise<StepResult>) | null = null,
): Promise<StepResult> {
  const afterTurn = async (turn: Turn): Promise<StepResult> => {
    if (turn.kind === 'bought') return deliver(turn);
    if (turn.kind === 'short') return onShort ? onShort(turn) : waitForStock(run, turn);
    return turn;
  };
  switch (step.kind) {
    case 'buy':
      return afterTurn(await buyUnderLock(run, step));
    case 'settle':
      return afterTurn(await settleWithoutLock(run, step));
    case 'claim':
      return resumeClaim(run, step);
    case 'verify':
      return afterTurn(await verify(run, step.purchaseId));
    case 'case':
      return {
        kind: 'failed',
        code: codeOfCase(step),
        message: step.sentence,
        purchaseId: step.purchaseId,
      };
    case 'broken':
      return { kind: 'failed', code: 'internalError', message: step.why };
    default:
      return assertNever(step);
  }
}
