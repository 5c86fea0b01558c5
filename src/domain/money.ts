/** An amount in integer minor units (paise for INR) with its ISO 4217 currency. */
interface Amount {
  amountMinor: number;
  currency: string;
}

/**
 * Reads an amount of rupees as a gateway writes it (`499`, `"499.00"`) into integer paise, exactly: no
 * arithmetic on fractions. Undefined for signs, exponents, spaces, parts of a paisa or more than 12 digits.
 */
export function parseRupees(value: string | number): number | undefined {
  const match = /^(0|[1-9]\d{0,11})(?:\.(\d{1,2})0*)?$/.exec(String(value));
  if (match?.[1] === undefined) return undefined;
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
}

/** Writes paise as rupees with two decimals (`49900` -> `499.00`). Throws RangeError unless a whole amount >= 0. */
export function formatRupees(amountPaise: number): string {
  if (!Number.isSafeInteger(amountPaise) || amountPaise < 0) {
    throw new RangeError(
      `Failed to write ${amountPaise} paise as rupees: it is not a whole amount from 0 up.`,
    );
  }
  const paise = amountPaise % 100;
  return `${(amountPaise - paise) / 100}.${String(paise).padStart(2, '0')}`;
}

/** An amount for people: `₹499.00`; other currencies, taken to have two decimals, as `USD 499.00`. */
export function formatMoney({ amountMinor, currency }: Amount): string {
  const number = formatRupees(amountMinor);
  return currency === 'INR' ? `₹${number}` : `${currency} ${number}`;
}
