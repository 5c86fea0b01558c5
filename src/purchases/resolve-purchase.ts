import { isPublicIpv4, matchesPackage } from '../domain/package-name.ts';
import type { PurchaseResolution, ResolutionAnswer } from '../domain/purchase-resolution.ts';
import { isOneMonthAfter, judgeUnknownPurchase, sayMayBeRenewed } from '../domain/purchase-rules.ts';
import type { SettlingLimits } from '../domain/settling-limits.ts';
import { isLiving, lastCustomerOf } from '../servers/server-document.ts';
import { serverId } from '../servers/tenancies.ts';
import { SupplierError } from '../suppliers/supplier-error.ts';
import type { CaseResolution } from './case-document.ts';
import { findRivals } from './find-rivals.ts';
import { gatherEvidence } from './gather-evidence.ts';
import { findLateContradiction } from './late-reply.ts';
import type { PurchaseDocument } from './purchase-document.ts';
import { findPurchase, movePurchase, readPurchase } from './purchase-ledger.ts';
import { recordSaleOf } from './purchase-sale.ts';
import type { SettlePurchaseDependencies } from './settle-purchase.ts';
import { finishPurchase } from './settle-row.ts';

/**
 * Settles a case by a person's word, under the same checks as settling by evidence: that the supplier calls the
 * address ours and that nobody else holds it is never waived; `acceptMismatch` waives the rest. The first resolution
 * that passes wins: it is written on the case before anything moves, and whoever comes next completes it. Where an
 * answer contradicted a final verdict, the verdict stays: the word settles what becomes of the address alone.
 */
export async function resolvePurchase(
  deps: SettlePurchaseDependencies,
  input: { purchaseId: string; resolution: PurchaseResolution; policy: SettlingLimits },
): Promise<ResolutionAnswer> {
  const { db } = deps;
  const { purchaseId, resolution } = input;
  if (!(await findPurchase({ db, purchaseId }))) return refused(`There is no purchase ${purchaseId}.`);
  // A crash may have come before the case was opened, or a late answer since.
  await finishPurchase(deps, purchaseId);
  const row = await readPurchase({ db, purchaseId });
  const known = await db.cases.findOne({ _id: purchaseId });
  const isContradicted = row.state !== 'case' && known?.kind === 'contradicted';
  const settling = { resolution, verdictStays: isContradicted };
  if (known?.resolution) return complete(deps, row, { ...settling, decided: known.resolution });
  if (row.state !== 'case' && !isContradicted) return answerSettled(row, resolution);
  const objection = isContradicted
    ? await objectToContradiction(deps, row, resolution)
    : await findObjection(deps, row, input);
  if (objection !== null) return refused(objection);
  const taken = await takeResolution(deps, row, resolution);
  return complete(deps, row, { ...settling, decided: taken });
}

async function findResolution(
  { db }: SettlePurchaseDependencies,
  purchaseId: string,
): Promise<CaseResolution | null> {
  return (await db.cases.findOne({ _id: purchaseId }))?.resolution ?? null;
}

/** Writes the decision on the case, once. @returns what was decided, by this call or by one before. */
async function takeResolution(
  deps: SettlePurchaseDependencies,
  row: PurchaseDocument,
  resolution: PurchaseResolution,
): Promise<CaseResolution> {
  const { outcome, acceptMismatch, by, reason } = resolution;
  const ip = resolution.outcome === 'bought' ? resolution.ip : null;
  const said: CaseResolution = { outcome, ip, acceptMismatch, by, reason, at: deps.now() };
  await deps.db.cases.updateOne({ _id: row._id, resolution: null }, { $set: { resolution: said } });
  return (await findResolution(deps, row._id)) ?? said;
}

/** Carries out what was decided: tenancy, row, fence and goods. Safe to repeat and to crash in. */
async function complete(
  deps: SettlePurchaseDependencies,
  row: PurchaseDocument,
  settling: { decided: CaseResolution; resolution: PurchaseResolution; verdictStays: boolean },
): Promise<ResolutionAnswer> {
  const { db } = deps;
  const { decided, resolution, verdictStays } = settling;
  const { outcome, ip } = decided;
  const why = saySettled(decided);
  if (row.state === 'case') {
    const sale = ip === null ? null : await recordSaleOf(deps, row, ip);
    if (sale?.kind === 'otherTenancy') {
      await db.cases.updateOne({ _id: row._id, 'resolution.at': decided.at }, { $set: { resolution: null } });
      return refused(`${ip} was taken meanwhile (${sale.tenancy.state}).`);
    }
    const set = { why, settledAt: deps.now(), duplicate: false, ...(ip === null ? {} : { ip }) };
    await movePurchase({ db, purchaseId: row._id, from: ['case'], to: outcome, set });
  }
  await finishPurchase(deps, row._id);
  const saidIp = resolution.outcome === 'bought' ? resolution.ip : null;
  if (resolution.outcome === outcome && saidIp === ip) {
    return { kind: 'resolved', sentence: why, ...(verdictStays ? { verdictStays } : {}) };
  }
  return refused(`Purchase ${row._id} is settled already. ${why}`);
}

function saySettled({ outcome, ip, by, reason }: CaseResolution): string {
  const how = outcome === 'bought' ? `bought (${ip})` : 'not bought';
  return `Resolved as ${how} by ${by}${reason ? `: ${reason}` : ''}.`;
}

/** A purchase that was settled without a case, by an answer or by evidence. */
function answerSettled(row: PurchaseDocument, resolution: PurchaseResolution): ResolutionAnswer {
  const isSame =
    resolution.outcome === 'bought'
      ? row.ip === resolution.ip && (row.state === 'bought' || row.state === 'wrong')
      : row.state === 'notBought';
  if (isSame) return { kind: 'resolved', sentence: `Purchase ${row._id} is ${row.state} already.` };
  return refused(`Purchase ${row._id} is ${row.state}, not a case: there is nothing to resolve.`);
}

