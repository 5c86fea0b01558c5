import type { Collections } from '../database.ts';
import type { FailureCode, OrderStatus } from '../domain/order.ts';
import type { ResolvedPolicy } from '../domain/policy.ts';
import type { ShopFigures } from '../domain/shop-figures.ts';
import { findStuckOrders } from './find-stuck-orders.ts';

interface MeasureDependencies {
  db: Pick<Collections, 'orders' | 'purchases'>;
  now: () => Date;
  readPause: Parameters<typeof findStuckOrders>[0]['readPause'];
}

type Group<Key> = { _id: Key; count: number };

/** The shop in numbers, for the monitoring. */
export async function measureShop(
  deps: MeasureDependencies,
  { policy }: { policy: ResolvedPolicy },
): Promise<ShopFigures> {
  const { db } = deps;
  const [orders, purchases, stuck, queued] = await Promise.all([
    db.orders
      .aggregate<Group<{ status: OrderStatus; code?: FailureCode | null }>>([
        { $group: { _id: { status: '$status', code: '$failure.code' }, count: { $sum: 1 } } },
      ])
      .toArray(),
    db.purchases
      .aggregate<Group<{ supplier: string; state: string }>>([
        { $group: { _id: { supplier: '$supplier', state: '$state' }, count: { $sum: 1 } } },
      ])
      .toArray(),
    findStuckOrders(deps, { policy }),
    db.orders
      .find({ status: 'queued' }, { projection: { packageKey: 1, statusSince: 1 } })
      .limit(5_000)
      .toArray(),
  ]);
  return {
    orders: orderCounts(orders),
    ordersPastBound: stuck.length,
    lockWaits: waitsOf(queued, deps.now().getTime()),
    purchases: purchases.map(({ _id: { supplier, state }, count }) => ({ supplier, state, count })),
  };
}

/** A document keeps its last failure after it has gone on: only a failed order counts by its code. */
function orderCounts(
  groups: Group<{ status: OrderStatus; code?: FailureCode | null }>[],
): ShopFigures['orders'] {
  const counts = new Map<string, ShopFigures['orders'][number]>();
  for (const { _id, count } of groups) {
    const { status } = _id;
    const code = status === 'failed' ? (_id.code ?? null) : null;
    const known = counts.get(`${status} ${code}`);
    if (known) known.count += count;
    else counts.set(`${status} ${code}`, { status, code, count });
  }
  return [...counts.values()];
}

function waitsOf(
  queued: { packageKey: string; statusSince: string }[],
  nowMs: number,
): ShopFigures['lockWaits'] {
  const keys = [...new Set(queued.map(({ packageKey }) => packageKey))].sort();
  return keys.map((packageKey) => {
    const since = queued.filter((one) => one.packageKey === packageKey).map((one) => one.statusSince);
    const oldestMs = Math.min(...since.map((at) => Date.parse(at)));
    return {
      packageKey,
      count: since.length,
      oldestSeconds: Math.max(0, Math.round((nowMs - oldestMs) / 1000)),
    };
  });
}
