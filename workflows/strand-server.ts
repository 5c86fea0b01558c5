import { ActivityFailure } from '@temporalio/workflow';
import { describeDuration } from '../src/domain/duration.ts';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import { records, wipeActivities } from './activity-proxies.ts';
import type { StrandServerInput, StrandServerResult } from './contract/resolve-case.ts';

/** Stops and wipes a server that no order needs: it becomes stranded, or the result says why not. */
export async function strandServer(input: StrandServerInput): Promise<StrandServerResult> {
  const { purchaseId, ip, by, reason } = (input as Partial<StrandServerInput> | undefined) ?? {};
  if (typeof purchaseId !== 'string' || purchaseId === '') {
    const explanation = 'Start it with {"purchaseId": "...", "by": "...", "reason": "..."}.';
    return { purchaseId: '', ended: 'badInput', explanation };
  }
  const cause = `Stranded by ${by ?? 'Temporal Web UI'}${reason ? `: ${reason}` : ''}.`;
  const server = typeof ip === 'string' ? { purchaseId, ip } : { purchaseId };
  return strandServerOf({ ...server, cause, policy: await records.readPolicy() });
}

/** The step itself, bounded by `wipeLimit`; past it the server's tenancy stays `changing`. */
export async function strandServerOf(input: {
  purchaseId: string;
  ip?: string;
  cause: string;
  policy: ResolvedPolicy;
}): Promise<StrandServerResult> {
  const { policy, ...server } = input;
  const { purchaseId } = server;
  try {
    const answer = await wipeActivities(policy).strandServer(server);
    return { purchaseId, ended: answer.kind, explanation: answer.sentence };
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const explanation =
      `The server of ${purchaseId} could not be stopped and wiped within ` +
      `${describeDuration(policy.wipeLimitMs)}; its tenancy stays as it is. Strand it again once the supplier answers.`;
    return { purchaseId, ended: 'late', explanation };
  }
}
