import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatMoney, formatRupees, parseRupees } from '../../src/domain/money.ts';

const paise = fc.integer({ min: 0, max: 99_999_999_999_999 });

test('paise written as rupees read back as the same paise', () => {
  fc.assert(fc.property(paise, (amount) => assert.equal(parseRupees(formatRupees(amount)), amount)));
});

test('an amount that JSON carries as a number reads as exactly its paise', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 99_999_999 }), (amount) => {
      assert.equal(parseRupees(JSON.parse(formatRupees(amount)) as number), amount);
    }),
  );
});

test('rupees are read with none, one or two decimals and with further zeros', () => {
  assert.equal(parseRupees('499'), 49900);
  assert.equal(parseRupees('499.5'), 49950);
  assert.equal(parseRupees('499.05'), 49905);
  assert.equal(parseRupees('499.0500'), 49905);
  assert.equal(parseRupees('0.07'), 7);
  assert.equal(parseRupees(4.35), 435);
  assert.equal(parseRupees('1.1'), 110);
});

test('what is not an exact amount of paise is not read', () => {
  const bad = [
    '',
    ' 1',
    '1 ',
    '+1',
    '-1',
    '1.',
    '.5',
    '1.005',
    '1e3',
    '0x10',
    '1,000',
    '01',
    'NaN',
    'Infinity',
    '٣',
  ];
  for (const text of bad) assert.equal(parseRupees(text), undefined, text);
  for (const value of [0.1 + 0.2, 1e21, Number.NaN, -1])
    assert.equal(parseRupees(value), undefined, String(value));
  assert.equal(parseRupees('1234567890123'), undefined);
});

test('reading never yields anything but whole paise that say the same', () => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789.-+e '), maxLength: 18 });
  fc.assert(
    fc.property(digits, (text) => {
      const amount = parseRupees(text);
      if (amount === undefined) return;
      assert.ok(Number.isSafeInteger(amount) && amount >= 0);
      const [whole = '', part = ''] = text.split('.');
      assert.equal(BigInt(amount), BigInt(whole) * 100n + BigInt(part.slice(0, 2).padEnd(2, '0')));
    }),
    { numRuns: 2000 },
  );
});

test('an amount that is not whole and positive is not written', () => {
  for (const amount of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.throws(() => formatRupees(amount), /^RangeError: Failed to write .* paise as rupees/);
  }
});

test('people read rupees with their sign and other currencies with their code', () => {
  assert.equal(formatMoney({ amountMinor: 49900, currency: 'INR' }), '₹499.00');
  assert.equal(formatMoney({ amountMinor: 7, currency: 'USD' }), 'USD 0.07');
});
