/**
 * Expands entries such as `103.181.91.7` or `103.181.91.10-18` (a range of the last octet) into addresses, in order.
 * Throws with the entry that cannot be read.
 */
export function expandAddresses(entries: readonly string[]): string[] {
  return entries.flatMap((entry) => {
    const [first = '', last] = entry.split('-');
    const octets = parseOctets(first);
    const start = octets[3] ?? 0;
    const end = last === undefined ? start : Number(last);
    if (!Number.isInteger(end) || end < start || end > 255)
      throw new Error(`"${entry}" is no range of addresses`);
    const network = octets.slice(0, 3).join('.');
    return Array.from({ length: end - start + 1 }, (_, index) => `${network}.${start + index}`);
  });
}

/** An address of the network one below in the third octet, as the supplier now and then sells: 103.181.90.x for 103.181.91.x. */
export function neighbourAddress({
  address,
  taken,
}: {
  address: string;
  taken: (address: string) => boolean;
}) {
  const [first = 0, second = 0, third = 0] = parseOctets(address);
  const network = `${first}.${second}.${third === 0 ? 1 : third - 1}`;
  for (let last = 10; last < 255; last += 1) {
    if (!taken(`${network}.${last}`)) return `${network}.${last}`;
  }
  return undefined;
}

function parseOctets(address: string): number[] {
  const octets = address.split('.').map((octet) => (/^\d{1,3}$/.test(octet) ? Number(octet) : 256));
  if (octets.length !== 4 || octets.some((octet) => octet > 255))
    throw new Error(`"${address}" is no IPv4 address`);
  return octets;
}
