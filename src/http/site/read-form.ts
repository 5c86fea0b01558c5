import { assertNever } from '../../domain/assert-never.ts';
import type { Verdict } from '../../domain/verdict.ts';
import type { OrderActOutcome, ResolveOutcome } from '../ports.ts';
import type { Notice, RouteRequest, Visitor } from '../route.ts';
import type { Said } from './site-ports.ts';

/** The visitor of a page. @throws where the route has no session: a fault of the table. */
export function visitorOf({ visitor }: RouteRequest): Visitor {
  if (visitor === null) throw new Error('Failed to answer a page: its route has no session.');
  return visitor;
}

/** The form's texts; a field that was sent twice counts as absent. */
export function formOf({ body }: RouteRequest): Record<string, string> {
  const fields = Object.entries(typeof body === 'object' && body !== null ? body : {});
  return Object.fromEntries(
    fields.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value.trim()]] : [])),
  );
}

/** Every value of a field that may be sent more than once. */
export function valuesOf({ body }: RouteRequest, field: string): string[] {
  const value = (typeof body === 'object' && body !== null ? body : {})[field as never] as unknown;
  return [value].flat().filter((one): one is string => typeof one === 'string');
}

const shortestReason = 3;
export const longestReason = 500;

/** Who acts, and why, as one line; null where the reason is missing or too long. */
export function readSaid(request: RouteRequest): Said | null {
  const { reason: given = '' } = formOf(request);
  // Tabs come along with what is copied out of a table.
  const reason = given.replace(/\p{Cc}+/gu, ' ').trim();
  const by = visitorOf(request).admin ?? '';
  const isReason = reason.length >= shortestReason && reason.length <= longestReason;
  return isReason ? { by, reason } : null;
}

export const noReason: Notice = {
  tone: 'bad',
  lines: [`Nothing was done: say why, in ${shortestReason} to ${longestReason} characters.`],
};

/** The answer to an act, as a notice. */
export function noticeOf(outcome: Verdict | OrderActOutcome | ResolveOutcome): Notice {
  switch (outcome.kind) {
    case 'accepted':
      return { tone: 'good', lines: [outcome.next] };
    case 'refused':
    case 'unavailable':
      return { tone: 'bad', lines: [outcome.sentence] };
    case 'notFound':
      return { tone: 'bad', lines: ['There is no such order.'] };
    default:
      return assertNever(outcome);
  }
}
