/** `dice(n)` gives a whole number from 0 to n - 1; the same seed, the same numbers. */
export type Dice = (sides: number) => number;

/** mulberry32: small, and the same on every machine. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  return (sides) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

/** The seed of this run: `FAULTS_SEED`, else the same one always, so that a run can be repeated. */
export function seedOfThisRun(): number {
  const given = Number(process.env.FAULTS_SEED);
  return Number.isInteger(given) && given > 0 ? given : 4_711;
}
