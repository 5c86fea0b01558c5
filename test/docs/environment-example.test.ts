import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { type Part, readConfig } from '../../src/config.ts';
import { configVariables, readProjectFile } from './project-files.ts';

const example = parseEnv(readProjectFile('.env.example'));
const parts: readonly Part[] = ['worker', 'api', 'ops', 'import', 'namespace'];

test('.env.example holds every variable that is read, and no other', () => {
  assert.deepEqual(Object.keys(example).sort(), configVariables().sort());
});

for (const part of parts) {
  test(`.env.example is a whole environment for the part ${part}`, () => {
    assert.doesNotThrow(() => readConfig(part, example));
  });
}

test('without one of its required variables the example is refused by name', () => {
  assert.throws(
    () => readConfig('worker', { ...example, CREDENTIALS_KEY: '' }),
    /CREDENTIALS_KEY is missing/,
  );
});

test('every secret of .env.example says that it is for a trial', () => {
  for (const name of ['STOREFRONT_TOKEN', 'ADMIN_TOKEN', 'SESSION_SECRET']) {
    assert.match(example[name] ?? '', /^trial-only-/, name);
  }
  const key = Buffer.from(example.CREDENTIALS_KEY ?? '', 'base64').toString('utf8');
  assert.equal(key, 'trial-only-key-not-for-real-use!');
});

test('suppliers and gateways that are not built yet are off', () => {
  const { hostycare } = readConfig('worker', example);
  const { razorpay } = readConfig('api', example);
  assert.deepEqual({ hostycare, razorpay }, { hostycare: null, razorpay: null });
});
