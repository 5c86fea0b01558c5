import { projectOrder } from '../src/orders/project-order.ts';
import type { OrderActivities } from '../workflows/contract/order-activities.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** Writes an order's status and tells the log each line that went to its timeline: several may go in one write. */
export function createProjecting(
  deps: Pick<ActivityDependencies, 'db' | 'recordActs' | 'log'>,
): Pick<OrderActivities, 'projectOrder'> {
  return {
    projectOrder: async (projection) => {
      const result = await projectOrder(deps, projection);
      if (result.kind !== 'written') return result;
      const { orderId, workflowId, status, failure, timeline } = projection;
      const fields = { orderId, workflowId, status, ...(failure ? { failure: failure.code } : {}) };
      for (const { text } of timeline) deps.log.info(fields, text);
      if (timeline.length === 0) deps.log.info(fields, 'status written');
      return result;
    },
  };
}
