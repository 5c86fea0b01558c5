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
    failure ? '**Send:** signal `retryOrder` with no input, or `{"reason": "...", "by": "your name"}`.' : '',
    lastRefusal ? `**Last refused message:** ${lastRefusal}` : '',
    '## Latest',
    ...timeline.slice(-newestLines).map(({ at, text }) => `- ${at} ${text}`),
  ]
    .filter((line) => line !== '')
    .join('\n\n');
}
