import type { FailureCode, OrderStatus } from './order.ts';

/** One status written after the fact it states. `version` rises over Reset, restart and change of owner. */
export interface Projection {
  orderId: string;
  workflowId: string;
  version: number;
  at: string;
  status: OrderStatus;
  statusSince: string;
  open: boolean;
  failure: null | { code: FailureCode; message: string; since: string };
  next: null | { text: string; at: string | null };
  server: null | { ip: string };
  timeline: { at: string; text: string }[];
}
/** `stale`: the document carries a version that is not lower; write again above it. */
export type ProjectionResult =
  | { kind: 'written' }
  | { kind: 'otherOwner' }
  | { kind: 'stale'; version: number };
