import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawValue } from '@temporalio/common';
import fc from 'fast-check';
import { findLockKey, packageLockId } from '../../workflows/contract/package-lock.ts';
import { findInteger, findText, readSignal, type SignalInput } from '../../workflows/contract/read-signal.ts';
import { readForceRelease, readPauseLock, readRelease } from '../../workflows/package-lock-messages.ts';

test("a lock's id names supplier and package, and gives both back", () => {
  assert.equal(
    packageLockId({ supplier: 'smartvps', packageName: '103.181.91' }),
    'package-lock-smartvps-103.181.91',
  );
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z]+$/),
      fc.string({ minLength: 1, unit: 'grapheme' }),
      (supplier, packageName) => {
        const key = { supplier, packageName };
        assert.deepEqual(findLockKey(packageLockId(key)), key);
      },
    ),
  );
});

test('ids of other workflows are no locks', () => {
  for (const id of ['order-1', 'package-lock-', 'package-lock-smartvps', 'package-lock-smartvps-', '']) {
    assert.equal(findLockKey(id), undefined, id);
  }
});

test('a signal carries nothing, a text, fields, or something unreadable', () => {
  const read = (value: unknown) => readSignal(new RawValue(value));
  assert.deepEqual(readSignal(undefined), { kind: 'none' });
  for (const nothing of [undefined, null, '', '  ']) assert.deepEqual(read(nothing), { kind: 'none' });
  assert.deepEqual(read(' why '), { kind: 'text', text: 'why' });
  assert.deepEqual(read({ a: 1 }), { kind: 'fields', fields: { a: 1 } });
  assert.deepEqual(read([1]), { kind: 'unreadable', why: 'it is a list' });
  assert.deepEqual(read(7), { kind: 'unreadable', why: 'it is a number' });
  assert.deepEqual(read(true), { kind: 'unreadable', why: 'it is a boolean' });
  assert.deepEqual(read(new Uint8Array([1])), { kind: 'unreadable', why: 'it is bytes' });
});

test('fields are read by type, and never from the prototype', () => {
  const from: SignalInput = { kind: 'fields', fields: { text: ' a ', empty: ' ', number: 3, half: 0.5 } };
  assert.equal(findText({ from, name: 'text' }), 'a');
  assert.equal(findInteger({ from, name: 'number' }), 3);
  for (const name of ['empty', 'number', 'missing', 'toString']) {
    assert.equal(findText({ from, name }), undefined, name);
  }
  for (const name of ['text', 'half', 'missing']) assert.equal(findInteger({ from, name }), undefined, name);
});

test('a long or ill-formed reason is cut and mended, an ill-formed id is refused', () => {
  const paused = readPauseLock({ kind: 'text', text: `\ud800${'x'.repeat(900)}` });
  assert.ok(paused.type === 'paused' && paused.reason.length === 500 && paused.reason.isWellFormed());
  assert.equal(readForceRelease({ kind: 'text', text: '\ud800#1' }).type, 'refused');
});

test('a release with an outcome that nobody knows says nothing about the supplier', () => {
  const given = readRelease({ kind: 'fields', fields: { requestId: 'a#1', outcome: 'splendid' } });
  assert.deepEqual(given, { type: 'released', requestId: 'a#1', outcome: 'noVerdict', fencingNumber: null });
});
