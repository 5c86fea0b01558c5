import { insertOnce } from '../database.ts';
import { BrokenRecord } from '../domain/broken-record.ts';
import type { ClaimEnd } from '../domain/claim.ts';
import { oneMonthAfter } from '../domain/one-month-after.ts';
import { matchesReportedOs } from '../domain/operating-system.ts';
import type { SupplierName } from '../domain/order.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import type { PurchaseDocument } from '../purchases/purchase-document.ts';
import { movePurchase, readPurchase } from '../purchases/purchase-ledger.ts';
import { finishPurchase, type SettlingDependencies } from '../purchases/settle-row.ts';
import type { ServerStatus, Supplier } from '../suppliers/supplier.ts';
import { claimOperation } from './claim-server.ts';
import type { CredentialBox } from './credential-box.ts';
import { keepExpiry } from './keep-expiry.ts';
import { isChangedBy, type ServerDocument } from './server-document.ts';
import { endChange, serverId } from './tenancies.ts';

/** A month of the supplier has 28 days at least: what has less left is renewed first. */
const fullTermMs = 28 * 24 * 60 * 60 * 1000;

export interface ClaimDependencies extends SettlingDependencies {
  supplierOf: (name: SupplierName) => Supplier;
  box: CredentialBox;
}

export type ClaimLook = ClaimEnd | { kind: 'notReady'; why: string };

interface Claim {
  row: PurchaseDocument;
  ip: string;
  order: OrderDocument;
  server: ServerDocument;
  supplier: Supplier;
}

type Reported = Extract<ServerStatus, { kind: 'server' }>;

/**
 * One look at a claimed server, and the next step it needs: renewed to a full term (once: a repeat may be paid twice),
 * wiped to the ordered system, and handed to the order with a login that differs from every earlier one that is known.
 * Safe to repeat and to crash in.
 */
export async function finishClaim(
  deps: ClaimDependencies,
  input: { purchaseId: string },
): Promise<ClaimLook> {
  const claim = await readClaim(deps, input.purchaseId);
  if (claim.kind !== 'open') return claim;
  const { ip, order, server, supplier } = claim;
  const status = await supplier.readServer({ ip });
  if (status.kind === 'notOurs') return returnClaim(deps, { ...input, why: `${ip} is not ours any more.` });
  const { purchaseId: earlierId, expiresAt: knownExpiry } = server.tenancy;
  // Also for the next order where this claim goes back: it may be what it was renewed to just now.
  const told = await keepExpiry(deps.db, { serverId: server._id, purchaseId: earlierId, server: status });
  const expiresAt = told ?? knownExpiry;
  if (expiresAt === null || Date.parse(expiresAt) - Date.parse(deps.now()) < fullTermMs) {
    if (await markOnce(deps, claim, 'renew')) {
      await supplier.renew({ ip });
      if (told === null) await keepRenewed(deps, claim);
    }
    return { kind: 'notReady', why: `${ip} is renewed to a full term.` };
  }
  if (!server.tenancy.operationsDone.includes(stepOf(claim, 'wipe'))) {
    await wipe(deps, claim, status);
    return { kind: 'notReady', why: `${ip} is wiped.` };
  }
  const { username, password } = status;
  if (!username || !password) return { kind: 'notReady', why: 'The new login is still empty.' };
  if (status.os !== '' && !matchesReportedOs({ ordered: order.os, reported: status.os })) {
    return { kind: 'notReady', why: `The ordered system (${order.os}) is being installed.` };
  }
  const login = { username, password: password.reveal() };
  if (await isKnownLogin(deps, claim, login.password)) {
    return { kind: 'notReady', why: 'The login is still an earlier one.' };
  }
  await insertOnce(
    deps.db.credentials,
    sealedLogin(deps, claim, { id: claim.row._id, login, os: status.os }),
  );
  return handOver(deps, claim, expiresAt);
}

