import { assertNever } from './assert-never.ts';
import type { PurchaseReply } from './purchase-reply.ts';

/*
 * The verdicts on a purchase whose answer was lost (design 5). They are strict, because the supplier lies exactly when
 * a package is nearly empty: stock alone never proves anything, it only vetoes; thin evidence is a case, never a guess.
 */

const dayMs = 24 * 60 * 60 * 1000;
/** A fresh server expires one month after it was asked for, give or take this (supplier facts: `ExpiryDate`). */
const expiryToleranceMs = 2 * dayMs;

/** An address of the package that the supplier says is ours, and that no living tenancy of ours holds. */
export interface Candidate {
  ip: string;
  /** ISO date, null where the supplier's text is no date. */
  expiresOn: string | null;
  /** The order whose customer had it last, where only its month has ended: they may have renewed it elsewhere. */
  deliveredTo?: string;
}

/** Everything that is known about an unknown purchase. Times are ISO UTC. */
export interface SettlingEvidence {
  sentAt: string;
  now: string;
  /** True once the shop's older servers were imported, or it was said that there are none. */
  foreignKnown: boolean;
  probes:
    | { kind: 'probed'; asked: number; unanswered: number; candidates: Candidate[] }
    | { kind: 'tooLarge'; poolSize: number }
    | { kind: 'noPool' };
  /** Other purchases of this supplier that may have got an address of this package. */
  rivals: string[];
  /** Fresh count of the package before the purchase. */
  stockBefore: number | null;
  /** True where the package's counter moved at our last known sale of it. */
  counterAlive: boolean;
  /** The stock read afterwards, beside the one before; null where one of them could not be read. */
  stockAfter: StockAfter | null;
}

export interface StockAfter {
  /** False where the package's own count is another one than the sales that we know make it. */
  isOwnAsBefore: boolean;
  /** Other packages whose count fell beyond purchases that we know. */
  otherFalls: string[];
}

export interface SettlingPolicy {
  longestPurchaseMs: number;
  notBoughtAfterMs: number;
  lowStockWarning: number;
}

export type SettlingVerdict =
  | { kind: 'bought'; ip: string }
  | { kind: 'notBought'; why: string }
  | { kind: 'wait'; until: string }
  | { kind: 'case'; why: string };

/** Judges the evidence. `wait` asks to look again: nothing was found, and it is too early to call that proof. */
export function judgeUnknownPurchase(input: {
  evidence: SettlingEvidence;
  policy: SettlingPolicy;
}): SettlingVerdict {
  const { evidence } = input;
  const doubt = findDoubt(evidence);
  if (doubt !== null) return { kind: 'case', why: doubt };
  const candidates = evidence.probes.kind === 'probed' ? evidence.probes.candidates : [];
  const [first, second] = candidates;
  if (first && second) {
    const list = candidates.map(({ ip }) => ip).join(', ');
    return { kind: 'case', why: `More than one address could be the one that was bought: ${list}.` };
  }
  return first ? judgeCandidate(evidence, first) : judgeAbsence(input);
}

function findDoubt({ foreignKnown, probes }: SettlingEvidence): string | null {
  if (!foreignKnown) {
    return "The shop's older servers are not known: run `npm run ops -- servers import FILE`, or `--none`.";
  }
  if (probes.kind === 'noPool') return 'The name of the package does not say which addresses belong to it.';
  if (probes.kind === 'tooLarge')
    return `The package has ${probes.poolSize} addresses: too many to ask for each.`;
  if (probes.unanswered > 0) {
    return `The supplier did not answer for ${probes.unanswered} of ${probes.asked} addresses of the package.`;
  }
  return null;
}

function judgeCandidate(evidence: SettlingEvidence, candidate: Candidate): SettlingVerdict {
  const { ip, expiresOn, deliveredTo } = candidate;
  if (deliveredTo !== undefined) {
    return { kind: 'case', why: `${ip} is ours, but ${sayMayBeRenewed(deliveredTo)}.` };
  }
  if (evidence.rivals.length > 0) {
    return {
      kind: 'case',
      why: `${ip} may belong to another purchase as well: ${evidence.rivals.join(', ')}.`,
    };
  }
  if (expiresOn === null || !isOneMonthAfter(expiresOn, evidence.sentAt)) {
    return {
      kind: 'case',
      why: `${ip} is ours but expires ${expiresOn ?? 'at no readable date'}, not one month after it was asked for.`,
    };
  }
  return { kind: 'bought', ip };
}

/** Why an address whose month has ended may be somebody's all the same. */
export function sayMayBeRenewed(orderId: string): string {
  return `order ${orderId} was delivered with it, and its customer may have renewed it`;
}

function judgeAbsence(input: { evidence: SettlingEvidence; policy: SettlingPolicy }): SettlingVerdict {
  const { evidence, policy } = input;
  const proofAt = Date.parse(evidence.sentAt) + policy.longestPurchaseMs + policy.notBoughtAfterMs;
  if (Date.parse(evidence.now) < proofAt) return { kind: 'wait', until: new Date(proofAt).toISOString() };
  const veto = findVeto(evidence, policy);
  if (veto !== null) return { kind: 'case', why: `No address of the package is new, but ${veto}.` };
  return { kind: 'notBought', why: 'No address of the package is new, and nothing else was sold.' };
}

function findVeto(evidence: SettlingEvidence, { lowStockWarning }: SettlingPolicy): string | null {
  const { stockBefore, counterAlive, stockAfter } = evidence;
  if (stockBefore === null) return 'the stock before the purchase is not known';
  if (stockBefore <= lowStockWarning) {
    return `only ${stockBefore} were left: an address of another package may have been sold`;
  }
  if (!counterAlive) return "the package's counter is not known to move when something is sold";
  if (stockAfter === null) return 'the stock could not be read before and afterwards';
  if (!stockAfter.isOwnAsBefore) return 'the count of the package is another one than before';
  const { otherFalls } = stockAfter;
  if (otherFalls.length > 0) return `other packages have fewer than before: ${otherFalls.join(', ')}`;
  return null;
}

/** What an answer says against a verdict that was there first. */
export type Contradiction = { kind: 'sold'; ip: string } | { kind: 'notSold'; why: string };

/**
 * Holds an answer against a verdict: `boughtIp` is the address that the verdict names, null where it says that nothing
 * was bought. Null where they agree, or where the answer proves nothing. The verdict stays all the same.
 */
export function findContradiction(input: {
  boughtIp: string | null;
  reply: PurchaseReply;
}): Contradiction | null {
  const { boughtIp, reply } = input;
  switch (reply.kind) {
    case 'bought':
      return reply.ip === boughtIp ? null : { kind: 'sold', ip: reply.ip };
    case 'refused':
      return boughtIp === null ? null : { kind: 'notSold', why: reply.reason };
    case 'notSent':
    case 'rejectedCredentials':
      return boughtIp === null ? null : { kind: 'notSold', why: reply.why };
    case 'unknown':
      return null;
    default:
      return assertNever(reply);
  }
}

/** True where a server that was asked for at `sentAt` would expire on `expiresOn` (ISO date), within two days. */
export function isOneMonthAfter(expiresOn: string, sentAt: string): boolean {
  const expected = new Date(sentAt);
  const day = expected.getUTCDate();
  expected.setUTCMonth(expected.getUTCMonth() + 1);
  // A month after 31 January is the last day of February, not 3 March.
  if (expected.getUTCDate() !== day) expected.setUTCDate(0);
  expected.setUTCHours(0, 0, 0, 0);
  return Math.abs(Date.parse(expiresOn) - expected.getTime()) <= expiryToleranceMs;
}
