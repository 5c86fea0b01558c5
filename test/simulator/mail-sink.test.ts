import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTransport } from 'nodemailer';
import { startTestSimulator, type TestSimulator } from '../support/simulator.ts';

let simulator: TestSimulator;
before(async () => {
  simulator = await startTestSimulator();
});
after(() => simulator.stop());

const send = (to: string, subject: string) =>
  createTransport(simulator.addresses.smtpUrl).sendMail({
    from: 'Shop <shop@example.test>',
    to,
    subject,
    text: 'Zugang für dich: naïve',
    html: '<p>Hello</p>',
  });

test('a mail is kept parsed, and found by recipient and by a part of its subject', async () => {
  await send('one@example.test', 'Your server is ready');
  await send('two@example.test', 'Order failed');
  const mails = await simulator.control.mails({ to: 'One@example.test', subject: 'SERVER' });
  assert.equal(mails.length, 1);
  const { from, to, subject, text, html, messageId } = mails[0] ?? {};
  assert.deepEqual([from, to, subject], ['shop@example.test', ['one@example.test'], 'Your server is ready']);
  assert.match(text ?? '', /Zugang für dich: naïve/);
  assert.match(html ?? '', /<p>Hello<\/p>/);
  assert.match(messageId ?? '', /^<.+@.+>$/);
  await simulator.control.clearMails();
  assert.deepEqual(await simulator.control.mails(), []);
});

test('the next mails can be refused for now with 451', async () => {
  await simulator.control.rejectMails(1);
  await assert.rejects(send('late@example.test', 'First'), /451/);
  await send('late@example.test', 'Second');
  assert.deepEqual(
    (await simulator.control.mails({ to: 'late@example.test' })).map((mail) => mail.subject),
    ['Second'],
  );
  assert.equal((await simulator.control.faults())[0]?.fired, 1);
});
