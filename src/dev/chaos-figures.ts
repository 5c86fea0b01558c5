import type { PurchaseDocument } from '../purchases/purchase-document.ts';
import type { ServerDocument } from '../servers/server-document.ts';
import type { LedgerReport } from '../simulator/control.ts';
import type { PurchaseCall } from '../simulator/ledger.ts';
import { type DemoFigures, figuresOf, type ObservedOrder } from './demo-figures.ts';

/** What was seen of a chaos run from outside once it was over. */
export interface ChaosEvidence {
  orders: readonly ObservedOrder[];
  /** Checkouts that were refused for capacity. */
  refused: number;
  purchases: readonly PurchaseDocument[];
  servers: readonly ServerDocument[];
  ledger: Pick<LedgerReport, 'purchases' | 'summary'>;
  /** Logins that were mailed other than once, locks and fences that somebody still holds: one sentence each. */
  leftovers: readonly string[];
  kills: number;
  /** Faults of links that really changed something. */
  faults: number;
  seconds: number;
}

/** The demo's counters (design 15), and those of chaos. */
export interface ChaosFigures extends DemoFigures {
  kills: number;
  faults: number;
  /** Unknown purchases that evidence settled, as bought or as not bought. */
  unknownSettled: number;
  /** Unknown purchases that wait for a person as a case. */
  unknownParked: number;
  /** Settled against what the supplier really did. */
  settledWrong: number;
}

/** The words by which the ledger says that a lost answer was found by asking. */
const foundByAsking = /found by asking/i;
/** The service calls within 5 s of writing `sentAt`, or not at all (design 5); a second for the clocks. */
const longestMsToCall = 6_000;

/** The counters, and one sentence for each invariant that does not hold. */
export function judgeChaos(evidence: ChaosEvidence): { figures: ChaosFigures; broken: string[] } {
  const { orders, refused, purchases, ledger, kills, faults, seconds } = evidence;
  const observed = purchases.map(({ _id, packageName, state, sentAt, ip }) => ({
    purchaseId: _id,
    packageName,
    state,
    sentAt,
    ip,
  }));
  const base = figuresOf({ orders, refused, purchases: observed, ledger, seconds });
  const settled = purchases.filter(isSettledByEvidence);
  const wrongly = settled.filter((row) => !isTrue(row, ledger.purchases));
  const figures: ChaosFigures = {
    ...base,
    kills,
    faults,
    unknownSettled: settled.length,
    unknownParked: purchases.filter(({ state, duplicate }) => state === 'case' && !duplicate).length,
    settledWrong: wrongly.length,
  };
  return { figures, broken: findBroken(evidence, figures, wrongly) };
}

function findBroken(
  evidence: ChaosEvidence,
  figures: ChaosFigures,
  wrongly: readonly PurchaseDocument[],
): string[] {
  const zero = (what: string, count: number) => (count === 0 ? [] : [`${what}: ${count}, expected 0`]);
  const stuck = evidence.orders.filter(
    ({ status }) =>
      !['active', 'failed', 'refunded', 'cancelled', 'expired', 'waitingForStock'].includes(status),
  );
  const open = evidence.purchases.filter(({ state }) => ['intended', 'sent', 'unknown'].includes(state));
  return [
    ...zero('sales without a purchase row of their own', figures.doublePurchases),
    ...zero('purchases of one package that overlapped', figures.overlaps),
    ...zero('addresses handed over that do not match', figures.wrongDelivered),
    ...zero('orders past their bound', figures.stuck),
    ...stuck.map(({ orderId, status }) => `order ${orderId} is still ${status}`),
    ...wrongly.map(({ _id, state }) => `${_id} was settled as ${state}, against the supplier's ledger`),
    ...open.map(({ _id, state }) => `purchase ${_id} is still ${state}`),
    ...findUnaccounted(evidence),
    ...findSharedDeliveries(evidence),
    ...evidence.leftovers,
  ];
}

/** True where the answer of a purchase was lost and evidence decided. */
export function isSettledByEvidence({ state, why }: PurchaseDocument): boolean {
  return state === 'notBought' || (['bought', 'wrong'].includes(state) && foundByAsking.test(why ?? ''));
}

/** Whether a verdict by evidence is what really happened at the supplier. */
function isTrue(row: PurchaseDocument, calls: readonly PurchaseCall[]): boolean {
  const sale = calls.find((call) => call.soldAddress !== null && isCallOf(call, row));
  return row.state === 'notBought' ? sale === undefined : sale?.soldAddress === row.ip;
}

function isCallOf(call: PurchaseCall, { packageName, sentAt }: PurchaseDocument): boolean {
  if (call.request.ip !== packageName || sentAt === null) return false;
  const lateMs = Date.parse(call.startedAt) - Date.parse(sentAt);
  return lateMs >= 0 && lateMs <= longestMsToCall;
}

/** Every server ever paid for has exactly one tenancy, or a case asks for it (I5). */
function findUnaccounted({ ledger, purchases, servers }: ChaosEvidence): string[] {
  const sales = ledger.purchases.filter(({ soldAddress }) => soldAddress !== null);
  return sales.flatMap((sale) => {
    const row = purchases.find((candidate) => candidate.ip === sale.soldAddress && isCallOf(sale, candidate));
    const open = purchases.find((candidate) => candidate.state === 'case' && isCallOf(sale, candidate));
    const tenancies = servers
      .filter(({ ip }) => ip === sale.soldAddress)
      .flatMap(({ tenancy, history }) => [tenancy, ...history])
      .filter(({ state }) => state !== 'foreign');
    if (tenancies.length === 1 && tenancies[0]?.purchaseId === row?._id) return [];
    if (tenancies.length === 0 && open) return [];
    return [
      `${sale.soldAddress} was sold and has ${tenancies.length} tenancies and ${open ? 'a' : 'no'} case`,
    ];
  });
}

function findSharedDeliveries({ orders }: ChaosEvidence): string[] {
  const delivered = orders.filter(({ status, ip }) => status === 'active' && ip !== null);
  return [...Map.groupBy(delivered, ({ ip }) => ip)]
    .filter(([, holders]) => holders.length > 1)
    .map(([ip, holders]) => `${ip} was delivered to ${holders.map(({ orderId }) => orderId).join(' and ')}`);
}
