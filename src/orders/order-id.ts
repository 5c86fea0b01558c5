import { randomInt } from 'node:crypto';

/** Crockford's base 32: no letters that look like digits. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const timeLength = 10;
const randomLength = 10;

/** A new order id, `ord-` and 20 letters and digits: sorted by time, not to be guessed from another one. */
export function newOrderId(at: string): string {
  const time = encode(Date.parse(at));
  const randomness = Array.from({ length: randomLength }, () => alphabet.charAt(randomInt(alphabet.length)));
  return `ord-${time}${randomness.join('')}`;
}

/** The least id that an order of that moment can have: ids are sorted by time. */
export function leastOrderId(at: string): string {
  return `ord-${encode(Date.parse(at))}`;
}

/** 50 bits of milliseconds: enough for thirty thousand years. */
function encode(timeMs: number): string {
  const digits = Array.from({ length: timeLength }, (_, index) => {
    const weight = alphabet.length ** (timeLength - 1 - index);
    return alphabet.charAt(Math.floor(timeMs / weight) % alphabet.length);
  });
  return digits.join('');
}
