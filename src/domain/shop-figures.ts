import type { FailureCode, OrderStatus } from './order.ts';

/** What the shop does, in numbers; nothing of customers. */
export interface ShopFigures {
  orders: { status: OrderStatus; code: FailureCode | null; count: number }[];
  /** Open orders that are longer in their status than its bound: normally 0. */
  ordersPastBound: number;
  /** Orders that wait for the lock of their package, and how long the oldest has. */
  lockWaits: { packageKey: string; count: number; oldestSeconds: number }[];
  purchases: { supplier: string; state: string; count: number }[];
}
