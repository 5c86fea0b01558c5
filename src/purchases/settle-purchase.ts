import type { PurchaseOutcome } from '../domain/purchase-outcome.ts';
import type { PurchaseDocument } from './purchase-document.ts';
import { movePurchase, readPurchase } from './purchase-ledger.ts';
import { finishPurchase, type SettlingDependencies, settleReply } from './settle-row.ts';

const watchEveryMs = 250;

export interface SettlePurchaseDependencies extends SettlingDependencies {
  sleep: (ms: number) => Promise<void>;
}

/**
 * Waits until a purchase that was sent is final or a case. A reply that arrives in time settles it; at
 * `sent` + longestPurchase + settleAfter it becomes a case by compare-and-set, whoever its owner is, so that a
 * dead owner blocks nobody.
 */
export async function settlePurchase(
  deps: SettlePurchaseDependencies,
  input: { purchaseId: string; policy: { longestPurchaseMs: number; settleAfterMs: number } },
): Promise<PurchaseOutcome> {
  const { purchaseId, policy } = input;
  for (;;) {
    const row = await readPurchase({ db: deps.db, purchaseId });
    if (row.state === 'intended') {
      const why = row.why ?? 'Nothing was sent to the supplier.';
      return { kind: 'notSent', why, rejectedCredentials: false };
    }
    if (row.state !== 'sent' && row.state !== 'unknown') {
      const outcome = await finishPurchase(deps, purchaseId);
      if (outcome.kind !== 'open') return outcome;
    } else if (row.reply !== null && !isUnknown(deps, row)) {
      await settleReply(deps, { purchaseId, reply: row.reply, sentAt: row.sentAt });
    } else if (Date.parse(deps.now()) < caseAt(row, policy)) {
      await deps.sleep(watchEveryMs);
    } else {
      const why = caseSentence(row);
      await movePurchase({ db: deps.db, purchaseId, from: ['sent', 'unknown'], to: 'case', set: { why } });
    }
  }
}

/** True where the stored reply says nothing more than the row: then only time brings it on. */
function isUnknown(deps: SettlingDependencies, { state, supplier, reply }: PurchaseDocument): boolean {
  return state === 'unknown' && reply !== null && deps.interpret({ supplier, reply }).kind === 'unknown';
}

function caseAt(row: PurchaseDocument, policy: { longestPurchaseMs: number; settleAfterMs: number }): number {
  return Date.parse(row.sentAt ?? row.intendedAt) + policy.longestPurchaseMs + policy.settleAfterMs;
}

function caseSentence(row: PurchaseDocument): string {
  return (
    `It is not known whether the supplier sold a server: asked for ${row.packageName} (${row.ramGb} GB) at ` +
    `${row.sentAt}, ${row.why ?? 'no answer was stored.'} Stock before: ${row.stockBefore ?? 'not known'}.`
  );
}
