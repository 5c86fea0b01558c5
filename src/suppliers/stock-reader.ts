import type { SupplierName } from '../domain/order.ts';
import type { StockCount } from '../domain/stock-check.ts';

/**
 * One package's count as a supplier states it now. `name` and `packageId` are today's; `all` holds every package of the
 * reading, which began at `readFrom` (ISO UTC).
 */
export type PackageReading =
  | {
      kind: 'count';
      count: number;
      name: string;
      packageId: string | null;
      all: StockCount[];
      readFrom: string;
    }
  | { kind: 'missing'; sentence: string }
  | { kind: 'unreachable'; why: string }
  | { kind: 'rejectedCredentials'; why: string };

/** Reads one package's count, found exactly by PID where it is known, else by name. */
export type StockReader = (input: {
  supplier: SupplierName;
  name: string;
  packageId: string | null;
}) => Promise<PackageReading>;
