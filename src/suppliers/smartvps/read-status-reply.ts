import { z } from 'zod';
import { parseIpv4 } from '../../domain/package-name.ts';
import { secret } from '../../domain/secret.ts';
import type { ServerStatus } from '../supplier.ts';
import { findErrorReason, parseReplyJson } from './unwrap-text.ts';

/** Any value as text: every member of `status` is free (assumed), so none makes a reply unreadable. */
const freeText = z
  .unknown()
  .optional()
  .transform((value) => (typeof value === 'string' || typeof value === 'number' ? String(value) : ''));

const statusMembers = {
  IP: freeText,
  // SmartVPS's own spelling; `Username` is seen as well.
  Usernane: freeText,
  Username: freeText,
  Password: freeText,
  OS: freeText,
  ExpiryDate: freeText,
  MachineStatus: freeText,
  PowerStatus: freeText,
  ActionStatus: freeText,
};
const statusSchema = z
  .record(z.string(), z.unknown())
  .refine((reply) => Object.keys(statusMembers).some((member) => Object.hasOwn(reply, member)))
  .pipe(z.object(statusMembers));

/** The ISO date at the front of a text, where it is a day of the calendar. */
function findIsoDate(text: string): string | undefined {
  const date = /^\d{4}-\d{2}-\d{2}(?![^T\s])/.exec(text.trim())?.[0];
  if (date === undefined) return undefined;
  const time = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date) ? date : undefined;
}

type StatusReading =
  | { kind: 'read'; status: ServerStatus }
  | { kind: 'unreadable' }
  | { kind: 'otherAddress' };

/**
 * Reads the reply of `status` about `ip`. `error|...` means that the address is not ours (assumed). A reply
 * that names another address is told apart: its login must never go to this server's customer.
 */
export function readStatusReply({ text, ip }: { text: string; ip: string }): StatusReading {
  const why = findErrorReason(text);
  if (why !== undefined) return { kind: 'read', status: { kind: 'notOurs', why } };
  const parsed = statusSchema.safeParse(parseReplyJson(text));
  if (!parsed.success) return { kind: 'unreadable' };
  const named = parsed.data.IP.trim();
  if (named !== '' && parseIpv4(named)?.join('.') !== ip) return { kind: 'otherAddress' };
  return { kind: 'read', status: describeServer({ ip, reply: parsed.data }) };
}

function describeServer({ ip, reply }: { ip: string; reply: z.infer<typeof statusSchema> }): ServerStatus {
  const username = reply.Username.trim() || reply.Usernane.trim();
  const expiryDate = reply.ExpiryDate.trim();
  const expiresOn = findIsoDate(expiryDate);
  return {
    kind: 'server',
    ip,
    ...(username === '' ? {} : { username }),
    ...(reply.Password.trim() === '' ? {} : { password: secret(reply.Password) }),
    os: reply.OS.trim(),
    ...(expiryDate === '' ? {} : { expiryDate }),
    ...(expiresOn === undefined ? {} : { expiresOn }),
    machineStatus: reply.MachineStatus.trim(),
    powerStatus: reply.PowerStatus.trim(),
    actionStatus: reply.ActionStatus.trim(),
  };
}
