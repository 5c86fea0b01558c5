import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import {
  type Consequence,
  interventionActs,
  interventionTable,
  interventionTargets,
} from '../../src/domain/interventions.ts';
import { failureCodes, orderStatuses } from '../../src/domain/order.ts';
import { statusWords } from '../../src/domain/order-words.ts';
import { defaultPolicy, resolvePolicy } from '../../src/domain/policy.ts';
import { planFailure, statusTable } from '../../src/domain/state-table.ts';

const file = new URL('../../docs/order-states.md', import.meta.url);

/** The document as the table says it. With UPDATE_DOCS=1 it is written anew. */
function documentOf(): string {
  return `# The states of an order

Written from \`src/domain/state-table.ts\` and \`src/domain/interventions.ts\`
(\`UPDATE_DOCS=1 npm test -- test/docs/order-states\` writes it anew). What a failed order does by itself
is the default policy's; each code has its section in [operations.md](operations.md).

## Statuses

| status | people read | owner | bounded by | goes to |
|---|---|---|---|---|
${orderStatuses.map(statusRow).join('\n')}

## Failures

| code | tried again by itself | when nobody decides |
|---|---|---|
${failureCodes.map(failureRow).join('\n')}

A failed order that has delivered its server is never refunded by itself: its admin is reminded.

## Terminate, Request Cancellation and Reset in the Temporal Web UI

Allowed in every status; \`watchOrders\` brings each order on. Workflows: \`order-<orderId>\`, \`compensation-<orderId>\`
and \`package-lock-<supplier>-<package>\`. Reset means to the first task, the furthest that there is. A workflow that is missing here does not run in that status,
or the order does not need it: what is done to it changes nothing.

| status | workflow | Terminate | Request Cancellation | Reset |
|---|---|---|---|---|
${orderStatuses.flatMap(interventionRows).join('\n')}
`;
}

function interventionRows(status: (typeof orderStatuses)[number]): string[] {
  return interventionTargets.flatMap((target) => {
    const consequences = interventionActs.map((act) => interventionTable[status][target][act]);
    if (consequences.every(({ effect }) => effect === 'nothingThere')) return [];
    return [`| \`${status}\` | ${target} | ${consequences.map(sayConsequence).join(' | ')} |`];
  });
}

function sayConsequence({ effect, says }: Consequence): string {
  const words = {
    nothingThere: 'nothing happens',
    startedAgain: 'started again',
    repeated: 'goes its way again',
    ignored: 'goes on',
    ends: 'ends',
  };
  return `${words[effect]}: ${says}`;
}

function statusRow(status: (typeof orderStatuses)[number]): string {
  const { owner, boundedBy, moves } = statusTable[status];
  const ways = moves.map(({ to, by, when }) => `\`${to}\` (${by}): ${when}`).join('<br>');
  return `| \`${status}\` | ${statusWords[status]} | ${owner} | ${boundedBy} | ${ways} |`;
}

function failureRow(code: (typeof failureCodes)[number]): string {
  const policy = resolvePolicy(defaultPolicy);
  const plan = planFailure({ code, policy, retriesDone: 0, mayRetry: true, hasDelivered: false });
  const isRetried = plan.moments.some(({ kind }) => kind === 'retry');
  const words = {
    refund: 'refund',
    cancel: 'cancelled, what was paid goes back',
    keepReminding: 'reminders',
  };
  return `| \`${code}\` | ${isRetried ? `after ${defaultPolicy.automaticRetries.join(', ')}` : 'no'} | ${words[plan.default]} |`;
}

test('docs/order-states.md says what the state table says', async () => {
  if (process.env.UPDATE_DOCS) await writeFile(file, documentOf());
  assert.equal(await readFile(file, 'utf8'), documentOf());
});
