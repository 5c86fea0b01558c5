import { ActivityFailure } from '@temporalio/workflow';

/** What went wrong, in the words of its cause. */
export function sayError(error: unknown): string {
  const cause = error instanceof ActivityFailure && error.cause ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
