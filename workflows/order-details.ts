import type { Failure, OrderStatus } from '../src/domain/order.ts';
import type { OrderFacts } from '../src/domain/order-facts.ts';
import { recommendedActions, statusWords } from '../src/domain/order-words.ts';

const newestLines = 12;

/** Markdown for the Temporal Web UI: what is going on, why, since when, what happens next, what can be sent. */
export function describeOrder(input: {
  orderId: string;
  facts: OrderFacts | undefined;
  status: OrderStatus;
  sinceMs: number;
  failure: Failure | null;
  next: { text: string; at: string | null };
  decisionDeadline: string | null;
  timeline: readonly { at: string; text: string }[];
  refusals: readonly string[];
}): string {
  const { facts, failure, next, timeline, refusals } = input;
  const lastRefusal = refusals.at(-1);
  return [
    `# ${statusWords[input.status]}${failure ? `: ${failure.message}` : ''}`,
    `Order **${input.orderId}** · since ${new Date(input.sinceMs).toISOString()}`,
    facts ? `${facts.productName}, ${facts.ramGb} GB, ${facts.os}` : '',
    `**Next:** ${next.text}${next.at ? ` (${next.at})` : ''}`,
    failure ? `**Recommended:** ${recommendedActions[failure.code]} (code \`${failure.code}\`)` : '',
    input.decisionDeadline ? `**Decide before:** ${input.decisionDeadline}` : '',
    ...whatToSend(input),
    lastRefusal ? `**Last refused message:** ${lastRefusal}` : '',
    '## Latest',
    ...timeline.slice(-newestLines).map(({ at, text }) => `- ${at} ${text}`),
  ]
    .filter((line) => line !== '')
    .join('\n\n');
}

const who = '"reason": "...", "by": "your name"';

/** The messages that make sense now, with the JSON to paste. */
function whatToSend({ status, failure }: { status: OrderStatus; failure: Failure | null }): string[] {
  const retry = `\`retryOrder\` with no input, or \`{${who}}\`: verified first, then continued`;
  const refund = `\`compensateOrder\` with \`{"option": "refund", ${who}}\`: all that was paid goes back`;
  const cancel = `\`cancelOrder\` with \`{${who}}\`: only while the supplier has heard nothing of it`;
  const resolve = `\`resolvePurchase\` with \`{"outcome": "bought", "ip": "...", ${who}}\` or \`{"outcome": "notBought", ${who}}\``;
  const lines = (all: string[]) => ['**Signals to send:**', all.map((line) => `- ${line}`).join('\n')];
  if (status === 'queued') return lines([cancel, refund]);
  if (status === 'waitingForStock') return lines([`${retry} (looks at the stock at once)`, cancel, refund]);
  if (status !== 'failed' || !failure) return [];
  const byHand = `\`compensateOrder\` with \`{"option": "refundedByHand", "reference": "...", ${who}}\`: it was paid back outside the gateway`;
  if (failure.code === 'compensationBlocked')
    return lines([`${retry} (what is left is tried again)`, byHand]);
  const isCase = failure.code === 'purchaseUnknown' || failure.code === 'duplicateServer';
  return lines([...(isCase ? [resolve] : []), retry, refund, cancel]);
}
