/** The owner's wording of the low-stock warning, for log, timeline and mail alike. */
export function lowStockSentence({
  packageName,
  available,
}: {
  packageName: string;
  available: number;
}): string {
  return `Package ${packageName} is running low on IPs: ${available} available; concurrent orders may get an address of another package`;
}