async function findObjection(
  deps: SettlePurchaseDependencies,
  row: PurchaseDocument,
  input: { resolution: PurchaseResolution; policy: SettlingLimits },
): Promise<string | null> {
  const { resolution, policy } = input;
  const toldIp = row.duplicate ? null : row.ip;
  if (resolution.outcome === 'bought') return objectToSale(deps, row, { ...resolution, toldIp, policy });
  if (toldIp !== null) return `An answer came later: ${toldIp} was sold. Resolve it as bought.`;
  if (resolution.acceptMismatch) return null;
  const gathering = { ...deps, supplier: deps.supplierOf(row.supplier) };
  const evidence = await gatherEvidence(gathering, { row, policy });
  const verdict = judgeUnknownPurchase({ evidence, policy });
  if (verdict.kind === 'notBought') return null;
  if (verdict.kind === 'bought') return `${verdict.ip} was bought for it. ${acceptHelp}`;
  return verdict.kind === 'wait'
    ? `It is too early: ask again after ${verdict.until}.`
    : `${verdict.why} ${acceptHelp}`;
}

const acceptHelp = 'Send "acceptMismatch": true to decide so all the same.';

interface SaidSale {
  ip: string;
  acceptMismatch: boolean;
  /** The address that an answer named after the verdict, where one did: it has its tenancy already. */
  toldIp: string | null;
  policy: SettlingLimits;
}

async function objectToSale(
  deps: SettlePurchaseDependencies,
  row: PurchaseDocument,
  said: SaidSale,
): Promise<string | null> {
  const { ip, toldIp } = said;
  if (!isPublicIpv4(ip)) return `"${ip}" is no public IPv4 address.`;
  if (toldIp !== null && toldIp !== ip)
    return `An answer came later: ${toldIp} was sold. Resolve it with that address.`;
  const server = await deps.db.servers.findOne({ _id: serverId({ supplier: row.supplier, ip }) });
  const isTaken = server && server.tenancy.purchaseId !== row._id;
  if (isTaken && isLiving({ tenancy: server.tenancy, now: deps.now() })) {
    return `${ip} is ${server.tenancy.state} for ${server.tenancy.orderId ?? 'somebody else'} already.`;
  }
  const expiresOn = await askExpiry(deps, row, ip);
  if (expiresOn.kind === 'objection') return expiresOn.sentence;
  if (said.acceptMismatch) return null;
  const customer = server && lastCustomerOf(server.tenancy, row._id);
  if (customer) return `${ip} is ours, but ${sayMayBeRenewed(customer)}. ${acceptHelp}`;
  return findMismatch(deps, row, { ...said, expiresOn: expiresOn.date });
}

/** The answer came after a final verdict: is the address that is in question ours, and this purchase's? */
async function objectToContradiction(
  deps: SettlePurchaseDependencies,
  row: PurchaseDocument,
  resolution: PurchaseResolution,
): Promise<string | null> {
  const contradiction = await findLateContradiction(deps, row);
  const ip = contradiction?.kind === 'sold' ? contradiction.ip : row.ip;
  if (ip === null) return `Purchase ${row._id} has no address in question.`;
  if (resolution.outcome === 'bought' && resolution.ip !== ip) {
    return `The address in question is ${ip}. Resolve it with that address.`;
  }
  if (resolution.outcome === 'notBought' && resolution.acceptMismatch) return null;
  const account = await askExpiry(deps, row, ip);
  if (resolution.outcome === 'bought') return account.kind === 'objection' ? account.sentence : null;
  if (account.kind === 'known') return `${ip} is ours at the supplier. Resolve it as bought. ${acceptHelp}`;
  return account.isAnswer ? null : account.sentence;
}

/** `isAnswer`: the supplier said no; else it said nothing. */
type Expiry =
  | { kind: 'known'; date: string | null }
  | { kind: 'objection'; sentence: string; isAnswer: boolean };

async function askExpiry(
  deps: SettlePurchaseDependencies,
  row: PurchaseDocument,
  ip: string,
): Promise<Expiry> {
  try {
    const status = await deps.supplierOf(row.supplier).readServer({ ip });
    if (status.kind === 'server') return { kind: 'known', date: status.expiresOn ?? null };
    return { kind: 'objection', sentence: `The supplier says that ${ip} is not ours.`, isAnswer: true };
  } catch (error) {
    if (!(error instanceof SupplierError)) throw error;
    return {
      kind: 'objection',
      sentence: `The supplier could not be asked about ${ip}: ${error.why}. Try again.`,
      isAnswer: false,
    };
  }
}

async function findMismatch(
  deps: SettlePurchaseDependencies,
  row: PurchaseDocument,
  said: SaidSale & { expiresOn: string | null },
): Promise<string | null> {
  const { ip, expiresOn, policy } = said;
  if (!matchesPackage({ address: ip, packageName: row.packageName, matchPolicy: 'exact' })) {
    return `${ip} does not belong to the package ${row.packageName}. ${acceptHelp}`;
  }
  if (expiresOn === null || !isOneMonthAfter(expiresOn, row.sentAt ?? row.intendedAt)) {
    return `${ip} expires ${expiresOn ?? 'at no readable date'}, not one month after it was asked for. ${acceptHelp}`;
  }
  const rivals = await findRivals(deps.db, { row, policy });
  if (rivals.length === 0) return null;
  return `${ip} may belong to another purchase as well: ${rivals.join(', ')}. ${acceptHelp}`;
}

function refused(sentence: string): ResolutionAnswer {
  return { kind: 'refused', sentence };
}
