import type { Collections } from '../database.ts';
import { candidateAddresses, packageSize } from '../domain/package-name.ts';
import type { Candidate, SettlingEvidence } from '../domain/purchase-rules.ts';
import type { SettlingLimits } from '../domain/settling-limits.ts';
import { isLiving, lastCustomerOf } from '../servers/server-document.ts';
import { serverId } from '../servers/tenancies.ts';
import type { Supplier } from '../suppliers/supplier.ts';
import { SupplierError } from '../suppliers/supplier-error.ts';
import { compareStock } from './compare-stock.ts';
import { findRivals } from './find-rivals.ts';
import type { PurchaseDocument } from './purchase-document.ts';

interface GatherDependencies {
  db: Collections;
  supplier: Supplier;
  now: () => string;
  sleep: (ms: number) => Promise<void>;
}

/** Probes that run at once: enough for the pace at the supplier's usual second, little where it hangs. */
const probesAtOnce = 24;
/** Addresses that may stay without an answer before the rest is spared: the doubt is certain by then. */
const unansweredMax = 3;

/**
 * Gathers what can be known of a purchase whose answer was lost: asks the supplier for each address of the package
 * that nobody holds, reads the stock once more, and looks for purchases that could have got the same address.
 */
export async function gatherEvidence(
  deps: GatherDependencies,
  input: { row: PurchaseDocument; policy: SettlingLimits },
): Promise<SettlingEvidence> {
  const { db } = deps;
  const { row, policy } = input;
  const foreign = await db.settings.findOne({ _id: 'foreignServers' });
  const foreignKnown = foreign !== null;
  const { stockBefore } = row;
  const sentAt = row.sentAt ?? row.intendedAt;
  if (!foreignKnown) {
    // Without that knowledge no probe can become a verdict: the supplier is spared the questions.
    const nothing = { probes: nothingAsked, rivals: [], counterAlive: false, stockAfter: null };
    return { sentAt, now: deps.now(), foreignKnown, stockBefore, ...nothing };
  }
  const startedAt = deps.now();
  const probes = await probePool(deps, row, policy);
  const stockAfter = await compareStock(deps, { row, policy });
  const rivals = await findRivals(db, { row, policy });
  const counterAlive = await isCounterAlive(db, row);
  // What was probed before a moment says nothing of later ones: the evidence is as old as its first question.
  return { sentAt, now: startedAt, foreignKnown, stockBefore, probes, rivals, counterAlive, stockAfter };
}

const nothingAsked = { kind: 'probed' as const, asked: 0, unanswered: 0, candidates: [] as Candidate[] };

async function probePool(
  deps: GatherDependencies,
  row: PurchaseDocument,
  policy: SettlingLimits,
): Promise<SettlingEvidence['probes']> {
  const { packageName } = row;
  const poolSize = packageSize(packageName);
  if (poolSize === 0) return { kind: 'noPool' };
  if (poolSize > policy.settleProbesMax) return { kind: 'tooLarge', poolSize };
  const { free, deliveredTo } = await freeAddresses(deps, row);
  const first = await probeAll(deps, free, policy);
  // One broken connection among hundreds is no doubt: what did not answer is asked once more.
  const again = await probeAll(deps, first.unanswered, policy);
  return {
    kind: 'probed',
    asked: free.length,
    unanswered: first.notAsked + again.notAsked + again.unanswered.length,
    candidates: [...first.candidates, ...again.candidates].map((candidate) => {
      const orderId = deliveredTo.get(candidate.ip);
      return orderId === undefined ? candidate : { ...candidate, deliveredTo: orderId };
    }),
  };
}

/** Addresses of the package that no other living tenancy holds, and the orders that had some of them delivered last. */
async function freeAddresses(
  { db, now }: GatherDependencies,
  row: PurchaseDocument,
): Promise<{ free: string[]; deliveredTo: Map<string, string> }> {
  const { supplier, packageName } = row;
  const pool = [...candidateAddresses({ packageName })];
  const ids = pool.map((ip) => serverId({ supplier, ip }));
  const servers = await db.servers.find({ _id: { $in: ids } }).toArray();
  const at = now();
  const held = servers.filter(
    ({ tenancy }) => tenancy.purchaseId !== row._id && isLiving({ tenancy, now: at }),
  );
  const taken = new Set(held.map(({ ip }) => ip));
  const deliveredTo = new Map(
    servers.flatMap(({ ip, tenancy }) => {
      const orderId = lastCustomerOf(tenancy, row._id);
      return orderId === null ? [] : [[ip, orderId] as const];
    }),
  );
  return { free: pool.filter((ip) => !taken.has(ip)), deliveredTo };
}

interface Probed {
  candidates: Candidate[];
  unanswered: string[];
  notAsked: number;
  /** An error that is no answer of the supplier. */
  broken: unknown;
}

/** Asks for each address at the policy's pace, some at once, because an answer takes longer than the pace. */
async function probeAll(
  deps: GatherDependencies,
  addresses: string[],
  { settleProbesPerSecond }: SettlingLimits,
): Promise<Probed> {
  const probed: Probed = { candidates: [], unanswered: [], notAsked: 0, broken: null };
  const running = new Set<Promise<void>>();
  for (const [index, ip] of addresses.entries()) {
    if (probed.unanswered.length >= unansweredMax || probed.broken !== null) {
      probed.notAsked = addresses.length - index;
      break;
    }
    const asking: Promise<void> = probe(deps, ip, probed).finally(() => running.delete(asking));
    running.add(asking);
    await deps.sleep(1000 / Math.max(1, settleProbesPerSecond));
    if (running.size >= probesAtOnce) await Promise.race(running);
  }
  await Promise.all(running);
  if (probed.broken !== null) throw probed.broken;
  return probed;
}

async function probe({ supplier }: GatherDependencies, ip: string, into: Probed): Promise<void> {
  try {
    const status = await supplier.readServer({ ip });
    if (status.kind === 'server') into.candidates.push({ ip, expiresOn: status.expiresOn ?? null });
  } catch (error) {
    if (error instanceof SupplierError) into.unanswered.push(ip);
    else into.broken = error;
  }
}

/** True where the count before this purchase is lower than the one before our last known sale of the package. */
async function isCounterAlive(db: Collections, row: PurchaseDocument): Promise<boolean> {
  const { supplier, packageKey, intendedAt, stockBefore } = row;
  const sales = await db.purchases.find({ supplier, packageKey, kind: 'buy', state: 'bought' }).toArray();
  const before = sales.filter(({ settledAt }) => settledAt !== null && settledAt < intendedAt);
  const last = before.sort((a, b) => (a.intendedAt < b.intendedAt ? 1 : -1))[0];
  if (!last || last.stockBefore === null || stockBefore === null) return false;
  return stockBefore < last.stockBefore;
}
