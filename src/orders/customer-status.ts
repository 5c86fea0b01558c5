import type { OrderStatus } from '../domain/order.ts';
import { statusWords } from '../domain/order-words.ts';

/**
 * An order's status in people's words, with its place in the queue or the reason of its failure (design 3).
 * `position` counts from 1 and is computed when read; `failureMessage` is the sentence of a failed order.
 */
export function describeStatus(input: {
  status: OrderStatus;
  position?: number | null;
  failureMessage?: string | null;
}): string {
  const { status, position, failureMessage } = input;
  if (status === 'queued' && position) return `${statusWords.queued} (${ordinal(position)})`;
  if (status === 'failed' && failureMessage) return `${statusWords.failed}: ${failureMessage}`;
  return statusWords[status];
}

/** What the customer reads: no code, no supplier, nothing to decide. */
const customerSentences: Readonly<Record<OrderStatus, string>> = {
  pendingPayment: 'We wait for your payment.',
  queued: 'Your payment has arrived; your server will be set up soon.',
  waitingForStock: 'Delayed, we are on it',
  provisioning: 'Your server is being set up.',
  preparing: 'Your server is ready; we wait for its login.',
  active: 'Your server is delivered. Its login is in your mail.',
  failed: 'Delayed, we are on it',
  compensating: 'We are putting this right and will write to you.',
  refunded: 'Your money has been sent back.',
  cancelled: 'Your order is cancelled.',
  expired: 'Your order has expired without a payment. Please order again.',
};

const delayed: readonly OrderStatus[] = ['waitingForStock', 'failed'];

/** The customer's sentence; a delayed order says until when (`expectedBy`, already in the shop's time). */
export function describeStatusForCustomer(input: {
  status: OrderStatus;
  expectedBy?: string | null;
}): string {
  const sentence = customerSentences[input.status];
  if (!delayed.includes(input.status)) return sentence;
  return input.expectedBy ? `${sentence}; expected by ${input.expectedBy}.` : `${sentence}.`;
}

function ordinal(number: number): string {
  const rest = number % 100;
  const suffix = rest >= 11 && rest <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][number % 10] ?? 'th');
  return `${number}${suffix}`;
}
