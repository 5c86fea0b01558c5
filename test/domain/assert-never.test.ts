import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNever } from '../../src/domain/assert-never.ts';

test('an impossible value is named when it is a word and never shown when it is an object', () => {
  assert.throws(() => assertNever('sold' as never), { message: 'Unexpected value of a closed union: sold' });
  assert.throws(() => assertNever({ password: 'x9' } as never), {
    message: 'Unexpected value of a closed union: object',
  });
});
