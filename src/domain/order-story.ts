import type { AdminAct } from './admin-act.ts';

/** Where a line of an order's story comes from. */
export const storySources = [
  'order',
  'payment',
  'purchase',
  'supplier',
  'server',
  'refund',
  'mail',
  'admin',
  'workflow',
] as const;
export type StorySource = (typeof storySources)[number];

/** One thing that happened to an order, in words; no secret and nothing of its customer. */
export interface StoryLine {
  /** ISO UTC. */
  at: string;
  source: StorySource;
  text: string;
  /** What was said word for word, such as the supplier's answer without its secrets. */
  detail?: string;
}

/** The order's account of itself notes most acts as well; so near to each other they are the same one. */
const sameActWithinMs = 60_000;

/** All lines by time; what two records tell of the same act stays once. */
export function joinStory(lines: readonly StoryLine[], acts: readonly AdminAct[]): StoryLine[] {
  const untold = acts.filter((act) => !lines.some((line) => tells(line, act)));
  const told = untold.map(({ at, act, by, reason, accepted, answer }): StoryLine => {
    const why = reason === null ? '' : ` (${reason})`;
    return { at, source: 'admin', text: `${act} by ${by}${why}: ${accepted ? '' : 'refused. '}${answer}` };
  });
  const all = [...lines, ...told].map((line, index) => ({ line, index }));
  return all.sort((a, b) => a.line.at.localeCompare(b.line.at) || a.index - b.index).map(({ line }) => line);
}

function tells({ source, text, at }: StoryLine, { act, by, at: actedAt }: AdminAct): boolean {
  if (source !== 'order' || !text.includes(act) || !text.includes(by)) return false;
  return Math.abs(Date.parse(at) - Date.parse(actedAt)) < sameActWithinMs;
}
