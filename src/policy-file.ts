import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { parseDurationMs } from './domain/duration.ts';
import {
  defaultPolicy,
  type Policy,
  policyDurationKeys,
  policyDurationListKeys,
  policyNumberKeys,
} from './domain/policy.ts';

/** Longer ones would put a date behind what JavaScript can write. */
const longestDurationMs = 100 * 365 * 24 * 3_600_000;

/** Keys where 0 would mean a loop without a pause, a division by 0 or, for the SDK, tries without end. */
const keysAboveZero: readonly string[] = [
  'longestPurchase',
  'stockEvery',
  'holderCheckEvery',
  'credentialsEvery',
  'watchOrdersEvery',
  'askGatewayEvery',
  'purchaseTries',
  'settleProbesPerSecond',
  'breakerAfter',
];

type PolicyCheck = { kind: 'valid'; policy: Policy } | { kind: 'invalid'; problems: string[] };

/** Why a policy cannot be used; `problems` holds one sentence each. */
export class PolicyError extends Error {
  readonly code: 'missing' | 'unreadable' | 'brokenJson' | 'invalid';
  readonly problems: readonly string[];

  constructor(input: {
    code: PolicyError['code'];
    path: string;
    problems: readonly string[];
    remedy: string;
  }) {
    super(`Failed to read the policy file ${input.path}: ${input.problems.join('; ')}. ${input.remedy}`);
    this.name = 'PolicyError';
    this.code = input.code;
    this.problems = input.problems;
  }
}

function findDurationProblem({ key, text }: { key: string; text: string }): string | undefined {
  const ms = parseDurationMs(text);
  if (ms === undefined) return 'must be a duration such as "4m", "30 s" or "2h"';
  if (ms < 0) return 'must not be negative';
  if (ms === 0 && keysAboveZero.includes(key)) return 'must be longer than 0';
  return ms > longestDurationMs ? 'must be at most 100 years' : undefined;
}

function durationSchema(key: string) {
  return z.string({ error: 'must be a duration in quotes, such as "4m"' }).superRefine((text, context) => {
    const message = findDurationProblem({ key, text });
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}

function durationListSchema(key: string) {
  const list = z.array(durationSchema(key), { error: 'must be a list of durations, such as ["5m", "15m"]' });
  return key === 'breakerPauses' ? list.min(1, { error: 'must hold at least one duration' }) : list;
}

function numberSchema(key: string) {
  const least = keysAboveZero.includes(key) ? 1 : 0;
  return z
    .int({ error: 'must be a whole number' })
    .min(least, { error: least === 0 ? 'must not be negative' : 'must be at least 1' });
}

function choiceSchema<const Choice extends readonly [string, ...string[]]>(choices: Choice) {
  return z.enum(choices, { error: `must be one of ${choices.map((choice) => `"${choice}"`).join(', ')}` });
}

const policySchema = z
  .strictObject(
    {
      ...Object.fromEntries(policyDurationKeys.map((key) => [key, durationSchema(key)])),
      ...Object.fromEntries(policyDurationListKeys.map((key) => [key, durationListSchema(key)])),
      ...Object.fromEntries(policyNumberKeys.map((key) => [key, numberSchema(key)])),
      decisionDefault: choiceSchema(['refund', 'keepReminding']),
      matchPolicy: choiceSchema(['exact', 'sameNetwork16']),
      claimStranded: z.boolean({ error: 'must be true or false' }),
    },
    { error: 'must be a JSON object of policy keys' },
  )
  .partial();

/** The value as its writer sees it, cut short. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

function valueAt({ input, path }: { input: unknown; path: readonly PropertyKey[] }): unknown {
  return path.reduce<unknown>(
    (value, key) => (value === null || value === undefined ? undefined : Reflect.get(Object(value), key)),
    input,
  );
}

function describeIssue({ input, issue }: { input: unknown; issue: z.core.$ZodIssue }): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(
      (key) => `${key} is no policy key (its value: ${show(valueAt({ input, path: [key] }))})`,
    );
  }
  const [key, index] = issue.path;
  const name = index === undefined ? String(key ?? 'the policy') : `${String(key)}[${String(index)}]`;
  return [`${name} ${issue.message}, not ${show(valueAt({ input, path: issue.path }))}`];
}

/** The two rules that span keys; skipped for a pair of which one value is wrong already. */
function findPairProblems({
  policy,
  wrongKeys,
}: {
  policy: Policy;
  wrongKeys: readonly unknown[];
}): string[] {
  const problems: string[] = [];
  const isReadable = (...keys: string[]) => keys.every((key) => !wrongKeys.includes(key));
  const { stockReEnable, stockAutoDisable, provisioningLimit, longestPurchase } = policy;
  if (isReadable('stockReEnable', 'stockAutoDisable') && stockReEnable <= stockAutoDisable) {
    problems.push(`stockReEnable must be above stockAutoDisable (${stockAutoDisable}), not ${stockReEnable}`);
  }
  if (isReadable('provisioningLimit', 'longestPurchase')) {
    const limitMs = parseDurationMs(provisioningLimit) ?? 0;
    if (limitMs < (parseDurationMs(longestPurchase) ?? 0)) {
      problems.push(
        `provisioningLimit must not be shorter than longestPurchase ("${longestPurchase}"), not "${provisioningLimit}"`,
      );
    }
  }
  return problems;
}

/** Checks what a policy file holds and fills in the defaults; all problems at once, each with key and value. */
export function validatePolicy(input: unknown): PolicyCheck {
  const parsed = policySchema.safeParse(input);
  const issues = parsed.error?.issues ?? [];
  const problems = issues.flatMap((issue) => describeIssue({ input, issue }));
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  const policy = { ...defaultPolicy, ...(isObject ? input : {}) } as Policy;
  problems.push(...findPairProblems({ policy, wrongKeys: issues.map((issue) => issue.path[0]) }));
  return problems.length === 0 ? { kind: 'valid', policy } : { kind: 'invalid', problems };
}

async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw code === 'ENOENT'
      ? new PolicyError({
          code: 'missing',
          path,
          problems: ['there is no such file'],
          remedy: 'Check POLICY_FILE.',
        })
      : new PolicyError({
          code: 'unreadable',
          path,
          problems: [code],
          remedy: 'Check the file and its rights.',
        });
  }
}

function parseJson({ path, text }: { path: string; text: string }): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const problems = [`it is not JSON (${error instanceof Error ? error.message : String(error)})`];
    throw new PolicyError({ code: 'brokenJson', path, problems, remedy: 'Correct the file.' });
  }
}

/** Reads POLICY_FILE over the defaults. Throws PolicyError: missing, unreadable, broken JSON or invalid. */
export async function readPolicyFile({ path }: { path: string }): Promise<Policy> {
  const check = validatePolicy(parseJson({ path, text: await readText(path) }));
  if (check.kind === 'valid') return check.policy;
  throw new PolicyError({
    code: 'invalid',
    path,
    problems: check.problems,
    remedy: 'Correct these values or leave the keys out to have the defaults.',
  });
}
