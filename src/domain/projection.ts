import type { AdminAct } from './admin-act.ts';
import type { Failure, OrderStatus } from './order.ts';

/** One status written after the fact it states. `version` rises over Reset, restart and change of owner. */
export interface Projection {
  orderId: string;
  workflowId: string;
  version: number;
  at: string;
  status: OrderStatus;
  statusSince: string;
  open: boolean;
  failure: Failure | null;
  next: null | { text: string; at: string | null };
  server: null | { ip: string };
  /** When the failure's default is carried out by itself, ISO UTC. */
  decisionDeadline: string | null;
  timeline: { at: string; text: string }[];
  /** Written to `auditLog` before the status. */
  acts: AdminAct[];
}
/** `stale`: the document carries a version that is not lower; write again above it. */
export type ProjectionResult =
  | { kind: 'written' }
  | { kind: 'otherOwner' }
  | { kind: 'stale'; version: number };
