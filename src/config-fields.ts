import { readFileSync } from 'node:fs';
import { z } from 'zod';

const minimumSecretLength = 32;

/** Any text; `what` completes "Set it to ...". */
export const text = (what: string) => z.string({ error: `is missing. Set it to ${what}.` });

/** A secret of ours: long enough that nobody guesses it. */
export const ownSecret = (what: string) =>
  text(`${what} (at least ${minimumSecretLength} characters, e.g. from "openssl rand -hex 32")`).min(
    minimumSecretLength,
    {
      error: `is shorter than ${minimumSecretLength} characters. Make one with "openssl rand -hex 32".`,
    },
  );

/** True where `value` is an address of one of the protocols (`http:`) that names a host. */
export function isUrlOf(value: string, protocols: readonly string[]): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return protocols.includes(protocol) && hostname !== '' && value.toLowerCase().startsWith(`${protocol}//`);
}

const webUrl = (what: string) =>
  text(`${what}, e.g. https://api.example.com`).refine((value) => isUrlOf(value, ['http:', 'https:']), {
    error: `is not an http or https address. Set it to ${what}.`,
    abort: true,
  });

/** An http or https address, without slashes at its end: paths are put behind it. */
export const httpUrl = (what: string) =>
  webUrl(what)
    .refine((value) => !/[?#]/.test(value) && !/^[a-z]+:\/\/[^/]*@/i.test(value), {
      error: `holds a login, a query or a fragment. Set it to ${what}, host and path alone.`,
    })
    .transform((value) => value.replace(/\/+$/, ''));

/** An http or https address of a whole host, as its origin: the pages and their links begin at its root. */
export const originUrl = (what: string) =>
  webUrl(what)
    .refine((value) => isOrigin(new URL(value.replace(/\/+$/, ''))), {
      error: `has something behind its host. Set it to ${what}, without a path.`,
    })
    .transform((value) => new URL(value).origin);

function isOrigin({ pathname, search, hash, username, password }: URL): boolean {
  return pathname === '/' && `${search}${hash}${username}${password}` === '';
}

/** Lenient, as an operator may use `admin@localhost`: one `@`, nothing that would make it a list. */
const addressPattern = /^[^\s@<>,;"]+@[^\s@<>,;"]+$/;
const mailboxPattern = /^[^<>\r\n]*<([^<>\r\n]+)>$/;

/** A bare mail address. */
export const emailAddress = (what: string) =>
  text(`${what}, e.g. shop@example.com`).regex(addressPattern, {
    error: `is not a mail address. Set it to ${what}.`,
  });

/** `shop@example.com` or `Shop <shop@example.com>`. */
export const mailbox = (what: string) =>
  text(`${what}, e.g. "Shop <shop@example.com>"`).refine(
    (value) => addressPattern.test(mailboxPattern.exec(value)?.[1] ?? value),
    { error: `is not a mail address. Set it to ${what}, e.g. "Shop <shop@example.com>".` },
  );

/** The content of the file that the variable names. */
export const fileContent = z.string().transform((path, context) => {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    context.addIssue(`names a file that cannot be read (${code}). Give the path of a PEM file.`);
    return z.NEVER;
  }
});

/** An IANA time zone as the Temporal server spells it; UTC where unset. */
export const timeZone = z
  .string()
  .transform((value, context) => {
    const zone = findTimeZone(value);
    if (zone !== undefined) return zone;
    context.addIssue('is not a time zone. Use an IANA name, e.g. Asia/Kolkata.');
    return z.NEVER;
  })
  .default('UTC');

/** The server takes no other case, no offset, and none of the short names that only this runtime knows. */
function findTimeZone(value: string): string | undefined {
  const canonical = canonicalZone(value);
  if (canonical === undefined || canonical === 'UTC') return canonical;
  if (!value.includes('/')) return undefined;
  if (canonical.toLowerCase() === value.toLowerCase()) return canonical;
  // Another name of the zone, such as Asia/Kolkata, stays what people call it.
  const isSpelledWell = value.split(/[/_]/).every((part) => /^[A-Z][a-z]+$/.test(part));
  return isSpelledWell ? value : canonical;
}

function canonicalZone(value: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** A key that seals logins: 32 bytes with the id that is stored beside what it sealed. */
interface CredentialsKey {
  id: string;
  key: Uint8Array;
}

const credentialsKeyHelp =
  'Set it to the base64 of 32 bytes (e.g. from "openssl rand -base64 32"), or to id:base64,id:base64: the first seals, all open.';

/** `base64` or `id:base64,id:base64`, 32 bytes each; the id of a lone key is `default`. */
export const credentialsKeys = z
  .string({ error: `is missing. ${credentialsKeyHelp}` })
  .transform((value, context): CredentialsKey[] => {
    const keys = value.split(',').map((item) => parseCredentialsKey(item.trim()));
    const good = keys.filter((key) => key !== null);
    if (good.length < keys.length)
      context.addIssue(`holds a key that is not 32 bytes. ${credentialsKeyHelp}`);
    if (new Set(good.map((key) => key.id)).size < good.length) {
      context.addIssue('names two keys alike. Give each key an id of its own.');
    }
    return good;
  });

function parseCredentialsKey(item: string): CredentialsKey | null {
  const match = /^(?:([A-Za-z0-9_-]{1,32}):)?([A-Za-z0-9+/]{43}=)$/.exec(item);
  if (match?.[2] === undefined) return null;
  return { id: match[1] ?? 'default', key: new Uint8Array(Buffer.from(match[2], 'base64')) };
}

/** A mongodb or mongodb+srv address. */
export const databaseUrl = text('a MongoDB address, e.g. mongodb://127.0.0.1:27017').refine(
  (value) => /^mongodb(\+srv)?:\/\/[^/\s]+/.test(value),
  { error: 'is not a MongoDB address. Use mongodb://host:port/name or mongodb+srv://host/name.' },
);

/** The database that a MongoDB address names, else `harbourmaster`. */
export function databaseNameOf(uri: string): string {
  const path = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]*)/.exec(uri)?.[1] ?? '';
  return path === '' ? 'harbourmaster' : path;
}

/** A TCP port; 3000 where unset. */
export const port = z
  .string()
  .regex(/^\d{1,5}$/, { error: 'is not a port. Use a number from 0 to 65535 (0: any free one).' })
  .transform(Number)
  .refine((value) => value <= 65_535, {
    error: 'is not a port. Use a number from 0 to 65535 (0: any free one).',
  })
  .default(3000);
