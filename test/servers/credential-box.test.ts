import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { createCredentialBox, type SealedLogin } from '../../src/servers/credential-box.ts';

const login = { username: 'root', password: 'pass-word-é"\\' };
const key = (id: string) => ({ id, key: randomBytes(32) });
const changed =
  'Failed to open the login of order a: it was changed, sealed for another order or under another key.';

test('what is sealed opens for its order, whatever it holds', () => {
  const box = createCredentialBox([key('k1')]);
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (username, password, orderId) => {
      const any = { username, password };
      assert.deepEqual(box.open({ orderId, sealed: box.seal({ orderId, login: any }) }), any);
    }),
    { numRuns: 100 },
  );
});

test('a seal shows nothing of the login and differs each time', () => {
  const box = createCredentialBox([key('k1')]);
  const [one, two] = [box.seal({ orderId: 'a', login }), box.seal({ orderId: 'a', login })];
  assert.notEqual(one.sealed, two.sealed);
  assert.notEqual(one.iv, two.iv);
  const bytes = Buffer.from(one.sealed, 'base64').toString('latin1');
  assert.doesNotMatch(JSON.stringify(one) + bytes, /root|pass-word/);
});

test('a seal of one order does not open for another', () => {
  const box = createCredentialBox([key('k1')]);
  const sealed = box.seal({ orderId: 'b', login });
  assert.throws(() => box.open({ orderId: 'a', sealed }), { message: changed });
});

test('keys rotate: the first seals, every one opens, a key that is gone is named', () => {
  const [old, young] = [key('old'), key('young')];
  const sealed = createCredentialBox([old]).seal({ orderId: 'a', login });
  const rotated = createCredentialBox([young, old]);
  assert.deepEqual(rotated.open({ orderId: 'a', sealed }), login);
  assert.equal(rotated.seal({ orderId: 'a', login }).keyId, 'young');
  assert.throws(() => createCredentialBox([young]).open({ orderId: 'a', sealed }), {
    message: 'Failed to open the login of order a: key "old" is not in CREDENTIALS_KEY. Add it there.',
  });
});

test('another key under the same id does not open', () => {
  const sealed = createCredentialBox([key('k1')]).seal({ orderId: 'a', login });
  assert.throws(() => createCredentialBox([key('k1')]).open({ orderId: 'a', sealed }), { message: changed });
});

test('a seal that was changed anywhere does not open, and the error shows nothing', () => {
  const box = createCredentialBox([key('k1')]);
  const sealed = box.seal({ orderId: 'a', login });
  const flip = (text: string) => {
    const bytes = Buffer.from(text, 'base64');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    return bytes.toString('base64');
  };
  const short = Buffer.from(sealed.tag, 'base64').subarray(0, 4).toString('base64');
  const tampered: Partial<SealedLogin>[] = [
    { iv: flip(sealed.iv) },
    { tag: flip(sealed.tag) },
    { sealed: flip(sealed.sealed) },
    { tag: short },
    { tag: '' },
    { iv: '' },
    { sealed: '' },
  ];
  for (const change of tampered) {
    assert.throws(
      () => box.open({ orderId: 'a', sealed: { ...sealed, ...change } }),
      (error: Error) => error.message === changed && !inspect(error).includes(login.password),
      JSON.stringify(change),
    );
  }
});

test('a box without a key is refused', () => {
  assert.throws(() => createCredentialBox([]), {
    message: 'Failed to make the credential box: it needs at least one key.',
  });
});
