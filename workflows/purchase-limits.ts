import type { ResolvedPolicy } from '../src/domain/policy.ts';
import type { PurchaseLimits } from './contract/order-activities.ts';

/** Only what a purchase needs of the policy goes into its input. */
export function purchaseLimits(policy: ResolvedPolicy): PurchaseLimits {
  const { longestPurchaseMs, settleAfterMs, notBoughtAfterMs, lowStockWarning } = policy;
  const { settleProbesMax, settleProbesPerSecond, purchaseTries } = policy;
  return {
    longestPurchaseMs,
    settleAfterMs,
    notBoughtAfterMs,
    lowStockWarning,
    settleProbesMax,
    settleProbesPerSecond,
    purchaseTries,
  };
}
