/** Statuses of an order, in the order of its life (design 3). */
export const orderStatuses = [
  'pendingPayment',
  'queued',
  'waitingForStock',
  'provisioning',
  'preparing',
  'active',
  'failed',
  'compensating',
  'refunded',
  'cancelled',
  'expired',
] as const;
export type OrderStatus = (typeof orderStatuses)[number];

/** Why a failed order needs a decision. Closed: each code has one section in docs/operations.md. */
export const failureCodes = [
  'atCapacity',
  'packageUnavailable',
  'wrongPackage',
  'purchaseRefused',
  'purchaseUnknown',
  'supplierUnreachable',
  'supplierRejectedCredentials',
  'credentialsLate',
  'duplicateServer',
  'lockTimeout',
  'paymentMismatch',
  'compensationBlocked',
  'internalError',
] as const;
export type FailureCode = (typeof failureCodes)[number];

/** A failed order's reason: `message` is one sentence that a person understands; `since` is ISO UTC. */
export interface Failure {
  code: FailureCode;
  message: string;
  since: string;
  /** False where another try by itself is known to do harm or no good. */
  mayRetry?: boolean;
  /** Automatic retries before this failure, since a person last decided. */
  retriesDone?: number;
  /** True where the remedy has failed, not what came before it. */
  ofRemedy?: boolean;
}

/** What the order's money bought so far; moved only by conditional updates (design 12). */
export type Goods =
  | { state: 'none' }
  | { state: 'buying'; purchaseId: string }
  | { state: 'parked'; purchaseId: string }
  | { state: 'delivered'; purchaseId: string };

/** Where the customer's money is; moved only by conditional updates (design 12). */
export type Money = 'unpaid' | 'kept' | 'refunding' | 'refunded';

export type SupplierName = 'smartvps' | 'hostycare';
/** Suppliers that this version can buy from; a product of another one can be imported, but is not sold. */
export const connectedSuppliers: readonly SupplierName[] = ['smartvps'];

export type GatewayName = 'cashfree' | 'razorpay';

/** The statuses after which nothing more happens to an order by itself. */
export const endStatuses: readonly OrderStatus[] = ['active', 'refunded', 'cancelled', 'expired'];

/** True where `status` is an end of an order's life (a free month that runs is told by `open`). */
export function isEnd(status: OrderStatus): boolean {
  return endStatuses.includes(status);
}
