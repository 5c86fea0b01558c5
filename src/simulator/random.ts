/** Seeded numbers in [0, 1) (mulberry32); the whole state is one integer, so that it can be saved. */
export function createRandom(holder: { randomState: number }): () => number {
  return () => {
    holder.randomState = (holder.randomState + 0x6d2b79f5) | 0;
    let mixed = holder.randomState;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
