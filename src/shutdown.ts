/** Calls `stop` at the first SIGTERM or SIGINT; a second one ends the process at once (the ledger survives that). */
export function endOnSignal(stop: (signal: string) => void): void {
  let asked = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(1);
      asked = true;
      stop(signal);
    });
  }
}
