import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customerLink, isValidLink } from '../../src/notifications/customer-link.ts';

const secret = 'a secret of at least thirty-two characters';
const until = '2026-12-21T10:00:00.000Z';
const link = new URL(
  customerLink({ publicUrl: 'https://shop.example/', secret }, { orderId: 'ord-1', purpose: 'renew', until }),
);
const given = {
  orderId: 'ord-1',
  purpose: 'renew',
  until: link.searchParams.get('until') ?? '',
  key: link.searchParams.get('key') ?? '',
};
const nowMs = Date.parse('2026-12-01T00:00:00.000Z');

test('a link counts for its order and its purpose until its end, and for nothing else', () => {
  assert.equal(`${link.origin}${link.pathname}`, 'https://shop.example/orders/ord-1/renew');
  assert.ok(isValidLink({ secret, nowMs }, given));
  assert.ok(!isValidLink({ secret, nowMs: Date.parse(until) + 1 }, given), 'it has ended');
  assert.ok(!isValidLink({ secret: secret.toUpperCase(), nowMs }, given), 'another secret');
  const changes = [
    { orderId: 'ord-2' },
    { purpose: 'switch' },
    { until: String(Number(given.until) + 1) },
    { until: '' },
    { until: '9e9' },
    { key: '' },
    { key: `${given.key}=` },
    { key: given.key.toLowerCase() },
  ];
  for (const change of changes) {
    assert.ok(!isValidLink({ secret, nowMs }, { ...given, ...change }), JSON.stringify(change));
  }
});
