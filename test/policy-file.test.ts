import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { defaultPolicy } from '../src/domain/policy.ts';
import { PolicyError, readPolicyFile, validatePolicy } from '../src/policy-file.ts';

function problemsOf(input: unknown): string[] {
  const check = validatePolicy(input);
  return check.kind === 'invalid' ? check.problems : [];
}

test('an empty policy is the default one and a key changes its own value only', () => {
  assert.deepEqual(validatePolicy({}), { kind: 'valid', policy: defaultPolicy });
  assert.deepEqual(validatePolicy({ longestPurchase: '2 s', reserve: 5 }), {
    kind: 'valid',
    policy: { ...defaultPolicy, longestPurchase: '2 s', reserve: 5 },
  });
});

test('every key of the default policy is accepted', () => {
  assert.deepEqual(validatePolicy(structuredClone(defaultPolicy)), { kind: 'valid', policy: defaultPolicy });
});

test('an unknown key is named with its value', () => {
  assert.deepEqual(problemsOf({ longestPurchaes: '4m' }), [
    'longestPurchaes is no policy key (its value: "4m")',
  ]);
});

test('all problems are told at once, each with key and value', () => {
  const problems = problemsOf({
    longestPurchase: 240,
    waitForStock: 'soon',
    reserve: -1,
    lowStockWarning: '5',
    stockPageAlert: 2.5,
    automaticRetries: ['5m', 'never'],
    reminders: '1h',
    decisionDefault: 'giveUp',
    claimStranded: 'no',
    wipeLimit: '-5m',
    typo: null,
  });
  const expected = [
    /^longestPurchase must be a duration in quotes, such as "4m", not 240$/,
    /^waitForStock must be a duration such as .*, not "soon"$/,
    /^reserve must not be negative, not -1$/,
    /^lowStockWarning must be a whole number, not "5"$/,
    /^stockPageAlert must be a whole number, not 2.5$/,
    /^automaticRetries\[1\] must be a duration such as .*, not "never"$/,
    /^reminders must be a list of durations, .*, not "1h"$/,
    /^decisionDefault must be one of "refund", "keepReminding", not "giveUp"$/,
    /^claimStranded must be true or false, not "no"$/,
    /^wipeLimit must not be negative, not "-5m"$/,
    /^typo is no policy key \(its value: null\)$/,
  ];
  for (const pattern of expected) {
    assert.ok(
      problems.some((problem) => pattern.test(problem)),
      `${pattern} in ${problems.join('\n')}`,
    );
  }
  assert.equal(problems.length, expected.length);
});

test('re-enabling must lie above disabling, also against a default', () => {
  assert.deepEqual(problemsOf({ stockAutoDisable: 10 }), [
    'stockReEnable must be above stockAutoDisable (10), not 10',
  ]);
  assert.deepEqual(problemsOf({ stockAutoDisable: 0, stockReEnable: 1 }), []);
});

test('the limit of provisioning must not be shorter than the longest purchase', () => {
  assert.deepEqual(problemsOf({ provisioningLimit: '3m' }), [
    'provisioningLimit must not be shorter than longestPurchase ("4m"), not "3m"',
  ]);
  assert.deepEqual(problemsOf({ provisioningLimit: '240 s' }), []);
});

test('a rule over two keys is not applied to a value that is wrong in itself', () => {
  assert.equal(problemsOf({ provisioningLimit: 'x' }).length, 1);
  assert.equal(problemsOf({ stockReEnable: -4 }).length, 1);
});

test('zero is legal for stock marks and refused where it would spin or try without end', () => {
  assert.deepEqual(
    problemsOf({ lowStockWarning: 0, stockPageAlert: 0, settleAfter: '0s', automaticRetries: [] }),
    [],
  );
  assert.deepEqual(problemsOf({ holderCheckEvery: '0s', purchaseTries: 0, breakerPauses: [] }).sort(), [
    'breakerPauses must hold at least one duration, not []',
    'holderCheckEvery must be longer than 0, not "0s"',
    'purchaseTries must be at least 1, not 0',
  ]);
});

test('what is no object of keys is refused in words', () => {
  for (const input of [null, [], 'text', 5]) {
    assert.match(problemsOf(input).join(), /^the policy must be a JSON object of policy keys, not /);
  }
  const trap = problemsOf(JSON.parse('{"__proto__": {"reserve": 3}, "constructor": 1}'));
  assert.equal(trap.length, 2, trap.join());
});

test('a policy file is read over the defaults, and every way it can fail has its own code', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'policy-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'policy.json');
  await assert.rejects(readPolicyFile({ path }), {
    name: 'PolicyError',
    code: 'missing',
    message: `Failed to read the policy file ${path}: there is no such file. Check POLICY_FILE.`,
  });
  await assert.rejects(readPolicyFile({ path: folder }), { code: 'unreadable', message: /: EISDIR\./ });
  await writeFile(path, '\uFEFF{"reserve": 2}');
  assert.equal((await readPolicyFile({ path })).reserve, 2);
  await writeFile(path, '{"reserve": 2,}');
  await assert.rejects(readPolicyFile({ path }), { code: 'brokenJson', message: /it is not JSON/ });
  await writeFile(path, '{"reserve": -2, "typo": 1}');
  await assert.rejects(readPolicyFile({ path }), (error) => {
    assert.ok(error instanceof PolicyError);
    assert.equal(error.code, 'invalid');
    assert.equal(error.problems.length, 2);
    assert.match(error.message, /reserve must not be negative, not -2; typo is no policy key/);
    return true;
  });
});