/** A supplier that names no date never shows that the month was paid for: else the next claim would pay for it again. */
async function keepRenewed({ db, now }: ClaimDependencies, { row, server }: Claim): Promise<void> {
  const { expiresAt } = server.tenancy;
  const at = now();
  await db.servers.updateOne(
    { _id: server._id, 'tenancy.state': 'changing', 'tenancy.operationId': claimOperation(row._id) },
    { $set: { 'tenancy.expiresAt': oneMonthAfter(expiresAt !== null && expiresAt > at ? expiresAt : at) } },
  );
}

/** Gives a claimed server back: changing -> stranded, its row void, the order's goods none. Safe to repeat. */
export async function returnClaim(
  deps: ClaimDependencies,
  input: { purchaseId: string; why: string },
): Promise<ClaimEnd> {
  const { db } = deps;
  const { purchaseId } = input;
  const now = deps.now();
  const claim = await readClaim(deps, purchaseId);
  if (claim.kind !== 'open') return claim;
  const id = serverId({ supplier: claim.row.supplier, ip: claim.ip });
  const cause = `Went back from order ${claim.order._id}: ${input.why}`;
  await endChange({ db, serverId: id, operationId: claimOperation(purchaseId), to: 'stranded', now, cause });
  // A late attempt may have handed it over just before: then it is the order's.
  const after = await db.servers.findOne({ _id: id });
  if (after?.tenancy.purchaseId === purchaseId) return settleAsBought(deps, claim);
  const why = `${claim.ip} went back to the stranded servers: ${input.why}`;
  await movePurchase({
    db,
    purchaseId,
    from: ['intended'],
    to: 'void',
    set: { why, settledAt: now },
  });
  await finishPurchase(deps, purchaseId);
  return { kind: 'gaveBack', sentence: why };
}

async function readClaim(
  deps: ClaimDependencies,
  purchaseId: string,
): Promise<(Claim & { kind: 'open' }) | ClaimEnd> {
  const { db } = deps;
  const row = await readPurchase({ db, purchaseId });
  const { ip, supplier } = row;
  const [order, server] = await Promise.all([
    db.orders.findOne({ _id: row.orderId }),
    ip === null ? null : db.servers.findOne({ _id: serverId({ supplier, ip }) }),
  ]);
  if (ip === null || !order || !server) {
    throw new BrokenRecord(`Failed to finish the claim ${purchaseId}: its order or server is missing.`);
  }
  const claim = { row, ip, order, server, supplier: deps.supplierOf(supplier) };
  if (row.state === 'void') return { kind: 'gaveBack', sentence: row.why ?? `${ip} was given back.` };
  if (row.state !== 'intended') return { kind: 'bought', ip };
  if (server.tenancy.purchaseId === purchaseId) return settleAsBought(deps, claim);
  return { kind: 'open', ...claim };
}

function stepOf({ row }: Claim, step: 'renew' | 'wipe'): string {
  return `${claimOperation(row._id)}:${step}`;
}

/** Notes a step in the tenancy. @returns true for the one call that noted it. */
async function markOnce(deps: ClaimDependencies, claim: Claim, step: 'renew' | 'wipe'): Promise<boolean> {
  const { _id, tenancy } = claim.server;
  const { operationsDone } = tenancy;
  const name = stepOf(claim, step);
  if (operationsDone.includes(name)) return false;
  const marked = await deps.db.servers.updateOne(
    {
      _id,
      'tenancy.state': 'changing',
      'tenancy.operationId': claimOperation(claim.row._id),
      'tenancy.operationsDone': operationsDone,
    },
    { $set: { 'tenancy.operationsDone': [...operationsDone, name] } },
  );
  return marked.matchedCount === 1;
}

