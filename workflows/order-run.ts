import type { FailureCode, OrderStatus } from '../src/domain/order.ts';
import type { OrderFacts } from '../src/domain/order-facts.ts';
import type { ResolvedPolicy } from '../src/domain/policy.ts';
import type { Decision, DecisionSlot } from './decision-slot.ts';
import type { OrderMessages } from './order-messages.ts';
import type { OrderNotices } from './order-notices.ts';
import type { OrderRecord } from './order-record.ts';
import type { PaymentDesk } from './payment-desk.ts';
import type { PackageLock } from './with-package-lock.ts';

/** What buying and delivering share, for an order's own run and for a remedy's. */
export interface BuyingRun {
  order: OrderFacts;
  policy: ResolvedPolicy;
  record: OrderRecord;
  messages: OrderMessages;
  slot: DecisionSlot;
  notices: OrderNotices;
  lock: PackageLock;
  /** A person's retry buys once although the package is marked dry. */
  trial: boolean;
  /** Automatic retries since a person last decided. */
  retriesByItself: number;
  /** True for the run of a remedy. */
  isRemedy: boolean;
  /** A decision that was taken before the present failure was known. */
  earlyDecision: Decision | null;
  /** Since when the order waits for stock, over several looks; null while it does not. */
  waitingForStockSinceMs: number | null;
  /** Told that the stock has changed since it was last looked at. */
  stockHasChanged: boolean;
}

/** All that the steps of one order share. */
export interface OrderRun extends BuyingRun {
  payments: PaymentDesk;
  /** True while the supplier is asked to renew: nothing else can be decided. */
  isRenewing: boolean;
  /** How many payments were looked at when the next step was planned. */
  paymentsAtPlan: number;
}

/** A step of a remedy is no status of its own: the order stays `compensating`. */
export function stageOf(
  { isRemedy }: Pick<BuyingRun, 'isRemedy'>,
  status: 'queued' | 'waitingForStock' | 'provisioning' | 'preparing',
): OrderStatus {
  return isRemedy ? 'compensating' : status;
}

export interface FailedStep {
  kind: 'failed';
  code: FailureCode;
  message: string;
  purchaseId?: string;
  ip?: string;
  /** False where another try by itself is known to do harm or no good. */
  mayRetry?: boolean;
}

/** How a step ended: `again` looks at MongoDB and the ledger once more, then goes on. */
export type StepResult =
  | { kind: 'again'; pauseMs?: number }
  | { kind: 'ended'; status: OrderStatus | 'ownedByAnotherWorkflow' }
  | FailedStep;
