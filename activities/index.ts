import { checkStock, markPackageDry } from '../src/orders/check-stock.ts';
import { deliverOrder } from '../src/orders/deliver-order.ts';
import { openOrder } from '../src/orders/open-order.ts';
import { planOrder } from '../src/orders/plan-order.ts';
import { recordPayment } from '../src/payments/record-payment.ts';
import { findCasePlace } from '../src/purchases/find-case-place.ts';
import { claimServer } from '../src/servers/claim-server.ts';
import { claimStranded } from '../src/servers/claim-stranded.ts';
import { fetchLogin } from '../src/servers/fetch-login.ts';
import { finishClaim, returnClaim } from '../src/servers/finish-claim.ts';
import { strandServer } from '../src/servers/strand-server.ts';
import { verifyServer } from '../src/servers/verify-server.ts';
import { createStockReader } from '../src/suppliers/read-package.ts';
import type { OrderActivities } from '../workflows/contract/order-activities.ts';
import type { LockActivities } from '../workflows/contract/package-lock.ts';
import { beating } from './beating.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { notYet, toFailure, withFailures } from './failures.ts';
import { createPurchasing } from './purchasing.ts';
import { createRemedies } from './remedies.ts';
import { createReturns } from './returns.ts';
import { wakingAfter } from './wake-waiting.ts';
import { createProjecting } from './write-projection.ts';

/** Activities of the order's workflows, on the task queue `orders`. */
export function createActivities(
  deps: ActivityDependencies,
): OrderActivities & Pick<LockActivities, 'requestLock' | 'releaseLock'> {
  const readStock = createStockReader(deps.supplierOf);
  const withStock = { ...deps, readStock };
  const settling = {
    db: deps.db,
    now: deps.now,
    interpret: ({ supplier, reply }: Parameters<Parameters<typeof planOrder>[0]['interpret']>[0]) =>
      deps.supplierOf(supplier).interpretPurchaseReply(reply),
  };
  return withFailures({
    readPolicy: deps.readPolicy,
    openOrder: async (input) => ({
      policy: await deps.readPolicy(),
      opened: await openOrder(settling, input),
    }),
    recordPayment: (input) => recordPayment(deps, input),
    planOrder: (input) => planOrder(settling, input),
    ...createProjecting(deps),
    checkStock: (input) => checkStock(withStock, input),
    ...wakingAfter(deps, createPurchasing(deps)),
    ...createRemedies(deps, settling),
    ...createReturns(deps),
    findCasePlace: (input) => findCasePlace(deps.db, input),
    strandServer: (input) => beating(() => strandServer(deps, input)),
    claimServer: (input) => claimServer(settling, input),
    claimStranded: (input) => claimStranded(settling, input),
    finishClaim: async ({ purchaseId, everyMs }) => {
      const look = await beating(() => finishClaim({ ...settling, ...deps }, { purchaseId }));
      if (look.kind === 'notReady') throw notYet({ why: look.why, retryMs: everyMs });
      return look;
    },
    returnClaim: (input) => returnClaim({ ...settling, ...deps }, input),
    verifyServer: (input) => verifyServer(settling, input),
    markPackageDry: (input) => markPackageDry(withStock, input),
    fetchCredentials: async ({ orderId, purchaseId, everyMs }) => {
      const look = await beating(() => fetchLogin(deps, { orderId, purchaseId }));
      if (look.kind === 'notReady') throw notYet({ why: look.why, retryMs: everyMs });
      return { os: look.os };
    },
    deliverOrder: (input) => deliverOrder(deps, input),
    sendNotice: async (input) => {
      try {
        await deps.sendNotice(input);
      } catch (error) {
        const failure = toFailure(error);
        const fields = { orderId: input.orderId, notice: input.notice.kind, reason: failure.message };
        if (failure.nonRetryable) deps.log.error(fields, 'A mail cannot be sent; somebody must look');
        throw failure;
      }
    },
    restartOrder: async (input) => {
      await deps.restartOrder(input);
    },
    requestLock: (input) => deps.locks.requestLock(input),
    releaseLock: (input) => deps.locks.releaseLock(input),
  });
}

const idleMs = 600_000;

/** Activities of the lock's workflow, on the task queue `package-lock`. */
export function createLockActivities(
  deps: Pick<ActivityDependencies, 'readPolicy'>,
): Pick<LockActivities, 'readLockPolicy'> {
  return withFailures({
    readLockPolicy: async () => {
      const { holderCheckEveryMs, breakerAfter, breakerPausesMs } = await deps.readPolicy();
      return { holderCheckEveryMs, breakerAfter, breakerPausesMs, idleMs };
    },
  });
}