/** Installs the ordered system anew. The login that is shown before counts as an earlier one. */
async function wipe(deps: ClaimDependencies, claim: Claim, status: Reported): Promise<void> {
  const { ip, order, supplier } = claim;
  if (status.username && status.password) {
    const login = { username: status.username, password: status.password.reveal() };
    await keepEarlierLogin(deps, claim, { login, os: status.os });
  }
  // Asked last: the claim may have been given back, and the server claimed by another order, while the supplier answered.
  if (!(await mayWipe(deps, claim))) {
    throw new BrokenRecord(`Failed to wipe ${ip}: its tenancy does not allow a wipe now.`);
  }
  const isOrdered = matchesReportedOs({ ordered: order.os, reported: status.os });
  if (isOrdered) await supplier.format({ ip });
  else await supplier.changeOs({ ip, os: order.os });
  await markOnce(deps, claim, 'wipe');
}

async function mayWipe({ db }: ClaimDependencies, { row, server }: Claim): Promise<boolean> {
  const tenancy = (await db.servers.findOne({ _id: server._id }))?.tenancy;
  return isChangedBy(tenancy, claimOperation(row._id));
}

/** A wipe whose answer was lost is made again: what it had shown by then is an earlier login, too. */
const mostEarlierLogins = 20;

function earlierLoginIds(purchaseId: string): string[] {
  const first = `${purchaseId}:before`;
  return [first, ...Array.from({ length: mostEarlierLogins - 1 }, (_, index) => `${first}:${index + 2}`)];
}

async function keepEarlierLogin(
  deps: ClaimDependencies,
  claim: Claim,
  { login, os }: { login: { username: string; password: string }; os: string },
): Promise<void> {
  if (await isKnownLogin(deps, claim, login.password)) return;
  for (const id of earlierLoginIds(claim.row._id)) {
    if (await insertOnce(deps.db.credentials, sealedLogin(deps, claim, { id, login, os }))) return;
  }
}

function sealedLogin(
  { box, now }: ClaimDependencies,
  { order }: Claim,
  { id, login, os }: { id: string; login: { username: string; password: string }; os: string },
) {
  const orderId = order._id;
  return { _id: id, orderId, ...box.seal({ orderId, login }), os, sealedAt: now() };
}

/** True where the password is one that an earlier purchase of this address had, or that was shown before the wipe. */
async function isKnownLogin(
  { db, box }: ClaimDependencies,
  claim: Claim,
  password: string,
): Promise<boolean> {
  const { tenancy, history } = claim.server;
  const earlier = [tenancy, ...history].flatMap(({ purchaseId }) =>
    purchaseId === null ? [] : [purchaseId],
  );
  const ids = [...earlier.flatMap((id) => [id, ...earlierLoginIds(id)]), ...earlierLoginIds(claim.row._id)];
  const known = await db.credentials.find({ _id: { $in: ids } }).toArray();
  return known.some((sealed) => box.open({ orderId: sealed.orderId, sealed }).password === password);
}

/** One step: the old tenancy goes to the history, its money goes along with the server. */
async function handOver(deps: ClaimDependencies, claim: Claim, expiresAt: string): Promise<ClaimLook> {
  const { row, order, server } = claim;
  const { tenancy: old, history } = server;
  const moved = await deps.db.servers.updateOne(
    { _id: server._id, 'tenancy.state': 'changing', 'tenancy.operationId': claimOperation(row._id) },
    {
      $set: {
        tenancy: {
          state: 'bought',
          purchaseId: row._id,
          orderId: order._id,
          since: deps.now(),
          expiresAt,
          cost: old.cost,
          cause: row.why ?? `Claimed for order ${order._id}.`,
          operationId: null,
          operationsDone: [],
        },
        history: [...history, { ...old, state: 'stranded', operationId: null, cost: null }],
      },
    },
  );
  if (moved.matchedCount === 1) return settleAsBought(deps, claim);
  return { kind: 'notReady', why: `The tenancy of ${claim.ip} changed meanwhile.` };
}

async function settleAsBought(deps: ClaimDependencies, { row, ip }: Claim): Promise<ClaimEnd> {
  // A settled time would make it look like a sale of the package to whoever weighs evidence.
  await movePurchase({ db: deps.db, purchaseId: row._id, from: ['intended'], to: 'bought' });
  await finishPurchase(deps, row._id);
  return { kind: 'bought', ip };
}
