import { isPastBound } from '../src/domain/past-bound.ts';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import { mayRestart, type Restarts } from '../src/domain/restart-pace.ts';
import type { RunLook } from '../src/domain/run-look.ts';
import type { OrderDocument } from '../src/orders/order-document.ts';
import { type LockView, packageLockId } from '../workflows/contract/package-lock.ts';
import { orderWorkflowId } from '../workflows/contract/provision-order.ts';
import type { OwnersWatched } from '../workflows/contract/watch-orders.ts';
import { eachAtOnce } from './each-at-once.ts';
import { tellFailingTasks, type WatchDependencies } from './watch-dependencies.ts';

/** Short enough to end within seconds, large enough that most shops have one page. */
const pageSize = 200;
const looksAtOnce = 8;

/** What the watch reads of an order: nothing of the customer. */
const fields = {
  status: 1,
  statusSince: 1,
  owner: 1,
  money: 1,
  goods: 1,
  needsReprovision: 1,
  failure: 1,
  restarts: 1,
  supplier: 1,
  packageKey: 1,
} as const;
type WatchedOrder = Pick<
  OrderDocument,
  | '_id'
  | 'status'
  | 'statusSince'
  | 'owner'
  | 'goods'
  | 'needsReprovision'
  | 'failure'
  | 'restarts'
  | 'supplier'
  | 'packageKey'
>;

/**
 * Looks at one page of the open orders that have an owner, or money and no owner yet: starts an owner again that is
 * gone, tells of failing tasks and of orders past their bound. One order's trouble is logged and stops no other.
 */
export async function watchOwners(
  deps: WatchDependencies,
  { after }: { after: string | null },
): Promise<OwnersWatched> {
  const page = await readPage(deps, after);
  const policy = await deps.readPolicy();
  const sum = { looked: page.length, restarted: 0, tasksFailing: 0, pastBound: 0, troubles: 0 };
  await eachAtOnce(page, looksAtOnce, async (order) => {
    try {
      const found = await watchOrder(deps, { order, policy });
      if (found.restarted) sum.restarted += 1;
      if (found.tasksFailing) sum.tasksFailing += 1;
      if (found.pastBound) sum.pastBound += 1;
    } catch (error) {
      sum.troubles += 1;
      deps.log.warn(
        { err: error, orderId: order._id },
        'An order could not be watched; the next run tries again',
      );
    }
  });
  const last = page.length < pageSize ? undefined : page.at(-1);
  return { next: last?._id ?? null, ...sum };
}

function readPage({ db }: WatchDependencies, after: string | null): Promise<WatchedOrder[]> {
  return db.orders
    .find({
      open: true,
      $or: [{ owner: { $ne: null } }, { money: { $ne: 'unpaid' } }],
      ...(after === null ? {} : { _id: { $gt: after } }),
    })
    .project<WatchedOrder>(fields)
    .sort({ _id: 1 })
    .limit(pageSize)
    .toArray();
}

async function watchOrder(
  deps: WatchDependencies,
  { order, policy }: { order: WatchedOrder; policy: ResolvedPolicy },
): Promise<{ restarted: boolean; tasksFailing: boolean; pastBound: boolean }> {
  const workflowId = order.owner ?? orderWorkflowId(order._id);
  const look = await deps.runs.look({ workflowId });
  const restarted = look.kind === 'gone' && (await restartGone(deps, { order, look }));
  await tellRestarts(deps, order);
  const tasksFailing = await tellFailingTasks(deps, { workflowId, look });
  const pastBound = await tellPastBound(deps, { order, policy });
  return { restarted, tasksFailing, pastBound };
}

/** Started first, counted afterwards: a count without a start would hold the order up. */
async function restartGone(
  deps: WatchDependencies,
  { order, look }: { order: WatchedOrder; look: Extract<RunLook, { kind: 'gone' }> },
): Promise<boolean> {
  const { db, log } = deps;
  const { _id: orderId, owner } = order;
  const restarts = order.restarts ?? null;
  const now = deps.now();
  if (!mayRestart({ restarts, nowMs: Date.parse(now) })) return false;
  // An owner that has ended as it should wrote that before: only the document of now says whether it is missed.
  const isMissed = await db.orders.findOne({ _id: orderId, open: true, owner }, { projection: { _id: 1 } });
  if (!isMissed) return false;
  await deps.runs.restartOwner({ orderId });
  const times = (restarts?.times ?? 0) + 1;
  const why = look.ended ?? 'it was never started, or its history is deleted';
  await db.orders.updateOne(
    restarts === null ? { _id: orderId, restarts: null } : { _id: orderId, 'restarts.times': restarts.times },
    { $set: { restarts: { times, lastAt: now, why } } },
  );
  log.warn({ orderId, workflowId: owner, times, why }, "The order's workflow was gone; it was started again");
  order.restarts = { times, lastAt: now, why };
  return true;
}

/** For how long after a restart the watch sees to it that the admin has been told. */
const tellForMs = 3_600_000;

/** From the second on, once each; looked at again in later runs, in case a crash or the mail server was in the way. */
async function tellRestarts(deps: WatchDependencies, order: WatchedOrder): Promise<void> {
  const restarts: Restarts | null = order.restarts ?? null;
  if (restarts === null || restarts.times < 2) return;
  if (Date.parse(deps.now()) - Date.parse(restarts.lastAt) > tellForMs) return;
  const { times, why } = restarts;
  await deps.sendShopNotice({
    factId: `orderRestarted:${order._id}:${times}`,
    notice: { kind: 'orderRestarted', orderId: order._id, times, why },
  });
}

async function tellPastBound(
  deps: WatchDependencies,
  { order, policy }: { order: WatchedOrder; policy: ResolvedPolicy },
): Promise<boolean> {
  const { _id: orderId, status, statusSince: since } = order;
  if (!isPastBound(order, { policy, nowMs: Date.parse(deps.now()) })) return false;
  if (status === 'queued' && (await wasPaused(deps, order))) return false;
  deps.log.error({ orderId, status, since }, 'An order is past its bound');
  await deps.sendShopNotice({
    factId: `orderPastBound:${orderId}:${status}:${since}`,
    notice: { kind: 'orderPastBound', orderId, status, since },
  });
  return true;
}

/** True where a person has paused the order's package while it waited: that time does not count. */
async function wasPaused(deps: WatchDependencies, order: WatchedOrder): Promise<boolean> {
  const lockId = packageLockId({ supplier: order.supplier, packageName: order.packageKey });
  const look = await deps.runs.look({ workflowId: lockId });
  if (look.kind === 'gone') return false;
  const { pause, lastAct }: LockView = await deps.runs.readLock({ lockId });
  return pause !== null || (lastAct !== null && lastAct.at > order.statusSince);
}
