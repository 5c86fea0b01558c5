import { assertNever } from '../src/domain/assert-never.ts';
import { describeDuration } from '../src/domain/duration.ts';
import { lowStockSentence } from '../src/domain/low-stock.ts';
import type { PurchaseOutcome } from '../src/domain/purchase-outcome.ts';
import type { StockCheck } from '../src/domain/stock-check.ts';
import { purchaseActivities, records, settlingActivities, stock } from './activity-proxies.ts';
import { claimBeforeBuying } from './assign-server.ts';
import type { ReleaseOutcome } from './contract/package-lock.ts';
import { endingOf } from './decision-slot.ts';
import { type BuyingRun, type FailedStep, stageOf } from './order-run.ts';
import { purchaseLimits } from './purchase-limits.ts';

/** How a turn under the lock ended. */
export type Turn =
  | { kind: 'bought'; purchaseId: string; ip: string }
  | Extract<StockCheck, { kind: 'short' }>
  | { kind: 'again'; pauseMs?: number }
  | FailedStep;

/**
 * Takes a stranded server where the policy says so; else queues for the package's lock, then checks the stock, buys and
 * verifies while holding it. The status says `provisioning` only once the lock is held, or a crash before would strand
 * the order.
 */
export async function buyUnderLock(run: BuyingRun, input: { purchaseId: string }): Promise<Turn> {
  const { order, policy, record } = run;
  const { purchaseId } = input;
  if (await claimBeforeBuying(run)) return { kind: 'again' };
  await record.enter({
    status: stageOf(run, 'queued'),
    text: 'Waits its turn for the package.',
    next: { text: 'Buys the server when its turn comes.', at: null },
  });
  const turn = await run.lock.withLock<Turn>(
    {
      supplier: order.supplier,
      packageName: order.packageKey,
      requestId: purchaseId,
      waitLimitMs: policy.lockWaitLimitMs,
      askedAfterMs: order.version,
      isAbandoned: () => endingOf(run.slot) !== null,
    },
    async ({ fencingNumber }) => {
      const value = await buyHoldingTheLock(run, { purchaseId, fencingNumber });
      return { outcome: releaseOutcome(value), value };
    },
  );
  if (turn.acquired) return turn.value;
  if (turn.reason === 'abandoned') return { kind: 'again' };
  const waited = describeDuration(policy.lockWaitLimitMs);
  const message = `Lock acquisition failed: the package was busy for ${waited}.`;
  return { kind: 'failed', code: 'lockTimeout', message };
}

async function buyHoldingTheLock(
  run: BuyingRun,
  input: { purchaseId: string; fencingNumber: number },
): Promise<Turn> {
  const { order, policy, record } = run;
  const { orderId } = order;
  await record.enter({
    status: stageOf(run, 'provisioning'),
    text: 'Its turn: checks the stock and buys the server.',
    next: { text: 'The supplier answers within minutes; then the address is verified.', at: null },
  });
  for (;;) {
    const { lowStockWarning } = policy;
    run.stockHasChanged = false;
    const found = await stock.checkStock({ orderId, trial: run.trial, lowStockWarning });
    if (found.kind !== 'available') return withoutStock(found);
    if (found.low) warnOfLowStock(run, found);
    const outcome = await buy(run, { ...input, stockBefore: found.count });
    if (outcome.kind === 'busy') {
      await waitForPurchase(run, outcome.purchaseId);
      continue;
    }
    run.trial = false;
    run.waitingForStockSinceMs = null;
    return afterPurchase(run, { purchaseId: input.purchaseId, outcome, stockBefore: found.count });
  }
}

/** A refusal after which the count fell may have been a sale: then nothing is tried again without a person's look. */
async function isCountUnchanged({ order, policy }: BuyingRun, before: number | null): Promise<boolean> {
  const { orderId } = order;
  const { lowStockWarning } = policy;
  const now = await stock.checkStock({ orderId, trial: true, lowStockWarning });
  return before !== null && (now.kind === 'available' || now.kind === 'short') && now.count >= before;
}

/** A dead holder's purchase may still be at the supplier: the next one waits for it, then looks at the stock again. */
async function waitForPurchase(run: BuyingRun, purchaseId: string): Promise<void> {
  run.record.note(`Waits for purchase ${purchaseId}, which may still be at the supplier.`);
  await settlingActivities(run.policy).settlePurchase({
    purchaseId,
    asOwner: false,
    policy: purchaseLimits(run.policy),
  });
}

function withoutStock(found: Exclude<StockCheck, { kind: 'available' }>): Turn {
  switch (found.kind) {
    case 'short':
      return found;
    case 'missing':
      return { kind: 'failed', code: 'packageUnavailable', message: found.sentence };
    case 'unreachable':
      return { kind: 'failed', code: 'supplierUnreachable', message: found.why };
    case 'rejectedCredentials':
      return { kind: 'failed', code: 'supplierRejectedCredentials', message: found.why };
    default:
      return assertNever(found);
  }
}

function warnOfLowStock(run: BuyingRun, found: { count: number; packageName: string }): void {
  run.record.note(lowStockSentence({ packageName: found.packageName, available: found.count }));
  run.notices.tell({ factId: 'lowStock', notice: { kind: 'lowStock', available: found.count } });
}

