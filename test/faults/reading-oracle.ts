/*
 * A second, independent reading of a purchase's reply, which shares no code with the client: what a careful person
 * would accept as a sale. It may be laxer than the client (which may say "unknown" more often), never stricter.
 */

/** First and last address of each block that is not public (RFC 6890), as text of fixed width. */
const notPublic: [string, string][] = [
  ['000.000.000.000', '000.255.255.255'],
  ['010.000.000.000', '010.255.255.255'],
  ['100.064.000.000', '100.127.255.255'],
  ['127.000.000.000', '127.255.255.255'],
  ['169.254.000.000', '169.254.255.255'],
  ['172.016.000.000', '172.031.255.255'],
  ['192.000.000.000', '192.000.000.255'],
  ['192.000.002.000', '192.000.002.255'],
  ['192.088.099.000', '192.088.099.255'],
  ['192.168.000.000', '192.168.255.255'],
  ['198.018.000.000', '198.019.255.255'],
  ['198.051.100.000', '198.051.100.255'],
  ['203.000.113.000', '203.000.113.255'],
  ['224.000.000.000', '255.255.255.255'],
];

/** The text within up to three layers of JSON quoting. */
export function takeQuotesOff(text: string): string {
  let current = text.trim();
  for (let layer = 0; layer < 3; layer += 1) {
    try {
      const inner: unknown = JSON.parse(current);
      if (typeof inner !== 'string') return current;
      current = inner.trim();
    } catch {
      return current;
    }
  }
  return current;
}

/** Stands for a digit of another script, which no address has. */
const strangeDigit = '\uE000';

/** Signs that do not show are left out, and every script's digits are seen. */
function asItLooks(text: string): string {
  return text.replace(/\p{Cf}/gu, '').replace(/(?![0-9])\p{Nd}/gu, strangeDigit);
}

function isPublic(address: string): boolean {
  const octets = address.split('.');
  if (octets.length !== 4 || octets.some((octet) => !/^\d{1,3}$/.test(octet))) return false;
  if (octets.some((octet) => String(Number(octet)) !== octet || Number(octet) > 255)) return false;
  const wide = octets.map((octet) => octet.padStart(3, '0')).join('.');
  return !notPublic.some(([first, last]) => wide >= first && wide <= last);
}

/** The one public address of a reply that tells of a sale and of nothing else; undefined for every other reply. */
export function readSale(reply: { httpStatus: number; body: string }): string | undefined {
  if (reply.httpStatus < 200 || reply.httpStatus > 299) return undefined;
  const text = takeQuotesOff(reply.body);
  const verdicts = text.match(/(?:success|error)\s*\|/gi) ?? [];
  if (verdicts.length !== 1 || !text.toLowerCase().startsWith('success')) return undefined;
  const runs = (asItLooks(text).match(/[\d.\uE000]+/g) ?? []).map((run) => run.replace(/^\.+|\.+$/g, ''));
  const addresses = new Set(runs.filter((run) => /\d(?:\.\d+){3}/.test(run)));
  const [address] = addresses;
  return addresses.size === 1 && address !== undefined && isPublic(address) ? address : undefined;
}
