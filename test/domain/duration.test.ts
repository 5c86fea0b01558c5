import assert from 'node:assert/strict';
import { test } from 'node:test';
import { msToNumber } from '@temporalio/common';
import fc from 'fast-check';
import { describeDuration, parseDurationMs } from '../../src/domain/duration.ts';

const unitNames = [
  '',
  'ms',
  'msec',
  'msecs',
  'millisecond',
  'milliseconds',
  's',
  'sec',
  'secs',
  'second',
  'seconds',
];
unitNames.push(
  'm',
  'min',
  'mins',
  'minute',
  'minutes',
  'h',
  'hr',
  'hrs',
  'hour',
  'hours',
  'd',
  'day',
  'days',
);
unitNames.push('w', 'week', 'weeks', 'y', 'yr', 'yrs', 'year', 'years', 'M', 'Hours');

test('a duration string means what the Temporal SDK takes it to mean', () => {
  const number = fc.oneof(fc.nat(100_000).map(String), fc.constantFrom('1.5', '.5', '0', '0.25', '007'));
  fc.assert(
    fc.property(
      number,
      fc.constantFrom('', ' ', '  '),
      fc.constantFrom(...unitNames),
      (count, space, unit) => {
        const text = `${count}${space}${unit}`;
        if (text.endsWith(' ')) return;
        assert.equal(parseDurationMs(text), Math.round(msToNumber(text as '1s')), text);
      },
    ),
    { numRuns: 1000 },
  );
});

test('the durations of the policy are read', () => {
  assert.equal(parseDurationMs('4m'), 240_000);
  assert.equal(parseDurationMs('30d'), 2_592_000_000);
  assert.equal(parseDurationMs('5 minutes'), 300_000);
  assert.equal(parseDurationMs('-1s'), -1000);
  assert.ok(Object.is(parseDurationMs('-0s'), 0));
});

test('what the SDK does not read as a duration is none here', () => {
  for (const text of [
    '',
    ' ',
    'm',
    '4 parsecs',
    '4m30s',
    '1h 5m',
    'PT4M',
    ' 4m',
    '4m ',
    '4.m',
    '--4m',
    '1e3',
    'Infinity',
  ]) {
    assert.equal(parseDurationMs(text), undefined, text);
  }
});

test('people read a duration in one unit that suits it', () => {
  const cases: [number, string][] = [
    [0, '0 s'],
    [-5, '0 s'],
    [350, '350 ms'],
    [1_999, '1 s'],
    [90_000, '90 s'],
    [120_000, '2 minutes'],
    [15 * 60_000, '15 minutes'],
    [2 * 3_600_000, '2 h'],
    [2.5 * 3_600_000, '2 h 30 min'],
    [47 * 3_600_000, '47 h'],
    [48 * 3_600_000, '2 days'],
  ];
  for (const [ms, text] of cases) assert.equal(describeDuration(ms), text);
});
