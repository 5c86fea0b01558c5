import type { OrderFacts } from '../src/domain/order-facts.ts';
import { recommendedActions, statusWords } from '../src/domain/order-words.ts';
import { type MessageState, remedyToStart, signalsToSend } from './signals-to-send.ts';

const newestLines = 12;

/** Markdown for the Temporal Web UI: what is going on, why, since when, what happens next, what can be sent. */
export function describeOrder(
  input: MessageState & {
    facts: OrderFacts | undefined;
    sinceMs: number;
    next: { text: string; at: string | null };
    decisionDeadline: string | null;
    timeline: readonly { at: string; text: string }[];
    refusals: readonly string[];
  },
): string {
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
    remedyToStart(input) ?? '',
    lastRefusal ? `**Last refused message:** ${lastRefusal}` : '',
    '## Latest',
    ...timeline.slice(-newestLines).map(({ at, text }) => `- ${at} ${text}`),
  ]
    .filter((line) => line !== '')
    .join('\n\n');
}

function whatToSend(state: MessageState): string[] {
  const lines = signalsToSend(state);
  if (lines.length === 0) return [];
  return ['**Signals to send:**', lines.map((line) => `- ${line}`).join('\n')];
}
