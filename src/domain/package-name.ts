/** How near an address must be to its package: by the package's own octets, or by its first two. */
export type MatchPolicy = 'exact' | 'sameNetwork16';

/** The four octets of an address. */
type Ipv4 = readonly [number, number, number, number];

/** A package's name, taken apart: every address whose octets fit belongs to it. `fourth: null` is any. */
interface PackageName {
  text: string;
  first: number;
  second: number;
  thirds: readonly number[];
  fourth: number | null;
}

const allOctets: readonly number[] = Array.from({ length: 256 }, (_, octet) => octet);

/** Blocks that no customer can reach (IANA special-purpose registry, RFC 6890), as [address, prefix bits]. */
const specialBlocks: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Reads one octet; a leading zero (octal to some readers), a sign or 256 is no octet. */
function parseOctet(text: string | undefined): number | undefined {
  if (text === undefined || !/^(?:0|[1-9]\d{0,2})$/.test(text)) return undefined;
  const octet = Number(text);
  return octet <= 255 ? octet : undefined;
}

/** Takes an address in dotted form apart; undefined for anything else (spaces, leading zeros, other dots). */
export function parseIpv4(text: string): Ipv4 | undefined {
  const parts = text.split('.');
  const [first, second, third, fourth] = parts.map(parseOctet);
  if (parts.length !== 4 || first === undefined || second === undefined) return undefined;
  if (third === undefined || fourth === undefined) return undefined;
  return [first, second, third, fourth];
}

function asNumber([first, second, third, fourth]: Ipv4): number {
  return ((first * 256 + second) * 256 + third) * 256 + fourth;
}

function isInBlock({ address, block }: { address: Ipv4; block: readonly [string, number] }): boolean {
  const start = parseIpv4(block[0]);
  const size = 2 ** (32 - block[1]);
  return start !== undefined && Math.floor(asNumber(address) / size) === Math.floor(asNumber(start) / size);
}

/** True where `text` is an address that can be reached from anywhere on the internet. */
export function isPublicIpv4(text: string): boolean {
  const address = parseIpv4(text);
  return address !== undefined && !specialBlocks.some((block) => isInBlock({ address, block }));
}

/** Third octets a name's third part stands for: none or `x` = all, `18x` = 18 and 180 to 189, `91` = 91. */
function parseThirds(text: string | undefined): readonly number[] | undefined {
  if (text === undefined || /^x$/i.test(text)) return allOctets;
  const prefix = /^([1-9]\d?)x$/i.exec(text)?.[1];
  if (prefix !== undefined) {
    const start = Number(prefix) * 10;
    return allOctets.filter((octet) => octet === start / 10 || (octet >= start && octet <= start + 9));
  }
  const octet = parseOctet(text);
  return octet === undefined ? undefined : [octet];
}

/**
 * Takes a supplier's package name apart: `103.181`, `103.181.91`, `103.83.x`, `103.109.18x` or one address.
 * Undefined where it has another shape; surrounding space is ignored. Source: names seen at SmartVPS.
 */
export function parsePackageName(text: string): PackageName | undefined {
  const name = text.trim();
  const parts = name.split('.');
  if (parts.length < 2 || parts.length > 4) return undefined;
  const first = parseOctet(parts[0]);
  const second = parseOctet(parts[1]);
  const thirds = parseThirds(parts[2]);
  if (first === undefined || second === undefined || thirds === undefined) return undefined;
  if (parts.length < 4) return { text: name, first, second, thirds, fourth: null };
  return parseIpv4(name) && { text: name, first, second, thirds, fourth: Number(parts[3]) };
}

/**
 * Finds the package name in a shop's product name (`🌊 103.184 (Diamond Pro AMD 3.1GHz)` -> `103.184`).
 * Text in brackets is left out; undefined unless exactly one word of the rest is a package name.
 */
export function extractPackageName(text: string): string | undefined {
  const words = text
    .replace(/\([^)]*\)|\[[^\]]*\]/g, ' ')
    .split(/[^\p{L}\p{N}_.]+/u)
    .filter((word) => parsePackageName(word) !== undefined);
  return words.length === 1 ? words[0] : undefined;
}

/** True where `address` belongs to the package under the policy, octet by octet; unreadable input never does. */
export function matchesPackage(input: {
  address: string;
  packageName: string;
  matchPolicy: MatchPolicy;
}): boolean {
  const address = parseIpv4(input.address);
  const name = parsePackageName(input.packageName);
  if (address === undefined || name === undefined) return false;
  if (address[0] !== name.first || address[1] !== name.second) return false;
  if (input.matchPolicy === 'sameNetwork16') return true;
  return name.thirds.includes(address[2]) && (name.fourth === null || name.fourth === address[3]);
}

/** Number of addresses the name stands for; 0 where it cannot be read. */
export function packageSize(packageName: string): number {
  const name = parsePackageName(packageName);
  return name === undefined ? 0 : name.thirds.length * (name.fourth === null ? 256 : 1);
}

/** Every address the name stands for, in rising order; none where it cannot be read. */
export function* candidateAddresses({ packageName }: { packageName: string }): Generator<string> {
  const name = parsePackageName(packageName);
  if (name === undefined) return;
  for (const third of name.thirds) {
    for (const fourth of name.fourth === null ? allOctets : [name.fourth]) {
      yield `${name.first}.${name.second}.${third}.${fourth}`;
    }
  }
}
