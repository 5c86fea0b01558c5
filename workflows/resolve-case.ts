import type { PurchaseResolution } from '../src/domain/purchase-resolution.ts';
import { records, settlingActivities } from './activity-proxies.ts';
import type { ResolveCaseInput, ResolveCaseResult } from './contract/resolve-case.ts';
import { purchaseLimits } from './purchase-limits.ts';
import { strandServerOf } from './strand-server.ts';

/**
 * Settles a case whose order does not wait for it any more, by a person's word and under the usual checks; what was
 * bought belongs to nobody and is stranded.
 */
export async function resolveCase(input: ResolveCaseInput): Promise<ResolveCaseResult> {
  const { purchaseId, resolution } = (input as Partial<ResolveCaseInput> | undefined) ?? {};
  if (typeof purchaseId !== 'string' || !isResolution(resolution)) {
    const explanation =
      'Start it with {"purchaseId": "...", "resolution": {"outcome": "bought", "ip": "...", ' +
      '"acceptMismatch": false, "by": "...", "reason": null}}, or with the outcome "notBought" and no ip.';
    return { purchaseId: '', ended: 'badInput', explanation };
  }
  const place = await records.findCasePlace({ purchaseId });
  if (place.kind === 'unknown') return refused(purchaseId, `There is no purchase ${purchaseId}.`);
  if (place.kind === 'atOrder') {
    return refused(
      purchaseId,
      `Order ${place.orderId} waits for it: send resolvePurchase to order-${place.orderId}.`,
    );
  }
  const policy = await records.readPolicy();
  const limits = purchaseLimits(policy);
  const answer = await settlingActivities(policy).resolvePurchase({ purchaseId, resolution, policy: limits });
  if (answer.kind === 'refused') return refused(purchaseId, answer.sentence);
  if (resolution.outcome === 'notBought') {
    return { purchaseId, ended: 'resolved', explanation: answer.sentence };
  }
  const stranded = await strandServerOf({ purchaseId, ip: resolution.ip, cause: answer.sentence, policy });
  return { purchaseId, ended: 'resolved', explanation: `${answer.sentence} ${stranded.explanation}` };
}

function isResolution(said: unknown): said is PurchaseResolution {
  if (typeof said !== 'object' || said === null) return false;
  const { outcome, ip, by } = said as Partial<Record<string, unknown>>;
  return (
    typeof by === 'string' && (outcome === 'notBought' || (outcome === 'bought' && typeof ip === 'string'))
  );
}

function refused(purchaseId: string, explanation: string): ResolveCaseResult {
  return { purchaseId, ended: 'refused', explanation };
}
