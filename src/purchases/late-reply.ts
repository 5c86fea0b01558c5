import { insertOnce } from '../database.ts';
import { type Contradiction, findContradiction } from '../domain/purchase-rules.ts';
import { moveTenancy, serverId } from '../servers/tenancies.ts';
import type { CaseDocument } from './case-document.ts';
import type { PurchaseDocument, PurchaseState } from './purchase-document.ts';
import { recordSaleOf, sayTenancy } from './purchase-sale.ts';
import type { SettlingDependencies } from './settle-row.ts';

const finalStates: readonly PurchaseState[] = ['bought', 'wrong', 'refused', 'notBought'];

/**
 * What an answer says against the final verdict of its purchase, null where nothing does. A sale counts whenever it
 * was told; that nothing was sold counts only where the verdict was final already: before, whoever judged knew of it.
 */
export async function findLateContradiction(
  deps: SettlingDependencies,
  row: PurchaseDocument,
): Promise<Contradiction | null> {
  const { reply, lateReply, supplier, state } = row;
  const boughtIp = state === 'bought' || state === 'wrong' ? row.ip : null;
  if (lateReply !== null) {
    const found = findContradiction({ boughtIp, reply: deps.interpret({ supplier, reply: lateReply }) });
    const isLate = row.lateAfter !== undefined && finalStates.includes(row.lateAfter);
    if (found && (found.kind === 'sold' || isLate)) return found;
  }
  if (reply === null) return null;
  const found = findContradiction({ boughtIp, reply: deps.interpret({ supplier, reply }) });
  // The first answer was on the table of whoever settled the purchase's case.
  return found && (await hasPlainCase(deps, row._id)) ? null : found;
}

async function hasPlainCase({ db }: SettlingDependencies, purchaseId: string): Promise<boolean> {
  const known = await db.cases.findOne({ _id: purchaseId });
  return known !== null && (known.kind !== 'contradicted' || known.earlier !== undefined);
}

/**
 * An answer that contradicts a final verdict changes neither the verdict nor the order: what it says was sold gets its
 * tenancy and is held (design I5), and a case is opened for a person, once. Safe to repeat and to crash in.
 */
export async function heedLateReply(deps: SettlingDependencies, row: PurchaseDocument): Promise<void> {
  const contradiction = await findLateContradiction(deps, row);
  if (contradiction === null) return;
  const known = await deps.db.cases.findOne({ _id: row._id });
  if (known?.kind === 'contradicted') return;
  const sentence =
    contradiction.kind === 'sold'
      ? await holdLateSale(deps, row, contradiction.ip)
      : `an answer came later that nothing was sold: ${contradiction.why.replace(/\.$/, '')}. Ask for ${row.ip} at the supplier: it may be another purchase's.`;
  await openContradiction(deps, row, { known, sentence: `${sayVerdict(row)}, but ${sentence}` });
}

/** The row gets the address where it has none, so that nobody has to find it again. */
async function holdLateSale(deps: SettlingDependencies, row: PurchaseDocument, ip: string): Promise<string> {
  const { db } = deps;
  const { _id: purchaseId, supplier } = row;
  const sale = await recordSaleOf(deps, row, ip);
  const told = `an answer came later: ${ip} was sold`;
  if (sale.kind === 'otherTenancy') return `${told}, which is ${sayTenancy(sale.tenancy)}.`;
  const id = serverId({ supplier, ip });
  const cause = `Sold by an answer that came after ${purchaseId} was settled as ${row.state}.`;
  await moveTenancy({ db, serverId: id, purchaseId, from: ['bought'], to: 'held', cause, now: deps.now() });
  await db.purchases.updateOne({ _id: purchaseId, state: row.state, ip: null }, { $set: { ip } });
  return `${told}. It is held and paid for, and no order has it. Resolved as bought with that address, it is stranded.`;
}

function sayVerdict({
  _id,
  state,
  ip,
  why,
  packageName,
  ramGb,
  sentAt,
  stockBefore,
}: PurchaseDocument): string {
  const verdict = state === 'bought' || state === 'wrong' ? `${state} (${ip})` : state;
  const said = why === null ? '' : `, "${why}"`;
  return (
    `Purchase ${_id} (${packageName}, ${ramGb} GB, sent ${sentAt ?? 'never'}, stock before: ` +
    `${stockBefore ?? 'not known'}) was settled as ${verdict}${said}`
  );
}

/** A case that was settled before is opened again, with what was decided then. */
async function openContradiction(
  deps: SettlingDependencies,
  row: PurchaseDocument,
  { known, sentence }: { known: CaseDocument | null; sentence: string },
): Promise<void> {
  const { db, now, onContradiction } = deps;
  const { _id, orderId, supplier, packageKey } = row;
  const opened = { kind: 'contradicted', sentence, openedAt: now(), resolution: null } as const;
  const fresh: CaseDocument = { _id, orderId, supplier, packageKey, ...opened };
  const isFirst = await insertOnce(db.cases, fresh);
  const again = { ...opened, earlier: known?.resolution ?? null };
  const isOurs =
    isFirst ||
    (await db.cases.updateOne({ _id, kind: { $ne: 'contradicted' } }, { $set: again })).matchedCount === 1;
  if (isOurs) await onContradiction?.(fresh);
}

/** The case of a purchase whose verdict a late answer contradicts, while nobody has settled it. */
export async function findOpenContradiction(
  { db }: Pick<SettlingDependencies, 'db'>,
  { purchaseId }: { purchaseId: string },
): Promise<CaseDocument | null> {
  return db.cases.findOne({ _id: purchaseId, kind: 'contradicted', resolution: null });
}
