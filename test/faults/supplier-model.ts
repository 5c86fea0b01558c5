import { packageName, stepMs, stockBefore } from './order-run.ts';

/** One call of `buyvps`, as the supplier saw it. */
export interface SupplierCall {
  /** The run that made it. */
  caller: number;
  purchaseId: string;
  fencingNumber: number;
  begunMs: number;
  /** `held`: the client waits for the answer. `left`: nobody does any more, the supplier goes on. */
  state: 'held' | 'left' | 'ended';
  /** It provably never reached the supplier. */
  notSent: boolean;
  sold: string | null;
  /** `prompt`: answered before time passes. `slow`: within the longest purchase. `late`: it takes longer. */
  pace: 'prompt' | 'slow' | 'late';
  /** The answer was given to a run. */
  told: boolean;
}

export type SupplierBook = readonly SupplierCall[];

export const longestPurchaseMs = 2 * stepMs;

/** The first sale is the package's one address, later ones are of a neighbour, as the real supplier does it. */
export function nextAddress(book: SupplierBook): string {
  const sold = salesOf(book).length;
  return sold === 0 ? packageName : `103.195.161.${sold}`;
}

export function salesOf(book: SupplierBook): { purchaseId: string; ip: string; call: SupplierCall }[] {
  return book.flatMap((call) =>
    call.sold === null ? [] : [{ purchaseId: call.purchaseId, ip: call.sold, call }],
  );
}

/** What `status` says of an address. */
export function answerProbe(book: SupplierBook, ip: string): unknown {
  const sale = salesOf(book).find((one) => one.ip === ip);
  if (!sale) return { kind: 'notOurs', why: 'IP not found' };
  const expires = new Date(sale.call.begunMs);
  expires.setUTCMonth(expires.getUTCMonth() + 1);
  const expiresOn = expires.toISOString().slice(0, 10);
  return { kind: 'server', ip, os: '', expiresOn, machineStatus: '', powerStatus: '', actionStatus: '' };
}

/** What `ipstock` says. */
export function answerStock(book: SupplierBook): unknown {
  const sold = salesOf(book).map(({ ip }) => ip);
  const packages = stockBefore.map((count) => ({
    ...count,
    available:
      count.available - sold.filter((ip) => (ip === packageName) === (count.name === packageName)).length,
    status: 'active',
  }));
  return { startedAt: '', readAt: '', packages, skipped: [] };
}
