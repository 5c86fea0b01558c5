const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Units of the duration strings that the Temporal SDK takes (grammar of the npm package `ms` 3.0). */
const units: readonly (readonly [RegExp, number])[] = [
  [/^(?:|ms|msecs?|milliseconds?)$/, 1],
  [/^(?:s|secs?|seconds?)$/, secondMs],
  [/^(?:m|mins?|minutes?)$/, minuteMs],
  [/^(?:h|hrs?|hours?)$/, hourMs],
  [/^(?:d|days?)$/, dayMs],
  [/^(?:w|weeks?)$/, 7 * dayMs],
  [/^(?:y|yrs?|years?)$/, 365.25 * dayMs],
];

/**
 * Reads a duration string of the SDK (`4m`, `30d`, `5 minutes`, `1.5h`, `250` = ms) into whole milliseconds,
 * negative where it says so. Undefined for any other text.
 */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(-?\d{0,12}\.?\d{1,12}) *([a-z]*)$/i.exec(text);
  if (match === null) return undefined;
  const unit = (match[2] ?? '').toLowerCase();
  const unitMs = units.find(([pattern]) => pattern.test(unit))?.[1];
  return unitMs === undefined ? undefined : Math.round(Number(match[1]) * unitMs) + 0;
}

/** A duration in ms for people, rounded down: `350 ms`, `90 s`, `15 minutes`, `2 h`, `2 h 30 min`, `3 days`. */
export function describeDuration(durationMs: number): string {
  const ms = Math.max(0, Math.floor(durationMs));
  if (ms > 0 && ms < secondMs) return `${ms} ms`;
  if (ms < 2 * minuteMs) return `${Math.floor(ms / secondMs)} s`;
  if (ms < 2 * hourMs) return `${Math.floor(ms / minuteMs)} minutes`;
  if (ms >= 2 * dayMs) return `${Math.floor(ms / dayMs)} days`;
  const minutes = Math.floor((ms % hourMs) / minuteMs);
  return `${Math.floor(ms / hourMs)} h${minutes === 0 ? '' : ` ${minutes} min`}`;
}
