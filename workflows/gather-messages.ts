import { sleep } from '@temporalio/workflow';

/** Messages of so long are answered together. */
const togetherMs = 1_000;

/**
 * Lets messages gather before they lead to a local activity. The pause makes the number of activities independent of
 * how messages fall into workflow tasks: where the server ends a task early (over a hundred signals at once, a slow
 * worker) while a local activity runs, a replay meets in one group what came in several at first, and an activity for
 * each group would not be found again. What waits for the message must start no timer of its own: it may be found or
 * not for the same reason.
 */
export function gatherMessages({ summary }: { summary: string }): Promise<void> {
  return sleep(togetherMs, { summary });
}
