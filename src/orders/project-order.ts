import type { Collections } from '../database.ts';
import type { AdminAct } from '../domain/admin-act.ts';
import type { Projection, ProjectionResult } from '../domain/projection.ts';

/**
 * Writes an order's status, after the fact it states, for the order's owner alone. The version guard rises over
 * Reset, restart and change of owner, so a late or repeated write changes nothing.
 */
export async function projectOrder(
  deps: { db: Pick<Collections, 'orders'>; recordActs: (acts: readonly AdminAct[]) => Promise<void> },
  projection: Projection,
): Promise<ProjectionResult> {
  const { orderId, workflowId, version, timeline } = projection;
  const { status, statusSince, open, failure, next, server, decisionDeadline } = projection;
  // Safe to repeat, and true even where the write below finds another owner.
  await deps.recordActs(projection.acts);
  const written = await deps.db.orders.updateOne(
    { _id: orderId, owner: workflowId, version: { $lt: version } },
    {
      $set: {
        status,
        statusSince,
        open,
        failure,
        next,
        decisionDeadline,
        version,
        ...(server ? { server } : {}),
      },
      $push: { timeline: { $each: timeline } },
    },
  );
  if (written.matchedCount === 1) return { kind: 'written' };
  const order = await deps.db.orders.findOne({ _id: orderId });
  if (order?.owner !== workflowId) return { kind: 'otherOwner' };
  return order.version === version ? { kind: 'written' } : { kind: 'stale', version: order.version };
}
