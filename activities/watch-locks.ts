import type { RunLook } from '../src/domain/run-look.ts';
import type { OrderDocument } from '../src/orders/order-document.ts';
import { type LockView, packageLockId } from '../workflows/contract/package-lock.ts';
import { orderWorkflowId } from '../workflows/contract/provision-order.ts';
import type { LocksWatched } from '../workflows/contract/watch-orders.ts';
import { eachAtOnce } from './each-at-once.ts';
import { tellFailingTasks, type WatchDependencies } from './watch-dependencies.ts';

const queuedMax = 2_000;
const locksAtOnce = 4;

/** An order writes that it waits just before it asks: within this time it may not have asked yet. */
const justQueuedMs = 10_000;

type QueuedOrder = Pick<OrderDocument, '_id' | 'owner' | 'statusSince' | 'supplier' | 'packageKey'>;

/**
 * Looks once at each package lock that runs or has queued orders: who waits in MongoDB and not at the lock asks again,
 * by time of payment; pauses, lost queues and what people did in the Web UI are told and recorded.
 */
export async function watchLocks(deps: WatchDependencies): Promise<LocksWatched> {
  const byLock = Map.groupBy(await queuedByPayment(deps), (order) =>
    packageLockId({ supplier: order.supplier, packageName: order.packageKey }),
  );
  const lockIds = [...new Set([...byLock.keys(), ...(await deps.runs.listLocks())])];
  const sum = { looked: lockIds.length, askedAgain: 0, paused: 0, troubles: 0 };
  await eachAtOnce(lockIds, locksAtOnce, async (lockId) => {
    try {
      const found = await watchLock(deps, { lockId, queued: byLock.get(lockId) ?? [] });
      sum.askedAgain += found.askedAgain;
      sum.troubles += found.troubles;
      if (found.isPaused) sum.paused += 1;
    } catch (error) {
      sum.troubles += 1;
      deps.log.warn({ err: error, lockId }, 'A package lock could not be watched; the next run tries again');
    }
  });
  return sum;
}

function queuedByPayment({ db }: WatchDependencies): Promise<QueuedOrder[]> {
  return db.orders
    .find({
      open: true,
      $or: [{ status: 'queued' }, { status: 'compensating', 'remedy.option': 'reprovision' }],
    })
    .project<QueuedOrder>({ owner: 1, statusSince: 1, supplier: 1, packageKey: 1 })
    .sort({ paidAt: 1, _id: 1 })
    .limit(queuedMax)
    .toArray();
}

interface LockFound {
  askedAgain: number;
  isPaused: boolean;
  troubles: number;
}

async function watchLock(
  deps: WatchDependencies,
  { lockId, queued }: { lockId: string; queued: QueuedOrder[] },
): Promise<LockFound> {
  const look = await deps.runs.look({ workflowId: lockId });
  if (await tellFailingTasks(deps, { workflowId: lockId, look })) {
    return { askedAgain: 0, isPaused: false, troubles: 0 };
  }
  const view = look.kind === 'running' ? await deps.runs.readLock({ lockId }) : null;
  // Before anything is told: a mail server that is away must not hold up the queue.
  const asked = await askMissing(deps, { lockId, view, queued });
  await recordActs(deps, { lockId, view });
  await tellPause(deps, { lockId, view });
  await tellLost(deps, { lockId, look, missed: asked.missed });
  return { askedAgain: asked.missed.length, isPaused: view?.pause != null, troubles: asked.troubles };
}

/** One after another: the lock serves in the order of requests. */
async function askMissing(
  deps: WatchDependencies,
  { lockId, view, queued }: { lockId: string; view: LockView | null; queued: QueuedOrder[] },
): Promise<{ missed: QueuedOrder[]; troubles: number }> {
  const known = new Set([
    view?.holder?.workflowId,
    ...(view?.waiters ?? []).map(({ workflowId }) => workflowId),
  ]);
  const missed: QueuedOrder[] = [];
  let troubles = 0;
  for (const order of queued) {
    const workflowId = order.owner ?? orderWorkflowId(order._id);
    if (known.has(workflowId)) continue;
    try {
      if (await deps.runs.askAgain({ workflowId })) missed.push(order);
    } catch (error) {
      troubles += 1;
      const { _id: orderId } = order;
      deps.log.warn({ err: error, orderId, lockId }, 'An order could not be made to ask again for its lock');
    }
  }
  return { missed, troubles };
}

/** What a person did in the Temporal Web UI is known to the lock alone (I11). */
async function recordActs(
  deps: WatchDependencies,
  { lockId, view }: { lockId: string; view: LockView | null },
): Promise<void> {
  if (!view?.lastAct) return;
  for (const { act, reason, by, at } of [...view.earlierActs, view.lastAct]) {
    await deps.recordAct({
      actId: `lock:${lockId}:${at}`,
      at,
      by,
      act,
      subject: { kind: 'lock', id: lockId },
      reason,
      accepted: true,
      answer: 'Carried out by the lock.',
    });
  }
}

async function tellPause(
  deps: WatchDependencies,
  { lockId, view }: { lockId: string; view: LockView | null },
): Promise<void> {
  if (!view?.pause) return;
  const { reason, by, until, since } = view.pause;
  await deps.sendShopNotice({
    factId: `lockPaused:${lockId}:${since}`,
    notice: { kind: 'lockPaused', lockId, reason, by, until },
  });
}

/** A lock that was idle and completed has lost nothing, nor has one that an order has not asked yet. */
async function tellLost(
  deps: WatchDependencies,
  { lockId, look, missed }: { lockId: string; look: RunLook; missed: QueuedOrder[] },
): Promise<void> {
  const wasStopped = look.kind === 'gone' && look.wasStopped;
  const beforeMs = Date.parse(deps.now()) - justQueuedMs;
  const isLost = wasStopped
    ? missed.length > 0
    : missed.some(({ statusSince }) => Date.parse(statusSince) < beforeMs);
  if (!isLost) return;
  const why =
    look.kind === 'gone' ? `was gone (${look.ended ?? 'no run is known'})` : 'had lost orders that wait';
  deps.log.warn(
    { lockId, waiters: missed.length, why },
    'A package lock had lost its queue; the orders asked again',
  );
  await deps.sendShopNotice({
    factId: `lockBroken:${lockId}:${look.runId ?? missed[0]?.statusSince}`,
    notice: { kind: 'lockBroken', lockId, why, waiters: missed.length },
  });
}
