import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import {
  type LockActivities,
  lockStartOptions,
  lockWorkflowType,
  packageLockId,
  releaseSignal,
  requestLockSignal,
} from '../../workflows/contract/package-lock.ts';

/** The messages of an order to its package's lock. */
export function createLockSignals(client: Client): Pick<LockActivities, 'requestLock' | 'releaseLock'> {
  return {
    async requestLock({ supplier, packageName, ...request }) {
      await client.workflow.signalWithStart(lockWorkflowType, {
        ...lockStartOptions({ supplier, packageName }),
        signal: requestLockSignal.name,
        signalArgs: [request],
      });
    },
    async releaseLock({ supplier, packageName, ...release }) {
      const handle = client.workflow.getHandle(packageLockId({ supplier, packageName }));
      try {
        await handle.signal(releaseSignal.name, release);
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    },
  };
}
