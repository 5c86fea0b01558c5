import type { SupplierName } from '../domain/order.ts';
import type { PurchaseOutcome } from '../domain/purchase-outcome.ts';
import { judgeUnknownPurchase, type SettlingVerdict } from '../domain/purchase-rules.ts';
import { longestSettlingMs, type SettlingLimits } from '../domain/settling-limits.ts';
import type { Supplier } from '../suppliers/supplier.ts';
import { gatherEvidence } from './gather-evidence.ts';
import type { PurchaseDocument } from './purchase-document.ts';
import { readPurchase } from './purchase-ledger.ts';
import { applySale, finishPurchase, type SettlingDependencies, settleReply } from './settle-row.ts';

const watchEveryMs = 250;

export interface SettlePurchaseDependencies extends SettlingDependencies {
  supplierOf: (name: SupplierName) => Supplier;
  sleep: (ms: number) => Promise<void>;
}

/**
 * Waits until a purchase that was sent is final or a case. A reply that arrives in time settles it; from
 * `sent` + longestPurchase + settleAfter on it is settled by evidence, and becomes a case where proof is thin. Who
 * waits for another order's purchase (`asOwner: false`) gathers no evidence: past the longest settling it makes it a
 * case, so that a dead owner blocks nobody.
 */
export async function settlePurchase(
  deps: SettlePurchaseDependencies,
  input: { purchaseId: string; asOwner: boolean; policy: SettlingLimits },
): Promise<PurchaseOutcome> {
  const { purchaseId } = input;
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
    } else if (Date.parse(deps.now()) < settleAt(row, input)) {
      await deps.sleep(watchEveryMs);
    } else {
      const verdict = await judge(deps, row, input);
      // An answer that came while the supplier was asked is read before any verdict.
      if (isSame(row, await readPurchase({ db: deps.db, purchaseId })))
        await applyVerdict(deps, row, verdict);
    }
  }
}

/** True where the stored reply says nothing more than the row: then only time brings it on. */
function isUnknown(deps: SettlingDependencies, { state, supplier, reply }: PurchaseDocument): boolean {
  return state === 'unknown' && reply !== null && deps.interpret({ supplier, reply }).kind === 'unknown';
}

function isSame(row: PurchaseDocument, now: PurchaseDocument): boolean {
  return (
    now.state === row.state && now.sentAt === row.sentAt && (now.reply === null) === (row.reply === null)
  );
}

function settleAt(row: PurchaseDocument, input: { asOwner: boolean; policy: SettlingLimits }): number {
  const { longestPurchaseMs, settleAfterMs } = input.policy;
  const afterMs = input.asOwner ? longestPurchaseMs + settleAfterMs : longestSettlingMs(input.policy);
  return Date.parse(row.sentAt ?? row.intendedAt) + afterMs;
}

async function judge(
  deps: SettlePurchaseDependencies,
  row: PurchaseDocument,
  input: { asOwner: boolean; policy: SettlingLimits },
): Promise<SettlingVerdict> {
  if (!input.asOwner) return { kind: 'case', why: 'Its owner did not settle it in time.' };
  const gathering = { ...deps, supplier: deps.supplierOf(row.supplier) };
  const evidence = await gatherEvidence(gathering, { row, policy: input.policy });
  return judgeUnknownPurchase({ evidence, policy: input.policy });
}

/** Writes a verdict by compare-and-set: one that was there first wins, and so does an answer that just came. */
async function applyVerdict(
  deps: SettlePurchaseDependencies,
  row: PurchaseDocument,
  verdict: SettlingVerdict,
): Promise<void> {
  const settle = async (set: Partial<PurchaseDocument>) => {
    const unanswered = row.reply === null ? { reply: null } : {};
    await deps.db.purchases.updateOne(
      { _id: row._id, state: { $in: ['sent', 'unknown'] }, sentAt: row.sentAt, ...unanswered },
      { $set: set },
    );
  };
  switch (verdict.kind) {
    case 'wait':
      await deps.sleep(Math.max(watchEveryMs, Date.parse(verdict.until) - Date.parse(deps.now())));
      return;
    case 'bought':
      await applySale(
        deps,
        { ...row, why: 'The answer was lost; the address was found by asking.' },
        verdict.ip,
      );
      return;
    case 'notBought':
      await settle({ state: 'notBought', why: verdict.why, settledAt: deps.now() });
      return;
    case 'case':
      await settle({ state: 'case', why: caseSentence(row, verdict.why) });
      return;
  }
}

function caseSentence(row: PurchaseDocument, doubt: string): string {
  const why = (row.why ?? 'no answer was stored').replace(/\.$/, '');
  return (
    `It is not known whether the supplier sold a server: asked for ${row.packageName} (${row.ramGb} GB) at ` +
    `${row.sentAt}, ${why}. Stock before: ${row.stockBefore ?? 'not known'}. ${doubt}`
  );
}
