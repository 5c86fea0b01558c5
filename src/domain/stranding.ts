import type { Goods } from './order.ts';

/** What became of the wish to stop and wipe a server that belongs to no order any more. */
export type Stranding = { kind: 'stranded'; sentence: string } | { kind: 'refused'; sentence: string };

/** Where a case is decided: at its order, which waits for it, or by a workflow of its own. */
export type CasePlace = { kind: 'atOrder'; orderId: string } | { kind: 'alone' } | { kind: 'unknown' };

/** True while the order is open, has no remedy, and its goods hang on the purchase: then nobody else decides it. */
export function waitsForPurchase(
  order: { open: boolean; goods: Goods; remedy: object | null },
  purchaseId: string,
): boolean {
  return (
    order.open &&
    order.remedy === null &&
    order.goods.state !== 'none' &&
    order.goods.purchaseId === purchaseId
  );
}
