import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StockNotice } from '../../src/domain/order-notice.ts';
import { renderMail } from '../../src/notifications/render-mail.ts';
import { writeMails } from '../../src/notifications/write-mail.ts';

const settings = { shopTimeZone: 'Asia/Kolkata', temporalUiUrl: null, namespace: 'default' };

function mailOf(told: StockNotice) {
  const notice = { factId: 'f', ...told };
  const now = '2026-11-21T10:00:00.000Z';
  const [mail, ...others] = writeMails({ notice, settings, name: null, owner: null, now });
  assert.ok(mail && others.length === 0);
  assert.equal(mail.recipient, 'admin');
  return { subject: mail.subject, text: renderMail(mail).text };
}

test('the daily report has the subject that the owner asked for, and every package in its text', () => {
  const one = { packageName: '103.181.91', available: 3, staleSince: null };
  assert.equal(
    mailOf({ kind: 'lowStockReport', packages: [one] }).subject,
    'LOW IP ALERT: 103.181.91 has 3 IPs',
  );
  const names = ['103.1.1', '103.1.2', '103.1.3', '103.1.4'];
  const packages = names.map((packageName) => ({
    ...one,
    packageName,
    staleSince: '2026-11-21T08:00:00.000Z',
  }));
  const { subject, text } = mailOf({ kind: 'lowStockReport', packages });
  assert.equal(subject, 'LOW IP ALERT: 103.1.1 has 3 IPs, 103.1.2 has 3 IPs, 103.1.3 has 3 IPs and 1 more');
  for (const name of names) assert.ok(text.includes(name));
  assert.match(text, /not confirmed since 21 Nov 2026, 13:30/);
});

test('a stopped sale is told with its note and the way back, a resumed one with its count', () => {
  const about = { productId: 'silver-91', productName: 'Silver', packageName: '103.181.91' };
  const note = 'Auto-disabled: Only 3 IPs left (2026-11-21T10:00:00.000Z)';
  const stopped = mailOf({ kind: 'saleStopped', ...about, note });
  assert.equal(stopped.subject, 'No longer sold: Silver');
  assert.ok(stopped.text.includes(note) && stopped.text.includes('products --help'));
  const resumed = mailOf({ kind: 'saleResumed', ...about, available: 11 });
  assert.equal(resumed.subject, 'Sold again: Silver');
  assert.match(resumed.text, /103\.181\.91 has 11 IPs again/);
});
