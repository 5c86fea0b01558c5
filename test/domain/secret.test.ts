import assert from 'node:assert/strict';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import { secret } from '../../src/domain/secret.ts';

test('a secret is told by reveal and by nothing else', () => {
  const login = { password: secret('Tr0ub4dor') };
  assert.equal(login.password.reveal(), 'Tr0ub4dor');
  const shown = [
    JSON.stringify(login),
    String(login.password),
    `${login.password}`,
    inspect(login, { depth: 9, showHidden: true }),
    inspect(login, { depth: 9, showHidden: true, customInspect: false, getters: true }),
    format('%s %o %O %j', login.password, login.password, login.password, login.password),
  ];
  for (const text of shown) assert.ok(!text.includes('Tr0ub4dor'), text);
  assert.equal(JSON.stringify(login), '{"password":"[secret]"}');
});
