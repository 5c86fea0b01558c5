/** The policy's limits that a settling keeps to. */
export interface SettlingLimits {
  longestPurchaseMs: number;
  settleAfterMs: number;
  notBoughtAfterMs: number;
  lowStockWarning: number;
  settleProbesMax: number;
  settleProbesPerSecond: number;
}

/** From `sent` to the end of the longest settling: past it, a purchase is a case whoever its owner is. */
export function longestSettlingMs(limits: SettlingLimits): number {
  const probingMs = (limits.settleProbesMax / limits.settleProbesPerSecond) * 1000;
  const { longestPurchaseMs, settleAfterMs, notBoughtAfterMs } = limits;
  return longestPurchaseMs + settleAfterMs + notBoughtAfterMs + 2 * probingMs;
}
