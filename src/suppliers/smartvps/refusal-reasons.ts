/**
 * Reasons of `error|<reason>` that mean that nothing was sold. None is documented by SmartVPS: each is assumed
 * from its wording. Everything that is not on this list is an unknown outcome and is never bought again by itself.
 */
const refusalReasons = [
  // Assumed: the account's balance is checked before an address is chosen.
  'Insufficient balance',
  // Assumed: without a package there is no address to sell.
  'Package not found',
  // Assumed: said instead of selling an address of another package.
  'No IP available',
] as const;

/** The listed reason that `text` is, apart from case and space around it; undefined where it is none. */
export function findRefusalReason(text: string): string | undefined {
  const folded = text.trim().toLowerCase();
  return refusalReasons.find((reason) => reason.toLowerCase() === folded);
}
