/** A moment (ISO UTC) for people, in the shop's time zone: `23 Nov 2026, 14:00 GMT+5:30`. */
export function formatMoment({ at, timeZone }: { at: string; timeZone: string }): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone,
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  }).format(new Date(at));
}

const exactFormats = new Map<string, Intl.DateTimeFormat>();

/** The same with seconds, which matter in an incident: `23 Nov 2026, 14:00:05 GMT+5:30`. */
export function formatExactMoment({ at, timeZone }: { at: string; timeZone: string }): string {
  // A timeline has thousands of lines, and making a format takes much longer than using it.
  const known = exactFormats.get(timeZone);
  const format =
    known ??
    new Intl.DateTimeFormat('en-GB', {
      ...{ timeZone, day: 'numeric', month: 'short', year: 'numeric' },
      ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short' },
    });
  if (known === undefined) exactFormats.set(timeZone, format);
  return format.format(new Date(at));
}

/** A moment in the shop's time zone, as said at `now`: `14:00` of the same day, else `23 Nov, 14:00`. */
export function formatClock(input: { at: string; now: string; timeZone: string }): string {
  const { at, now, timeZone } = input;
  const isToday = shopDay({ at, timeZone }) === shopDay({ at: now, timeZone });
  return new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, hour: '2-digit', minute: '2-digit' },
    ...(isToday ? {} : { day: 'numeric', month: 'short' }),
  }).format(new Date(at));
}

/** The day of a moment in the shop's time zone: `2026-11-23`. */
export function shopDay({ at, timeZone }: { at: string; timeZone: string }): string {
  return new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).format(new Date(at));
}
