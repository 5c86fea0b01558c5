/** Seeded chance: the same seed rolls the same numbers. */
export interface Dice {
  /** In [0, 1). */
  share(): number;
  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number;
  oneOf<T>(choices: readonly [T, ...T[]]): T;
}

/** Numbers by mulberry32. */
export function createDice(seed: number): Dice {
  let state = seed | 0;
  const share = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number) => from + Math.floor(share() * (to - from + 1));
  return { share, between, oneOf: (choices) => choices[between(0, choices.length - 1)] ?? choices[0] };
}
