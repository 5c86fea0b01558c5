import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeSync } from '../../src/stock/describe-sync.ts';

const nothing = { disabled: [], enabled: [] };
const read = { supplier: 'smartvps', kind: 'read', counted: 2, missing: [], skipped: [] } as const;

test('a sync that read everything says how many packages were counted, and what was switched', () => {
  const suppliers = [{ ...read, missing: [], skipped: [] }];
  assert.deepEqual(describeSync({ suppliers, disabled: ['a', 'b'], enabled: ['c'] }), {
    isWell: true,
    lines: ['The stock of smartvps is read, 2 packages counted.', 'Taken off sale: a, b.', 'Sold again: c.'],
  });
});

test('a supplier that did not answer is not told as read', () => {
  const told = describeSync({
    suppliers: [{ supplier: 'smartvps', kind: 'unread', why: 'HTTP 503.' }],
    ...nothing,
  });
  assert.deepEqual(told, {
    isWell: false,
    lines: ['The stock of smartvps is not read, the last counts stay: HTTP 503.'],
  });
});

test('what the list lacks, and what is unreadable in it, is named', () => {
  const suppliers = [{ ...read, missing: ['103.184'], skipped: ['entry 3 (x): ipv4 is missing'] }];
  const { isWell, lines } = describeSync({ suppliers, ...nothing });
  assert.deepEqual(
    [isWell, lines.slice(1)],
    [
      false,
      [
        'Not in its list, so not known now: 103.184.',
        'Left out because they cannot be read: entry 3 (x): ipv4 is missing.',
      ],
    ],
  );
});
