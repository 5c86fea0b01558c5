/** What became of an act that our books alone decide: `next` says what happened, or what happens next. */
export type BookVerdict = { kind: 'accepted'; next: string } | { kind: 'refused'; sentence: string };

/** What became of any act; `unavailable` where what decides about it could not be reached. */
export type Verdict = BookVerdict | { kind: 'unavailable'; sentence: string };

/** A verdict in the words of the audit log. */
export function answerOf(verdict: Verdict): { accepted: boolean; answer: string } {
  return verdict.kind === 'accepted'
    ? { accepted: true, answer: verdict.next }
    : { accepted: false, answer: verdict.sentence };
}
