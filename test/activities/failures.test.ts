import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { ApplicationFailure, defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { SMTPServer } from 'smtp-server';
import { notYet, toFailure, withFailures } from '../../activities/failures.ts';
import { BrokenRecord } from '../../src/domain/broken-record.ts';
import { createMailer, type Mail } from '../../src/notifications/mailer.ts';
import { UnknownCustomerError } from '../../src/notifications/notifier.ts';
import { SupplierError } from '../../src/suppliers/supplier-error.ts';

const recipient = 'customer.name@example.com';

/** All that Temporal keeps of an error. */
function kept(error: unknown): string {
  const failure = toFailure(error);
  const stored = defaultFailureConverter.errorToFailure(failure, defaultPayloadConverter);
  return `${JSON.stringify(stored)} ${inspect(failure)}`;
}

/** A mail server that answers each recipient as told, and a login with 535. */
async function startMailServer(refusal: { responseCode: number; message: string } | null) {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onAuth: (_auth, _session, done) =>
      done(Object.assign(new Error('no such login mail-user'), { responseCode: 535 })),
    onRcptTo: (_address, _session, done) =>
      done(refusal && Object.assign(new Error(refusal.message), { responseCode: refusal.responseCode })),
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return (server.server.address() as AddressInfo).port;
}

const mail: Mail = {
  messageId: '0123456789abcdef0123456789abcdef@shop.example',
  to: { name: 'Customer Name', address: recipient },
  date: '2026-11-21T10:00:00.000Z',
  subject: 'Your server',
  text: 'Password: pw-7f3a',
  html: '<p>pw-7f3a</p>',
};

async function sendTo(port: number, login = '') {
  const mailer = createMailer({ smtpUrl: `smtp://${login}127.0.0.1:${port}`, from: 'shop@shop.example' });
  try {
    await mailer.send(mail);
  } catch (error) {
    return error;
  }
  return assert.fail('the mail went out');
}

const secrets = /customer\.name|Customer Name|pw-7f3a|mail-user|mail-pass/;

test('a mail server that repeats the recipient in its refusal tells Temporal nothing of it, and is not asked again', async () => {
  const message = `5.1.1 <${recipient}>: Recipient address rejected: pw-7f3a`;
  const error = await sendTo(await startMailServer({ responseCode: 550, message }));
  assert.doesNotMatch(kept(error), secrets);
  const failure = toFailure(error);
  assert.equal(
    failure.message,
    'Failed to send mail 0123456789abcdef0123456789abcdef@shop.example: the mail server refused it (EENVELOPE 550). Check SMTP_URL, MAIL_FROM and the recipient.',
  );
  assert.deepEqual([failure.type, failure.nonRetryable], ['MailError', true]);
});

test('a mail server that is busy is asked again', async () => {
  const error = await sendTo(await startMailServer({ responseCode: 451, message: `later, ${recipient}` }));
  assert.doesNotMatch(kept(error), secrets);
  assert.equal(toFailure(error).nonRetryable, false);
});

test('a rejected login of ours shows nothing and is tried again: it heals once SMTP_URL is right', async () => {
  const error = await sendTo(await startMailServer(null), 'mail-user:mail-pass@');
  assert.doesNotMatch(kept(error), secrets);
  assert.match(toFailure(error).message, /no mail server took it \(EAUTH 535\)/);
  assert.equal(toFailure(error).nonRetryable, false);
});

test('addresses of people and logins in URLs are taken out of any error', () => {
  const text = `no <${recipient}>, "a.b+c@mail.example.co.in" at mongodb://user:p%40ss@db:27017/x and smtps://u:mail-pass@h`;
  const failure = toFailure(new Error(text, { cause: new Error(recipient) }));
  assert.equal(
    failure.message,
    'no <[removed]>, "[removed]" at mongodb://[removed]@db:27017/x and smtps://[removed]@h',
  );
  assert.doesNotMatch(kept(new Error(text, { cause: new Error(recipient) })), secrets);
  assert.equal(notYet({ why: text, retryMs: 5 }).message, failure.message);
  assert.equal(toFailure(recipient).message, '[removed]');
});

test('a supplier error keeps its type and sentence, and is tried again', () => {
  const error = new SupplierError({
    code: 'unreachable',
    action: 'read the server 103.181.91.7 at SmartVPS',
    why: 'the connection broke',
    remedy: 'Check SMARTVPS_BASE_URL.',
  });
  const { type, message, nonRetryable, cause, details } = toFailure(error);
  assert.deepEqual(
    { type, message, nonRetryable, cause, details },
    {
      type: 'SupplierError',
      message:
        'Failed to read the server 103.181.91.7 at SmartVPS: the connection broke. Check SMARTVPS_BASE_URL.',
      nonRetryable: false,
      cause: undefined,
      details: undefined,
    },
  );
});

test('what another try cannot heal is not tried again', () => {
  assert.equal(toFailure(new BrokenRecord('gone')).nonRetryable, true);
  const unknown = new UnknownCustomerError({ orderId: 'a', kind: 'credentials' });
  assert.equal(toFailure(unknown).nonRetryable, true);
  assert.equal(toFailure(new TypeError('a bug')).nonRetryable, true);
  assert.equal(toFailure(Object.assign(new Error('x'), { code: 'ECONNRESET' })).nonRetryable, false);
});

test('every activity is wrapped: results pass, errors are mapped, failures stay as they are', async () => {
  const own = ApplicationFailure.create({ type: 'Refused', message: 'no' });
  const wrapped = withFailures({
    fine: async (value: number) => value + 1,
    fails: async () => {
      throw Object.assign(new Error('x'), { request: { headers: 'Basic pw-7f3a' } });
    },
    refuses: async () => {
      throw own;
    },
    breaksAtOnce: () => {
      throw new RangeError('no');
    },
  });
  assert.equal(await wrapped.fine(1), 2);
  await assert.rejects(wrapped.fails(), (error) => !inspect(error, { depth: 9 }).includes('pw-7f3a'));
  await assert.rejects(wrapped.refuses(), (error) => error === own);
  await assert.rejects(async () => wrapped.breaksAtOnce(), { type: 'RangeError' });
});
