import type { SupplierName } from '../domain/order.ts';

/** What a sync found and changed; products by their id. */
interface FoundStock {
  suppliers: (
    | { supplier: SupplierName; kind: 'read'; counted: number; missing: string[]; skipped: string[] }
    | { supplier: SupplierName; kind: 'unread'; why: string }
  )[];
  disabled: string[];
  enabled: string[];
}

/** A sync for people, a line each; not `isWell` where something could not be read. */
export function describeSync({ suppliers, disabled, enabled }: FoundStock): {
  isWell: boolean;
  lines: string[];
} {
  const isWell = suppliers.every(
    (one) => one.kind === 'read' && one.missing.length + one.skipped.length === 0,
  );
  const lines = [
    ...suppliers.flatMap((one) => {
      if (one.kind === 'unread')
        return [`The stock of ${one.supplier} is not read, the last counts stay: ${one.why}`];
      const { supplier, counted, missing, skipped } = one;
      return [
        `The stock of ${supplier} is read, ${counted} packages counted.`,
        ...listed('Not in its list, so not known now', missing),
        ...listed('Left out because they cannot be read', skipped),
      ];
    }),
    ...listed('Taken off sale', disabled),
    ...listed('Sold again', enabled),
  ];
  return { isWell, lines };
}

function listed(what: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${what}: ${names.join(', ')}.`];
}
