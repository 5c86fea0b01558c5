/** Paise of an amount in rupees with at most two decimals, as a JSON number; undefined for anything else. */
export function findPaise(rupees: unknown): number | undefined {
  if (typeof rupees !== 'number' || !Number.isFinite(rupees) || rupees <= 0) return undefined;
  const paise = Math.round(rupees * 100);
  return Math.abs(rupees * 100 - paise) < 1e-6 ? paise : undefined;
}

export function rupeesOf(amountPaise: number): number {
  return amountPaise / 100;
}

const MARK = '\u0001rupees:';

/** Stands for an amount in a value that goes through `stringifyWithDecimals`. */
export function decimalRupees(amountPaise: number): string {
  return `${MARK}${(amountPaise / 100).toFixed(2)}`;
}

/**
 * JSON in which marked amounts keep both decimals (`170.00`), as in Cashfree's webhooks: whoever parses and writes the
 * body again gets other bytes and so another signature.
 */
export function stringifyWithDecimals(value: unknown): string {
  return JSON.stringify(value).replace(/"\\u0001rupees:(\d+\.\d\d)"/g, '$1');
}
