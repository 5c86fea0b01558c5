/** `purchaseId` of the n-th purchase of an order (n from 1); it is the requestId at the lock as well. */
export function purchaseIdOf(input: { orderId: string; number: number }): string {
  return `${input.orderId}#${input.number}`;
}

/** The n of a purchaseId. */
export function purchaseNumberOf(purchaseId: string): number {
  return Number(purchaseId.slice(purchaseId.lastIndexOf('#') + 1));
}
