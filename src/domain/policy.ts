import { parseDurationMs } from './duration.ts';
import type { MatchPolicy } from './package-name.ts';

/** Keys whose value is one duration string of the SDK. */
export const policyDurationKeys = [
  'longestPurchase',
  'lockWaitLimit',
  'waitForStock',
  'credentialsAlert',
  'credentialsLimit',
  'decisionDeadline',
  'stockEvery',
  'freeMonth',
  'provisioningLimit',
  'holderCheckEvery',
  'credentialsEvery',
  'settleAfter',
  'notBoughtAfter',
  'wipeLimit',
  'refundLimit',
  'watchOrdersEvery',
  'askGatewayEvery',
  'checkoutHold',
  'checkoutExpiry',
  'webhookMaxAge',
] as const;

/** Keys whose value is a list of duration strings. */
export const policyDurationListKeys = [
  'automaticRetries',
  'reminders',
  'breakerPauses',
  'freeMonthReminders',
] as const;

/** Keys whose value is a whole number from 0 up. */
export const policyNumberKeys = [
  'lowStockWarning',
  'stockPageAlert',
  'stockDailyReport',
  'stockAutoDisable',
  'stockReEnable',
  'reserve',
  'purchaseTries',
  'settleProbesPerSecond',
  'settleProbesMax',
  'breakerAfter',
] as const;

type DurationKey = (typeof policyDurationKeys)[number];
type DurationListKey = (typeof policyDurationListKeys)[number];
type NumberKey = (typeof policyNumberKeys)[number];

/** What is neither a number nor a duration. */
interface PolicyChoices {
  /** What happens to a failed order at its deadline. */
  decisionDefault: 'refund' | 'keepReminding';
  matchPolicy: MatchPolicy;
  claimStranded: boolean;
}

/** The shop's policy as its file says it (design 14): durations are strings of the SDK. */
export type Policy = Record<DurationKey, string> &
  Record<DurationListKey, readonly string[]> &
  Record<NumberKey, number> &
  PolicyChoices;

/** The policy as workflows and activities use it, plain JSON: `longestPurchaseMs`, `automaticRetriesMs`, ... */
export type ResolvedPolicy = { [Key in DurationKey as `${Key}Ms`]: number } & {
  [Key in DurationListKey as `${Key}Ms`]: number[];
} & Record<NumberKey, number> &
  PolicyChoices;

export const defaultPolicy: Policy = {
  longestPurchase: '4m',
  lockWaitLimit: '6h',
  waitForStock: '6h',
  credentialsAlert: '20m',
  credentialsLimit: '6h',
  automaticRetries: ['5m', '15m', '45m'],
  reminders: ['1h', '6h', '24h'],
  decisionDeadline: '48h',
  decisionDefault: 'refund',
  lowStockWarning: 5,
  stockPageAlert: 10,
  stockDailyReport: 5,
  stockAutoDisable: 3,
  stockReEnable: 10,
  reserve: 0,
  stockEvery: '5m',
  freeMonth: '30d',
  matchPolicy: 'exact',
  provisioningLimit: '10m',
  purchaseTries: 5,
  holderCheckEvery: '1m',
  credentialsEvery: '5s',
  settleAfter: '30s',
  notBoughtAfter: '3m',
  settleProbesPerSecond: 10,
  settleProbesMax: 1024,
  claimStranded: false,
  wipeLimit: '30m',
  refundLimit: '7d',
  breakerAfter: 3,
  breakerPauses: ['1m', '5m', '15m'],
  watchOrdersEvery: '1m',
  askGatewayEvery: '2m',
  checkoutHold: '15m',
  checkoutExpiry: '60m',
  webhookMaxAge: '3d',
  freeMonthReminders: ['7d', '1d'],
};

function durationMs({ key, text }: { key: string; text: string }): number {
  const ms = parseDurationMs(text);
  if (ms === undefined)
    throw new RangeError(`Failed to resolve the policy: ${key} is no duration: "${text}".`);
  return ms;
}

/** Turns every duration into milliseconds. Throws RangeError on a text that is none (a validated policy has none). */
export function resolvePolicy(policy: Policy): ResolvedPolicy {
  const { decisionDefault, matchPolicy, claimStranded } = policy;
  const resolved = Object.fromEntries([
    ...policyDurationKeys.map((key) => [`${key}Ms`, durationMs({ key, text: policy[key] })]),
    ...policyDurationListKeys.map((key) => [
      `${key}Ms`,
      policy[key].map((text) => durationMs({ key, text })),
    ]),
    ...policyNumberKeys.map((key) => [key, policy[key]]),
  ]);
  return { ...resolved, decisionDefault, matchPolicy, claimStranded } as ResolvedPolicy;
}
