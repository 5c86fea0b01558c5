import { assertNever } from '../../domain/assert-never.ts';
import { isPublicIpv4 } from '../../domain/package-name.ts';
import type { PurchaseReply, RawPurchaseReply } from '../../domain/purchase-reply.ts';
import { findRefusalReason } from './refusal-reasons.ts';
import { unwrapText } from './unwrap-text.ts';

/** Ends a stored reply of which the rest was cut off: the rest may have named another address. */
export const cutOffMark = '[cut off here]';

/** Invisible or broken signs within could hide a part of an address: 103.195.26.5 of 103.195.26.51. */
const hiddenSign = /[\p{Cf}\p{Co}\p{Cs}\p{Cn}\u{FFFD}]|(?<=[\d.])\p{Cc}(?=[\d.])/u;

/** Whole words, and those among them that hold an address or what could be a damaged one. */
const words = /[\p{L}\p{N}_./-]+/gu;
const addressLike = /\d(?:\.\d+){3}/;

function findAddressWords(text: string): string[] {
  const found = (text.match(words) ?? []).filter((word) => addressLike.test(word));
  return [...new Set(found.map((word) => word.replace(/\.+$/, '')))];
}

/** What a purchase's reply means. Pure: the same stored reply gives the same verdict on every run. */
export function interpretPurchaseReply(reply: RawPurchaseReply): PurchaseReply {
  switch (reply.kind) {
    case 'notSent':
      return { kind: 'notSent', why: reply.why };
    case 'noAnswer':
      return { kind: 'unknown', why: reply.why };
    case 'answer':
      return interpretAnswer(reply);
    default:
      return assertNever(reply);
  }
}

function interpretAnswer({ httpStatus, body }: { httpStatus: number; body: string }): PurchaseReply {
  const text = unwrapText(body);
  const isSale = /^success\s*\|/i.test(text);
  if (httpStatus >= 200 && httpStatus < 300) return interpretText(text);
  // A status that denies and a text that sells contradict each other: nobody knows.
  if (isSale)
    return unknown(`SmartVPS answered with HTTP status ${httpStatus} and a text that tells of a sale`);
  if (httpStatus === 404 || httpStatus === 429) {
    return { kind: 'notSent', why: `SmartVPS answered with HTTP status ${httpStatus}` };
  }
  if (httpStatus === 401 || httpStatus === 403) {
    return { kind: 'rejectedCredentials', why: `SmartVPS rejected our login (HTTP status ${httpStatus})` };
  }
  return unknown(`SmartVPS answered with HTTP status ${httpStatus}`);
}

function interpretText(text: string): PurchaseReply {
  if (text.endsWith(cutOffMark)) return unknown('the answer is too long to be one');
  const [, verdict, rest] = /^(success|error)\s*\|([\s\S]*)$/i.exec(text) ?? [];
  if (verdict === undefined || rest === undefined)
    return unknown('the answer is neither a success nor an error');
  if (/(?:success|error)\s*\|/i.test(rest)) return unknown('the answer holds two verdicts');
  if (hiddenSign.test(text)) return unknown('the answer holds signs that do not show');
  return verdict.toLowerCase() === 'success' ? interpretSale(rest) : interpretError(rest);
}

function interpretSale(text: string): PurchaseReply {
  const [ip, ...others] = findAddressWords(text);
  if (ip === undefined) return unknown('the answer tells of a sale and names no address');
  if (others.length > 0)
    return unknown(`the answer tells of a sale and names ${others.length + 1} addresses`);
  return isPublicIpv4(ip)
    ? { kind: 'bought', ip }
    : unknown('the answer tells of a sale and names no public address');
}

function interpretError(text: string): PurchaseReply {
  const reason = findRefusalReason(text);
  if (reason !== undefined) return { kind: 'refused', reason };
  return unknown(
    `SmartVPS answered "error|${text.trim().slice(0, 200)}", which does not prove that nothing was sold`,
  );
}

function unknown(why: string): PurchaseReply {
  return { kind: 'unknown', why };
}
