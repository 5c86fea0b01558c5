import type { SupplierName } from '../domain/order.ts';
import { findPackage } from './find-package.ts';
import type { StockReader } from './stock-reader.ts';
import type { Supplier } from './supplier.ts';
import { SupplierError } from './supplier-error.ts';

/** Reads one package's count from its supplier; trouble is a value, because an order decides on it. */
export function createStockReader(supplierOf: (name: SupplierName) => Supplier): StockReader {
  return async ({ supplier, name, packageId }) => {
    try {
      const reading = await supplierOf(supplier).readStock();
      const found = findPackage({ reading, packageName: name, packageId });
      if (!found) return { kind: 'missing', sentence: sayMissing({ supplier, name, packageId }) };
      const all = reading.packages.map(({ status: _, ...count }) => count);
      return {
        kind: 'count',
        count: found.available,
        name: found.name,
        packageId: found.packageId,
        all,
      };
    } catch (error) {
      if (!(error instanceof SupplierError)) throw error;
      const kind = error.code === 'rejectedCredentials' ? 'rejectedCredentials' : 'unreachable';
      return { kind, why: error.message };
    }
  };
}

function sayMissing(input: { supplier: SupplierName; name: string; packageId: string | null }): string {
  const id = input.packageId === null ? '' : ` (id ${input.packageId})`;
  return `Package "${input.name}"${id} is not in the stock list of ${input.supplier}.`;
}
