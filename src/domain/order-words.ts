import type { FailureCode, OrderStatus } from './order.ts';

/** The one table status -> words for people: pages, mails, command line and Web UI details (design 3). */
export const statusWords: Record<OrderStatus, string> = {
  pendingPayment: 'Awaiting payment',
  queued: 'Waiting its turn',
  waitingForStock: 'Waiting for stock',
  provisioning: 'Buying the server',
  preparing: 'Server bought, waiting for its login',
  active: 'Delivered',
  failed: 'Needs a decision',
  compensating: 'Remedy under way',
  refunded: 'Refunded',
  cancelled: 'Cancelled',
  expired: 'Expired',
};

/** One recommended action per failure code, for the admin. */
export const recommendedActions: Record<FailureCode, string> = {
  atCapacity: 'Refill the package at the supplier, then retry.',
  packageUnavailable: "Check the package's name and state at the supplier, then retry.",
  wrongPackage: 'Refill the package at the supplier, then retry: the next purchase is one trial.',
  purchaseRefused: 'Read what the supplier said (often the balance), mend it, then retry.',
  purchaseUnknown: "Look the purchase up in the supplier's panel: a server may have been sold.",
  supplierUnreachable: 'Check that the supplier answers, then retry.',
  supplierRejectedCredentials: "Put the supplier's user name and password right, then retry.",
  credentialsLate: "Look at the server in the supplier's panel, then retry: nothing is bought again.",
  duplicateServer: 'Ask the supplier whom the address belongs to; nothing is bought until that is settled.',
  lockTimeout: 'Retry: nothing was bought.',
  paymentMismatch: 'Ask the customer to pay the right amount; the wrong payment goes back by itself.',
  compensationBlocked:
    'Read why it is blocked, put it right, then retry; refundedByHand ends what was paid back elsewhere.',
  internalError: 'Read the message, tell the developers, then retry: what was bought is verified first.',
};

const unsaid: Partial<Record<OrderStatus, string>> = {
  pendingPayment: 'The payment starts it; unpaid, it expires.',
  failed: 'Nothing: it waits for you.',
};

/** What happens next by itself, for the admin, where no record says so. */
export function sayUnsaidNext(status: OrderStatus): string {
  return unsaid[status] ?? 'Nothing: the order has ended.';
}

/** The one recommended action for an order as it stands; null where nobody need do anything. */
export function recommendedFor(order: { status: OrderStatus; code: FailureCode | null }): string | null {
  const { status, code } = order;
  if (status === 'waitingForStock') return 'Refill the package at the supplier: the order goes on by itself.';
  return status === 'failed' && code !== null ? recommendedActions[code] : null;
}
