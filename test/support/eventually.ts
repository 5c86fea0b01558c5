import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** True where workers keep no workflow in memory: every task replays, and everything takes many times as long. */
export const isUncached = process.env.TEST_WORKFLOW_CACHE_SIZE === '0';

const patienceMs = isUncached ? 600_000 : 90_000;

/** Looks at a state until `isRight` holds, and gives it back; fails with what it saw last. */
export async function eventually<T>(input: {
  what: string;
  read: () => Promise<T>;
  isRight: (seen: T) => boolean;
  withinMs?: number;
}): Promise<T> {
  const { what, read, isRight } = input;
  const withinMs = Math.max(input.withinMs ?? patienceMs, isUncached ? patienceMs : 0);
  const deadline = Date.now() + withinMs;
  for (;;) {
    const seen = await read();
    if (isRight(seen)) return seen;
    if (Date.now() > deadline)
      assert.fail(`${what} did not come true within ${withinMs} ms; seen last: ${JSON.stringify(seen)}`);
    await sleep(50);
  }
}
