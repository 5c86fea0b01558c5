import { heartbeat } from '@temporalio/activity';

const beatEveryMs = 3_000;

/** Beats while `work` runs. A cancelled attempt still ends its work: stopping would not undo what it asked for. */
export async function beating<T>(work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => heartbeat(), beatEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
