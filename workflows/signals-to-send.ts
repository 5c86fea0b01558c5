import { assertNever } from '../src/domain/assert-never.ts';
import type { Failure, OrderStatus } from '../src/domain/order.ts';
import { compensationWorkflowId } from './contract/compensate-order.ts';
import { orderTaskQueue } from './contract/provision-order.ts';

/** Why and by whom, as members of the JSON to paste. */
export const who = '"reason": "...", "by": "your name"';
const asRemedy = (members: string, does: string) =>
  `\`compensateOrder\` with \`{${members}, ${who}}\`: ${does}`;

const retry = `\`retryOrder\` with no input, or \`{${who}}\`: verified first, then continued`;
const lateRetry = `\`retryOrder\` with \`{${who}}\`: only once it takes longer than it may; then it continues as soon as the outcome is known`;
const refund = asRemedy('"option": "refund"', 'all that was paid goes back');
const cancel = `\`cancelOrder\` with \`{${who}}\`: only while the supplier has heard nothing of it`;
const assign = `\`assignServer\` with \`{"ip": "...", ${who}}\`: it gets a stranded server, wiped`;
const resolve = `\`resolvePurchase\` with \`{"outcome": "bought", "ip": "...", ${who}}\` or \`{"outcome": "notBought", ${who}}\``;
const byHand = asRemedy(
  '"option": "refundedByHand", "reference": "..."',
  'it was paid back outside the gateway',
);
const reprovision = asRemedy('"option": "A"', 'the right server is bought, then the wrong one taken back');
const adjustPrice = asRemedy('"option": "B"', 'the customer gets the wrong server, the difference goes back');
const freeMonth = asRemedy(
  '"option": "C"',
  'all goes back, and the customer has the wrong server for a month',
);
const anotherRemedy = asRemedy(
  '"option": "refund"',
  'another remedy instead (or "A", "B", "C"), only while no money of this one has moved',
);

/** Where an order stands, as far as it says which messages make sense. */
export interface MessageState {
  orderId: string;
  status: OrderStatus;
  failure: Failure | null;
  /** True while its customer has a server for a free month. */
  inMonth: boolean;
}

/** The messages that make sense now, with the JSON to paste, as lines of markdown; empty where there are none. */
export function signalsToSend(state: MessageState): string[] {
  const { status, failure } = state;
  switch (status) {
    case 'queued':
      return [cancel, refund, lateRetry];
    case 'waitingForStock':
      return [`${retry} (looks at the stock at once)`, assign, cancel, refund];
    case 'provisioning':
      return [lateRetry];
    case 'failed':
      return failure === null ? [] : ofFailure(failure);
    case 'active':
      return state.inMonth ? outOfMonth : [];
    case 'pendingPayment':
    case 'preparing':
    case 'compensating':
    case 'refunded':
    case 'cancelled':
    case 'expired':
      return [];
    default:
      return assertNever(status);
  }
}

const outOfMonth = [
  asRemedy('"option": "refund"', 'the month ends now, the server is taken back; nothing is paid twice'),
  asRemedy('"option": "B"', 'the customer keeps the server for good'),
];

function ofFailure({ code, ofRemedy }: Failure): string[] {
  const isCase = code === 'purchaseUnknown' || code === 'duplicateServer';
  const first = isCase ? [resolve] : [];
  if (ofRemedy === true || code === 'compensationBlocked') {
    return [...first, `${retry} (what is left is tried again)`, anotherRemedy, byHand];
  }
  const wrong = code === 'wrongPackage' ? [reprovision, adjustPrice, freeMonth] : [];
  return [...first, retry, ...wrong, ...(isCase ? [] : [assign]), refund, cancel];
}

/** How a remedy begins for a delivered order, whose workflow has ended; null for every other one. */
export function remedyToStart({ orderId, status, inMonth }: MessageState): string | null {
  if (status !== 'active' || inMonth) return null;
  const input = `{"orderId": "${orderId}", "option": "refund", ${who}}`;
  return (
    `**To do something for the customer:** start the workflow \`compensateOrder\` with the id \`${compensationWorkflowId(orderId)}\`, ` +
    `the task queue \`${orderTaskQueue}\` and \`${input}\`; the option may be "A", "B" or "C" as well.`
  );
}
