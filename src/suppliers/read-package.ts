import { setTimeout as sleep } from 'node:timers/promises';
import type { SupplierName } from '../domain/order.ts';
import { findPackage } from './find-package.ts';
import type { StockReader } from './stock-reader.ts';
import type { StockReading, Supplier } from './supplier.ts';
import { SupplierError } from './supplier-error.ts';

const mostTries = 3;
const pauseMs = 300;
/** Below the time limit of the activity that reads. */
const patienceMs = 15_000;

/** Reads one package's count from its supplier; trouble is a value, because an order decides on it. */
export function createStockReader(supplierOf: (name: SupplierName) => Supplier): StockReader {
  return async ({ supplier, name, packageId }) => {
    try {
      const reading = await readPatiently(supplierOf(supplier));
      const found = findPackage({ reading, packageName: name, packageId });
      if (!found) return { kind: 'missing', sentence: sayMissing({ supplier, name, packageId }) };
      const all = reading.packages.map(({ status: _, ...count }) => count);
      return {
        kind: 'count',
        count: found.available,
        name: found.name,
        packageId: found.packageId,
        all,
        readFrom: reading.startedAt,
      };
    } catch (error) {
      if (!(error instanceof SupplierError)) throw error;
      const kind = error.code === 'rejectedCredentials' ? 'rejectedCredentials' : 'unreachable';
      return { kind, why: error.message };
    }
  };
}

/** One call that broke off is no verdict about the supplier: asked again, for as long as that is quick. */
export async function readPatiently(supplier: Supplier): Promise<StockReading> {
  const giveUpAt = Date.now() + patienceMs;
  for (let tries = 1; ; tries += 1) {
    try {
      return await supplier.readStock();
    } catch (error) {
      const isPassing = error instanceof SupplierError && error.code === 'unreachable';
      if (!isPassing || tries === mostTries || Date.now() > giveUpAt) throw error;
      await sleep(pauseMs);
    }
  }
}

function sayMissing(input: { supplier: SupplierName; name: string; packageId: string | null }): string {
  const id = input.packageId === null ? '' : ` (id ${input.packageId})`;
  return `Package "${input.name}"${id} is not in the stock list of ${input.supplier}.`;
}
