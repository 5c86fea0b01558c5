import { randomInt } from 'node:crypto';

/** TEST_SEED, to send again what a failed run sent; else by chance. The names of the tests tell it. */
export function rainSeed(): number {
  return Number(process.env.TEST_SEED ?? randomInt(2 ** 31));
}
