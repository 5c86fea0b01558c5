import { isPublicIpv4, matchesPackage } from '../domain/package-name.ts';
import type { PurchaseResolution, ResolutionAnswer } from '../domain/purchase-resolution.ts';
import { isOneMonthAfter, judgeUnknownPurchase } from '../domain/purchase-rules.ts';
import type { SettlingLimits } from '../domain/settling-limits.ts';
import { isLiving } from '../servers/server-document.ts';
import { serverId } from '../servers/tenancies.ts';
import { SupplierError } from '../suppliers/supplier-error.ts';
import { findRivals, gatherEvidence } from './gather-evidence.ts';
import type { PurchaseDocument } from './purchase-document.ts';
import { findPurchase, movePurchase } from './purchase-ledger.ts';
import type { SettlePurchaseDependencies } from './settle-purchase.ts';
import { finishPurchase, recordSaleOf } from './settle-row.ts';

/**
 * Settles a case by a person's word, under the same checks as settling by evidence: that the supplier calls the
 * address ours and that nobody else holds it is never waived; `acceptMismatch` waives the rest. The first resolution
 * wins; a repeat of it is told as resolved.
 */
export async function resolvePurchase(
  deps: SettlePurchaseDependencies,
  input: { purchaseId: string; resolution: PurchaseResolution; policy: SettlingLimits },
): Promise<ResolutionAnswer> {
  const { purchaseId, resolution } = input;
  const row = await findPurchase({ db: deps.db, purchaseId });
  if (!row) return refused(`There is no purchase ${purchaseId}.`);
  if (row.state !== 'case') return answerSettled(row, resolution);
  const objection = await findObjection(deps, row, input);
  if (objection !== null) return refused(objection);
  return applyResolution(deps, row, resolution);
}

function answerSettled(row: PurchaseDocument, resolution: PurchaseResolution): ResolutionAnswer {
  const isRepeat =
    resolution.outcome === 'bought'
      ? row.ip === resolution.ip && (row.state === 'bought' || row.state === 'wrong')
      : row.state === 'notBought';
  if (isRepeat) return { kind: 'resolved', sentence: `Purchase ${row._id} is ${row.state} already.` };
  return refused(`Purchase ${row._id} is ${row.state}, not a case: there is nothing to resolve.`);
}

async function findObjection(
  deps: SettlePurchaseDependencies,
  row: PurchaseDocument,
  input: { resolution: PurchaseResolution; policy: SettlingLimits },
): Promise<string | null> {
  const { resolution } = input;
  if (resolution.outcome === 'bought') return objectToSale(deps, row, { ...resolution });
  if (row.ip !== null && !row.duplicate)
    return `An answer came later: ${row.ip} was sold. Resolve it as bought.`;
  if (resolution.acceptMismatch) return null;
  const gathering = { ...deps, supplier: deps.supplierOf(row.supplier) };
  const evidence = await gatherEvidence(gathering, { row, policy: input.policy });
  const verdict = judgeUnknownPurchase({ evidence, policy: input.policy });
  if (verdict.kind === 'notBought') return null;
  if (verdict.kind === 'bought') return `${verdict.ip} was bought for it. ${acceptHelp}`;
  return verdict.kind === 'wait'
    ? `It is too early: ask again after ${verdict.until}.`
    : `${verdict.why} ${acceptHelp}`;
}

const acceptHelp = 'Send "acceptMismatch": true to decide so all the same.';

async function objectToSale(
  deps: SettlePurchaseDependencies,
  row: PurchaseDocument,
  said: { ip: string; acceptMismatch: boolean },
): Promise<string | null> {
  const { ip } = said;
  if (!isPublicIpv4(ip)) return `"${ip}" is no public IPv4 address.`;
  const server = await deps.db.servers.findOne({ _id: serverId({ supplier: row.supplier, ip }) });
  const isTaken = server && server.tenancy.purchaseId !== row._id;
  if (isTaken && isLiving({ tenancy: server.tenancy, now: deps.now() })) {
    return `${ip} is ${server.tenancy.state} for ${server.tenancy.orderId ?? 'somebody else'} already.`;
  }
  const expiresOn = await askExpiry(deps, row, ip);
  if (expiresOn.kind === 'objection') return expiresOn.sentence;
  return said.acceptMismatch ? null : findMismatch(deps, row, { ip, expiresOn: expiresOn.date });
}

type Expiry = { kind: 'known'; date: string | null } | { kind: 'objection'; sentence: string };

async function askExpiry(
  deps: SettlePurchaseDependencies,
  row: PurchaseDocument,
  ip: string,
): Promise<Expiry> {
  try {
    const status = await deps.supplierOf(row.supplier).readServer({ ip });
    if (status.kind === 'server') return { kind: 'known', date: status.expiresOn ?? null };
    return { kind: 'objection', sentence: `The supplier says that ${ip} is not ours.` };
  } catch (error) {
    if (!(error instanceof SupplierError)) throw error;
    return {
      kind: 'objection',
      sentence: `The supplier could not be asked about ${ip}: ${error.why}. Try again.`,
    };
  }
}

async function findMismatch(
  deps: SettlePurchaseDependencies,
  row: PurchaseDocument,
  found: { ip: string; expiresOn: string | null },
): Promise<string | null> {
  const { ip, expiresOn } = found;
  if (!matchesPackage({ address: ip, packageName: row.packageName, matchPolicy: 'exact' })) {
    return `${ip} does not belong to the package ${row.packageName}. ${acceptHelp}`;
  }
  if (expiresOn === null || !isOneMonthAfter(expiresOn, row.sentAt ?? row.intendedAt)) {
    return `${ip} expires ${expiresOn ?? 'at no readable date'}, not one month after it was asked for. ${acceptHelp}`;
  }
  const rivals = await findRivals(deps.db, row);
  if (rivals.length === 0) return null;
  return `${ip} may belong to another purchase as well: ${rivals.join(', ')}. ${acceptHelp}`;
}

async function applyResolution(
  deps: SettlePurchaseDependencies,
  row: PurchaseDocument,
  resolution: PurchaseResolution,
): Promise<ResolutionAnswer> {
  const { db, now } = deps;
  const { by, reason, acceptMismatch, outcome } = resolution;
  const ip = outcome === 'bought' ? resolution.ip : null;
  const why = `Resolved as ${outcome === 'bought' ? `bought (${ip})` : 'not bought'} by ${by}${reason ? `: ${reason}` : ''}.`;
  if (ip !== null) {
    const sale = await recordSaleOf(deps, row, ip);
    if (sale.kind === 'otherTenancy') return refused(`${ip} was taken meanwhile (${sale.tenancy.state}).`);
  }
  const to = outcome === 'bought' ? 'bought' : 'notBought';
  const set = { why, settledAt: now(), duplicate: false, ...(ip === null ? {} : { ip }) };
  await movePurchase({ db, purchaseId: row._id, from: ['case'], to, set });
  await db.cases.updateOne(
    { _id: row._id, resolution: null },
    { $set: { resolution: { outcome, ip, acceptMismatch, by, reason, at: now() } } },
  );
  await finishPurchase(deps, row._id);
  return { kind: 'resolved', sentence: why };
}

function refused(sentence: string): ResolutionAnswer {
  return { kind: 'refused', sentence };
}
