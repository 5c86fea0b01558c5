/**
 * Measures at most once at a time, and again only when the last figures are `forMs` old, counted from the end of their
 * measurement: however long one takes, it is not begun anew while somebody reads. A measurement that failed is not kept.
 */
export function rememberFigures<Figures>(input: {
  forMs: number;
  measure: () => Promise<Figures>;
  nowMs?: () => number;
}): () => Promise<Figures> {
  const { forMs, measure, nowMs = Date.now } = input;
  let last: { figures: Promise<Figures>; untilMs: number } | null = null;
  return () => {
    if (last !== null && nowMs() <= last.untilMs) return last.figures;
    const taken = { figures: measure(), untilMs: Number.POSITIVE_INFINITY };
    last = taken;
    taken.figures.then(
      () => {
        taken.untilMs = nowMs() + forMs;
      },
      () => {
        if (last === taken) last = null;
      },
    );
    return taken.figures;
  };
}