/** Outcomes that prove that the supplier never heard of the purchase. */
const reachedNobody: readonly PurchaseOutcome['kind'][] = [
  'notSent',
  'voided',
  'staleGrant',
  'busy',
  'orderClosed',
];

async function buy(
  run: BuyingRun,
  input: { purchaseId: string; fencingNumber: number; stockBefore: number },
): Promise<PurchaseOutcome> {
  const { policy, order } = run;
  const { orderId, supplier, packageKey } = order;
  const asked = { orderId, supplier, packageKey, ...input, policy: purchaseLimits(policy) };
  const { sent } = order;
  order.sent = true;
  const outcome = await purchaseActivities(policy).buyVps(asked);
  if (outcome.note !== undefined) run.record.note(outcome.note);
  if (!sent && reachedNobody.includes(outcome.kind)) order.sent = false;
  if (outcome.kind !== 'unstored') return outcome;
  const { purchaseId } = input;
  return settlingActivities(policy).storePurchaseReply({ purchaseId, reply: outcome.reply });
}

/** A purchase of an earlier run whose lock is lost: settled without asking for it, the fence is still its own. */
export async function settleWithoutLock(run: BuyingRun, input: { purchaseId: string }): Promise<Turn> {
  const outcome = await settlingActivities(run.policy).settlePurchase({
    purchaseId: input.purchaseId,
    asOwner: true,
    policy: purchaseLimits(run.policy),
  });
  return afterPurchase(run, { purchaseId: input.purchaseId, outcome, stockBefore: null });
}

/** What follows from a purchase's outcome: verified before the lock is released, a mismatch dries the package. */
async function afterPurchase(
  run: BuyingRun,
  input: { purchaseId: string; outcome: PurchaseOutcome; stockBefore: number | null },
): Promise<Turn> {
  const { purchaseId, outcome } = input;
  switch (outcome.kind) {
    case 'bought':
      return verify(run, purchaseId);
    case 'unknown':
      return settleWithoutLock(run, { purchaseId });
    case 'unstored':
    case 'busy':
      throw new Error(`Purchase ${purchaseId} came back as ${outcome.kind}, which its caller resolves.`);
    case 'wrong':
      return { kind: 'again' };
    case 'duplicate':
      return {
        kind: 'failed',
        code: 'duplicateServer',
        message: outcome.sentence,
        purchaseId,
        ip: outcome.ip,
      };
    case 'case':
      return { kind: 'failed', code: 'purchaseUnknown', message: outcome.sentence, purchaseId };
    case 'refused': {
      // An earlier run may have sent it, at another count.
      const { stockBefore = input.stockBefore, reason } = outcome;
      const mayRetry = await isCountUnchanged(run, stockBefore);
      return { kind: 'failed', code: 'purchaseRefused', message: sayRefused(reason), purchaseId, mayRetry };
    }
    case 'notSent':
      return {
        kind: 'failed',
        code: outcome.rejectedCredentials ? 'supplierRejectedCredentials' : 'supplierUnreachable',
        message: outcome.why,
        purchaseId,
      };
    case 'voided':
    case 'notBought':
    case 'orderClosed':
      run.record.note(sayAgain(outcome));
      return { kind: 'again' };
    case 'staleGrant':
      run.record.note(sayAgain(outcome));
      return { kind: 'again', pauseMs: run.policy.holderCheckEveryMs };
    default:
      return assertNever(outcome);
  }
}

/** Proves the address, whoever bought it; used under the lock and after a restart. */
export async function verify(run: BuyingRun, purchaseId: string): Promise<Turn> {
  const { orderId } = run.order;
  const verified = await records.verifyServer({ orderId, purchaseId });
  switch (verified.kind) {
    case 'right':
      return { kind: 'bought', purchaseId, ip: verified.ip };
    case 'wrong':
      await stock.markPackageDry({ orderId, purchaseId });
      return {
        kind: 'failed',
        code: 'wrongPackage',
        message: verified.sentence,
        purchaseId,
        ip: verified.ip,
      };
    case 'duplicate':
      return {
        kind: 'failed',
        code: 'duplicateServer',
        message: verified.sentence,
        purchaseId,
        ip: verified.ip,
      };
    default:
      return assertNever(verified);
  }
}

/** What the lock's breaker learns from a turn. */
function releaseOutcome(turn: Turn): ReleaseOutcome {
  if (turn.kind === 'again') return 'noVerdict';
  if (turn.kind !== 'failed') return 'supplierAnswered';
  if (turn.code === 'supplierUnreachable') return 'supplierUnreachable';
  if (turn.code === 'supplierRejectedCredentials') return 'supplierRejectedCredentials';
  if (turn.code === 'purchaseUnknown') return 'noVerdict';
  return 'supplierAnswered';
}

function sayRefused(reason: string): string {
  return `The supplier refused to sell: ${reason}. Nothing was bought.`;
}

function sayAgain(
  outcome: Extract<PurchaseOutcome, { kind: 'voided' | 'notBought' | 'staleGrant' | 'orderClosed' }>,
) {
  if (outcome.kind === 'orderClosed') return outcome.why;
  if (outcome.kind === 'staleGrant')
    return 'Its turn at the package had passed to a later one; it asks again.';
  if (outcome.kind === 'voided') return 'A later holder of the lock took over before anything was sent.';
  return 'Nothing was bought; it buys again.';
}
