const octets = Array.from({ length: 256 }, (_, octet) => String(octet));

/**
 * Every address that a package name stands for, written out one by one: the demo's own definition, which shares
 * nothing with the rule that it judges (src/domain/package-name.ts).
 */
export function addressesOfPackage(name: string): ReadonlySet<string> {
  const [first, second, third = 'x', fourth = 'x'] = name.trim().split('.');
  const hosts = octetsOf(fourth);
  return new Set(octetsOf(third).flatMap((net) => hosts.map((host) => `${first}.${second}.${net}.${host}`)));
}

/** `x` is any octet, `18x` is 18 and whatever is 18 with one more digit, anything else is itself. */
function octetsOf(part: string): string[] {
  const digits = part.toLowerCase().endsWith('x') ? part.slice(0, -1) : null;
  if (digits === null) return octets.filter((octet) => octet === part);
  if (digits === '') return octets;
  return octets.filter((octet) => octet.startsWith(digits) && octet.length <= digits.length + 1);
}
