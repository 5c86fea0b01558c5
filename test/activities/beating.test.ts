import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asyncLocalStorage, type Context } from '@temporalio/activity';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { createActivities } from '../../activities/index.ts';

/** Everything outside hangs, as it does for a while when a gateway, a supplier or the database is slow. */
const never = new Promise<never>(() => undefined);
const hanging = new Proxy({}, { get: () => new Proxy({}, { get: () => () => never }) });
const deps = { db: hanging, dismissOwner: () => never } as unknown as ActivityDependencies;

const inputs = {
  strandServer: { purchaseId: 'a#1' },
  finishClaim: { purchaseId: 'a#1', everyMs: 1 },
  fetchCredentials: { orderId: 'a', purchaseId: 'a#1', everyMs: 1 },
  dismissOwner: { orderId: 'a', workflowId: 'order-a' },
  renewServer: { orderId: 'a' },
  startRefund: { orderId: 'a', paymentKey: 'cashfree:p1' },
  awaitRefund: { refundId: 'refund-p1' },
};

for (const [name, input] of Object.entries(inputs)) {
  test(`${name} beats while it waits for others, so that a dead worker is noticed within seconds`, (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    let beats = 0;
    const activity = { heartbeat: () => (beats += 1), info: {} } as unknown as Context;
    const activities = createActivities(deps) as unknown as Record<string, (input: object) => unknown>;
    asyncLocalStorage.run(activity, () => {
      void activities[name]?.(input);
      context.mock.timers.tick(12_000);
    });
    assert.ok(beats >= 3, `${beats} beats in 12 s`);
  });
}
