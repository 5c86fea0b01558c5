import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customerLink, isValidLink, orderLink } from '../../src/notifications/customer-link.ts';

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

test('the link to the page of an order counts for 90 days, for that order and that page alone', () => {
  const from = '2026-11-21T10:00:00.000Z';
  const link = new URL(orderLink({ publicUrl: 'https://shop.example/', secret }, { orderId: 'ord-1', from }));
  assert.equal(`${link.origin}${link.pathname}`, 'https://shop.example/orders/ord-1');
  const { until = '', key = '' } = Object.fromEntries(link.searchParams);
  const given = { orderId: 'ord-1', purpose: 'order', until, key };
  const last = Date.parse('2027-02-19T10:00:00.000Z');
  assert.ok(isValidLink({ secret, nowMs: last }, given));
  assert.ok(!isValidLink({ secret, nowMs: last + 1 }, given));
  for (const change of [{ orderId: 'ord-2' }, { purpose: 'renew' }, { purpose: '' }]) {
    assert.ok(!isValidLink({ secret, nowMs: last }, { ...given, ...change }), JSON.stringify(change));
  }
});
