import type { Collections } from '../database.ts';
import type { StuckOrder } from '../domain/order-report.ts';
import { isPastBound } from '../domain/past-bound.ts';
import type { ResolvedPolicy } from '../domain/policy.ts';
import { boundOf } from '../domain/state-table.ts';
import type { OrderDocument } from '../orders/order-document.ts';
import { lineOf } from './list-orders.ts';

/** Of more open orders than this the oldest are looked at: those that can be past a bound. */
const openLimit = 10_000;
const fields = {
  status: 1,
  statusSince: 1,
  supplier: 1,
  packageKey: 1,
  failure: 1,
  goods: 1,
  needsReprovision: 1,
  owner: 1,
  money: 1,
  next: 1,
} as const;

type OpenOrder = Pick<OrderDocument, '_id' | keyof typeof fields>;
type Pool = { supplier: string; packageKey: string };

/** Whether the lock of a package is paused, and when a person last did something to it (ISO UTC). */
export interface LockPause {
  isPaused: boolean;
  lastActAt: string | null;
}

/**
 * The orders that are past their bound in no end status, oldest first: normally none. Unpaid checkouts have no
 * owner and do not count. A queued order waits without a bound where its package is paused, or was while it waited;
 * each package is asked once.
 */
export async function findStuckOrders(
  deps: {
    db: Pick<Collections, 'orders'>;
    now: () => Date;
    readPause: (pool: Pool) => Promise<LockPause>;
  },
  { policy }: { policy: ResolvedPolicy },
): Promise<StuckOrder[]> {
  const now = deps.now();
  const cursor = deps.db.orders.find({ open: true }, { projection: fields });
  const open: OpenOrder[] = await cursor.sort({ _id: 1 }).limit(openLimit).toArray();
  const late = open
    .filter((order) => order.owner !== null || order.money !== 'unpaid')
    .filter((order) => isPastBound(order, { policy, nowMs: now.getTime() }));
  const pauses = await readPauses(late, deps);
  const isHeldUp = (order: OpenOrder) => {
    const pause = order.status === 'queued' ? pauses.get(nameOf(order)) : undefined;
    return pause !== undefined && (pause.isPaused || (pause.lastActAt ?? '') > order.statusSince);
  };
  const stuck = late.filter((order) => !isHeldUp(order)).map((order) => stuckOf(order, { policy, now }));
  return stuck.sort((a, b) => a.since.localeCompare(b.since));
}

async function readPauses(
  late: readonly OpenOrder[],
  { readPause }: { readPause: (pool: Pool) => Promise<LockPause> },
): Promise<Map<string, LockPause>> {
  const pools = new Map(
    late.filter(({ status }) => status === 'queued').map((order) => [nameOf(order), order] as const),
  );
  const read = [...pools].map(async ([name, { supplier, packageKey }]) => {
    return [name, await readPause({ supplier, packageKey })] as const;
  });
  return new Map(await Promise.all(read));
}

function nameOf({ supplier, packageKey }: Pool): string {
  return `${supplier}:${packageKey}`;
}

function stuckOf(order: OpenOrder, { policy, now }: { policy: ResolvedPolicy; now: Date }): StuckOrder {
  const boundMs = boundOf({ status: order.status, policy }) ?? 0;
  return { ...lineOf(order, now), boundSeconds: Math.floor(boundMs / 1000) };
}
