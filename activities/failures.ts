import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';

/** A wait, not a failure: tried again at the caller's pace, without noise. */
export function notYet(input: { why: string; retryMs: number }): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'NotYet',
    message: input.why,
    nextRetryDelay: input.retryMs,
    category: ApplicationFailureCategory.BENIGN,
  });
}

/**
 * The one map from an error to what Temporal keeps of it: type and message alone. Causes and details stay behind,
 * because errors of libraries can hold requests with their headers.
 */
export function toFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  return ApplicationFailure.create({ type: name, message });
}

/** Wraps every activity so that what it throws passes through `toFailure`. */
export function withFailures<T extends object>(activities: T): T {
  const wrapped = Object.entries(activities).map(([name, activity]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await activity(...args);
      } catch (error) {
        throw toFailure(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}
