/** What a check of a dependency or a setting found. `warn`: it works, and somebody should look; never a secret. */
export interface Finding {
  name: string;
  level: 'ok' | 'warn' | 'fail';
  /** What was found, in words. */
  detail: string;
  /** What to do about it; null where it is well. */
  remedy: string | null;
}
