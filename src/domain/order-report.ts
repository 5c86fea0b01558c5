import type { AdminAct } from './admin-act.ts';
import type { OfferedAct } from './offered-acts.ts';
import type { FailureCode, Goods, Money, OrderStatus } from './order.ts';
import type { StoryLine } from './order-story.ts';

/** One order in an operator's list; nothing of the customer. Times are ISO UTC. */
export interface OrderLine {
  orderId: string;
  status: OrderStatus;
  /** The status in words. */
  statusText: string;
  since: string;
  ageSeconds: number;
  packageKey: string;
  failureCode: FailureCode | null;
  /** What happens next by itself. */
  next: { text: string; at: string | null } | null;
}

/** An order that is past its bound. */
export interface StuckOrder extends OrderLine {
  boundSeconds: number;
}

/** Everything that an operator reads of one order; nothing of the customer. */
export interface OrderReport extends OrderLine {
  failure: { code: FailureCode; message: string; since: string } | null;
  recommended: string | null;
  /** When the failure's default is carried out by itself. */
  decisionDeadline: string | null;
  owner: string | null;
  /** The owner's page in the Temporal Web UI, where its address is known. */
  webUi: string | null;
  product: { productId: string; name: string; ramGb: number; os: string };
  amount: { amountMinor: number; currency: string };
  createdAt: string;
  paidAt: string | null;
  goods: Goods;
  money: Money;
  remedy: { option: string; workflowId: string } | null;
  payments: {
    paymentId: string;
    gateway: string;
    verdict: string | null;
    amount: { amountMinor: number; currency: string };
    paidAt: string;
  }[];
  purchases: {
    purchaseId: string;
    state: string;
    ip: string | null;
    sentAt: string | null;
    why: string | null;
  }[];
  servers: { ip: string; state: string; since: string; expiresAt: string | null }[];
  notices: { kind: string; to: string; state: string; at: string }[];
  acts: AdminAct[];
  refunds: {
    refundId: string;
    state: string;
    amount: { amountMinor: number; currency: string };
    createdAt: string;
  }[];
  /** What a person has to settle before anything is bought again; null where there is nothing. */
  openCase: { purchaseId: string; sentence: string; openedAt: string } | null;
  /** What a person can ask for as it stands. */
  offered: OfferedAct[];
  /** Everything that happened, from all records, the oldest first. */
  timeline: StoryLine[];
  /** False where Temporal does not keep the steps of its workflows any more, or does not answer. */
  hasHistory: boolean;
}
