import type { PackageStock, StockReading } from './supplier.ts';

/**
 * Finds a package in a reading: by its id where that is known (names can be renamed upstream), else by its exact
 * name. Undefined where it is missing or listed more than once: its count is then unknown.
 */
export function findPackage(input: {
  reading: StockReading;
  packageName: string;
  packageId?: string | null | undefined;
}): PackageStock | undefined {
  const { reading, packageName, packageId } = input;
  const isAsked = (entry: PackageStock) =>
    packageId === undefined || packageId === null
      ? entry.name === packageName.trim()
      : entry.packageId === packageId;
  const found = reading.packages.filter(isAsked);
  return found.length === 1 ? found[0] : undefined;
}
