import { ActivityFailure, TimeoutFailure } from '@temporalio/workflow';

/** What an activity answers, or 'late' where its time ran out; a wait that never ended in an answer counts as such. */
export async function orLate<T>(activity: Promise<T>): Promise<T | 'late'> {
  try {
    return await activity;
  } catch (error) {
    if (isOutOfTime(error)) return 'late';
    throw error;
  }
}

/** True where an activity was ended by its schedule-to-close time-out. */
function isOutOfTime(error: unknown): boolean {
  return error instanceof ActivityFailure && error.cause instanceof TimeoutFailure;
}
