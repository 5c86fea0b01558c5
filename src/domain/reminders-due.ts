/**
 * How many reminders are due of something that has been open for `ageMs`: one at each of `remindersMs`, then one
 * every last interval, without end. None where the list is empty.
 */
export function remindersDue({
  ageMs,
  remindersMs,
}: {
  ageMs: number;
  remindersMs: readonly number[];
}): number {
  const moments = remindersMs.filter((ms) => ms > 0).sort((a, b) => a - b);
  const last = moments.at(-1);
  if (last === undefined || ageMs < last) return moments.filter((ms) => ms <= ageMs).length;
  return moments.length + Math.floor((ageMs - last) / last);
}
