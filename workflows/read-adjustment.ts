import { findInteger, findText, type SignalInput } from './contract/read-signal.ts';

/** What a price adjustment may be told: what the server is sold as, and what goes back, integer minor units. */
export interface AdjustmentSaid {
  productId: string | null;
  amountPaise: number | null;
}

/** What was said of an adjustment; null for what was not said, or is none: `findOddAdjustment` tells them apart. */
export function readAdjustment(from: SignalInput): AdjustmentSaid {
  const amountPaise = findInteger({ from, name: 'amountPaise' }) ?? 0;
  return {
    productId: findText({ from, name: 'productId' }) ?? null,
    amountPaise: amountPaise > 0 ? amountPaise : null,
  };
}

/** What cannot be read of an adjustment, in words; null where all can. Another sum than was said must never go back. */
export function findOddAdjustment(from: SignalInput): string | null {
  const { productId, amountPaise } = readAdjustment(from);
  if (amountPaise === null && isSaid(from, 'amountPaise'))
    return 'amountPaise is not a whole number of paise above 0';
  return productId === null && isSaid(from, 'productId') ? 'productId is not a text' : null;
}

function isSaid(from: SignalInput, name: string): boolean {
  if (from.kind !== 'fields' || !Object.hasOwn(from.fields, name)) return false;
  return ![undefined, null, ''].includes(from.fields[name] as string | null | undefined);
}
