let last: Promise<unknown> = Promise.resolve();

/**
 * Lets the local activities of a workflow run one after another. Two at once end in two tasks' worth of work at first,
 * and together in a replay: what follows the one then mixes with what follows the other in another order than it is
 * in the history, and the run would fail its tasks for ever. An activity that has not begun cannot have ended.
 */
export function inTurn<Activities extends object>(activities: Activities): Activities {
  return new Proxy(activities, {
    get(target, name) {
      const activity = Reflect.get(target, name) as (...input: unknown[]) => Promise<unknown>;
      return (...input: unknown[]) => {
        const mine = last.then(() => activity(...input));
        last = mine.catch(() => undefined);
        return mine;
      };
    },
  });
}
