/** What a discount takes off a price. */
export type DiscountValue = { kind: 'amount'; amountPaise: number } | { kind: 'percent'; percent: number };

/** A price with and without its discount: integer paise, `amountPaise` = `listPricePaise` - `discountPaise`. */
export interface DiscountedPrice {
  listPricePaise: number;
  discountPaise: number;
  amountPaise: number;
}

/** One rupee: neither gateway takes less for an order. */
export const leastAmountPaise = 100;

/** True for a value that can be given: whole paise above 0, or whole percent from 1 to 100. */
export function isDiscountValue(value: DiscountValue): boolean {
  return value.kind === 'amount'
    ? Number.isSafeInteger(value.amountPaise) && value.amountPaise > 0
    : Number.isInteger(value.percent) && value.percent >= 1 && value.percent <= 100;
}

/**
 * The price after a discount, never below one rupee: what a discount is worth beyond that is lost, and no order is
 * free. A percentage is rounded down to whole paise. A price of a rupee or less stays what it is.
 */
export function discountPrice(listPricePaise: number, value: DiscountValue): DiscountedPrice {
  const worth =
    value.kind === 'amount' ? value.amountPaise : Math.floor((listPricePaise * value.percent) / 100);
  const discountPaise = Math.max(0, Math.min(worth, listPricePaise - leastAmountPaise));
  return { listPricePaise, discountPaise, amountPaise: listPricePaise - discountPaise };
}
