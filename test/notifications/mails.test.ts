import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { collectionsOf } from '../../src/database.ts';
import { failureCodes } from '../../src/domain/order.ts';
import { createMailer } from '../../src/notifications/mailer.ts';
import type { Notice } from '../../src/notifications/notice.ts';
import { createNotifier, type NotificationDocument } from '../../src/notifications/notifier.ts';
import { sendShopNotice } from '../../src/notifications/send-shop-notice.ts';
import { anOrder } from '../support/builders.ts';
import { startTestSimulator } from '../support/simulator.ts';
import { freshDatabase } from '../support/stack.ts';

const fresh = await freshDatabase();
const simulator = await startTestSimulator();
after(() => simulator.stop());
const { orders } = collectionsOf(fresh.db);
const notifications = fresh.db.collection<NotificationDocument>('notifications');
const ui = 'http://127.0.0.1:8233/namespaces/shop/workflows';
const at = '2026-11-23T08:30:00.000Z';
const shopTime = '23 Nov 2026, 14:00 GMT+5:30';

const notifier = createNotifier({
  db: { orders, notifications },
  mailer: createMailer({ smtpUrl: simulator.addresses.smtpUrl, from: 'Shop <shop@shop.example>' }),
  adminEmail: 'admin@shop.example',
  shopTimeZone: 'Asia/Kolkata',
  temporalUiUrl: 'http://127.0.0.1:8233/',
  namespace: 'shop',
  orderLink: ({ orderId, from }) => `https://shop.example/orders/${orderId}?until=${Date.parse(from)}&key=k`,
  now: () => '2026-11-23T14:30:00.000Z',
  log: { info: () => {} },
});

beforeEach(async () => {
  await Promise.all([orders.deleteMany({}), notifications.deleteMany({})]);
  await orders.insertOne(anOrder({ _id: 'ord-1', owner: 'compensation-ord-1' }));
  await simulator.control.clearMails();
});

type Told = Notice extends infer N ? (N extends Notice ? Omit<N, 'factId'> : never) : never;

async function mailOf(told: Told) {
  await notifier.notify({ factId: 'ord-1:fact', ...told } as Notice);
  const mails = await simulator.control.mails();
  assert.equal(mails.length, 1);
  return mails[0] ?? assert.fail('no mail');
}

function assertLines(text: string, ...lines: string[]): void {
  for (const line of lines) assert.ok(text.split('\n').includes(line), `${line}\nis not in\n${text}`);
}

const orderId = 'ord-1';
const ordered = { productName: 'Silver', ramGb: 8, os: 'Ubuntu 22', amountPaise: 49_900, currency: 'INR' };
const code = 'wrongPackage';
const sentence = 'SmartVPS assigned an IP of another package.';

const refund = {
  kind: 'refunded',
  orderId,
  amountPaise: 49_900,
  currency: 'INR',
  paidFor: 'server',
  isByHand: false,
} as const;

const toCustomer: readonly Told[] = [
  { kind: 'paid', orderId, expectedBy: at, ...ordered },
  { kind: 'delayed', orderId, expectedBy: at },
  { kind: 'delayed', orderId, expectedBy: null },
  { ...refund, cancelled: false },
  { ...refund, cancelled: true },
];

test('a paid order is confirmed to the customer with what was ordered and when it is expected', async () => {
  const mail = await mailOf({ kind: 'paid', orderId, expectedBy: at, ...ordered });
  assert.deepEqual(mail.to, ['customer@example.com']);
  assert.equal(mail.subject, 'We have received your payment (order ord-1)');
  assertLines(
    mail.text,
    'Hello A Customer,',
    `It is expected by ${shopTime}. Its login comes in a mail of its own.`,
    'Product: Silver',
    'Memory: 8 GB',
    'Paid: ₹499.00',
  );
});

test('a delay is told with the expected moment where there is one', async () => {
  const mail = await mailOf({ kind: 'delayed', orderId, expectedBy: at });
  assertLines(mail.text, `Delayed, we are on it; expected by ${shopTime}.`);
  await notifications.deleteMany({});
  await simulator.control.clearMails();
  assertLines((await mailOf({ kind: 'delayed', orderId, expectedBy: null })).text, 'Delayed, we are on it.');
});

test('a refund names its amount, and says whether the order was cancelled', async () => {
  const mail = await mailOf({ ...refund, cancelled: false });
  assert.equal(mail.subject, 'Your money for order ord-1 is on its way back');
  assert.match(mail.text, /We have sent ₹499\.00 back the way you paid\./);
  assert.doesNotMatch(mail.text, /cancelled/);
  await notifications.deleteMany({});
  await simulator.control.clearMails();
  assert.match((await mailOf({ ...refund, cancelled: true })).text, /^your order ord-1 is cancelled\.$/m);
});

test('a refund says what was paid for and how it went back', async () => {
  const mails: [Partial<typeof refund> | object, RegExp][] = [
    [{}, /could not give you the server that you ordered\.[\s\S]*₹499\.00 back the way you paid\./],
    [{ paidFor: 'deliveredServer' }, /^your order has ended: its server is switched off and wiped\.$/m],
    [{ paidFor: 'renewal' }, /^your payment for one more month was not used/m],
    [{ isByHand: true }, /We have sent ₹499\.00 back to you\./],
  ];
  for (const [change, words] of mails) {
    await notifications.deleteMany({});
    await simulator.control.clearMails();
    assert.match((await mailOf({ ...refund, cancelled: false, ...change })).text, words);
  }
});

test('every mail to a customer leads to the page of their order; none to the admin does', async () => {
  const link = `How your order stands: https://shop.example/orders/ord-1?until=${Date.parse('2026-11-23T14:30:00.000Z')}&key=k`;
  for (const [index, told] of toCustomer.entries()) {
    await notifier.notify({ factId: `f${index}`, ...told } as Notice);
  }
  await notifier.notify({ factId: 'admin', kind: 'credentialsLate', orderId, ip: '103.1.1.1', until: at });
  const mails = await simulator.control.mails();
  assert.equal(mails.length, toCustomer.length + 1);
  for (const { to, text, html } of mails) {
    const isCustomers = to[0] === 'customer@example.com';
    assert.equal(text.split('\n').includes(link), isCustomers, text);
    assert.equal(html.includes('/orders/ord-1?until='), isCustomers);
  }
});

test('no mail to a customer holds a code, a supplier, a package, a workflow or another link', async () => {
  for (const [index, told] of toCustomer.entries()) {
    await notifier.notify({ factId: `f${index}`, ...told } as Notice);
  }
  const mails = await simulator.control.mails({ to: 'customer@example.com' });
  assert.equal(mails.length, toCustomer.length);
  const inner = new RegExp(
    [...failureCodes, 'supplier', 'smartvps', '103\\.181', 'workflow', 'http', 'null', 'undefined'].join('|'),
    'i',
  );
  for (const { subject, text, html } of mails) {
    const own = /https:\/\/shop\.example\/orders\/ord-1\?\S*?key=k/g;
    assert.doesNotMatch(`${subject}\n${text}\n${html}`.replaceAll(own, ''), inner);
    assert.match(html, /^<!doctype html>/);
  }
});

test('a reminder says how long the order has waited, what happens by itself and what can be sent', async () => {
  const mail = await mailOf({
    kind: 'decisionReminder',
    orderId,
    code,
    sentence,
    packageName: '103.181.91',
    since: at,
    nth: 2,
    next: { text: 'refund', at },
  });
  assert.deepEqual(mail.to, ['admin@shop.example']);
  assert.equal(mail.subject, 'Reminder 2: order ord-1 needs a decision: wrongPackage');
  assertLines(
    mail.text,
    sentence,
    `It has waited for a decision since ${shopTime}.`,
    `By itself: refund (${shopTime})`,
    `Open the workflow: ${ui}/compensation-ord-1`,
  );
  assert.match(mail.text, /signal "retryOrder"/);
  assert.match(mail.text, /signal "compensateOrder" with \{"option": "refund"/);
});

const defaults = [
  { choice: 'refund', says: /the money goes back to the customer now/ },
  { choice: 'cancel', says: /the order is cancelled now/ },
  { choice: 'keepReminding', says: /Nothing happens by itself/ },
] as const;

for (const { choice, says } of defaults) {
  test(`a deadline that passed is told with its default: ${choice}`, async () => {
    const mail = await mailOf({ kind: 'deadlinePassed', orderId, code, sentence, default: choice });
    assert.equal(mail.subject, 'Nobody decided in time: order ord-1 (wrongPackage)');
    assert.match(mail.text, says);
    assert.equal(/signal "retryOrder"/.test(mail.text), choice === 'keepReminding');
  });
}

test('a late login is told with its server and until when the order looks for it', async () => {
  const mail = await mailOf({ kind: 'credentialsLate', orderId, ip: '103.181.91.7', until: at });
  assert.equal(mail.subject, 'Order ord-1 waits for the login of 103.181.91.7');
  assert.match(mail.text, new RegExp(`until ${shopTime.replace('+', '\\+')}; then it needs a decision`));
});

test('an open case is brought back with owner and age', async () => {
  const mail = await mailOf({
    kind: 'caseReminder',
    orderId,
    purchaseId: 'ord-1#1',
    openedAt: at,
    sentence: 'The answer of the supplier was lost.',
  });
  assert.equal(mail.subject, 'Still open after 6 h: case of purchase ord-1#1');
  assertLines(mail.text, 'Owner: compensation-ord-1', 'Age: 6 h', `Open since: ${shopTime}`);
  assert.match(mail.text, /"resolvePurchase"/);
});

test('a paused lock is told with who, why and until when, and leads to its own page', async () => {
  const lockId = 'package-lock-smartvps-103.181.91';
  const told = { kind: 'lockPaused', lockId, reason: 'SmartVPS is down', by: 'breaker' } as const;
  const mail = await mailOf({ ...told, until: at });
  assert.equal(mail.subject, `Paused: ${lockId}`);
  assertLines(
    mail.text,
    'Why: SmartVPS is down',
    'By: breaker',
    `Until: ${shopTime}`,
    `Open the workflow: ${ui}/${lockId}`,
  );
  await notifications.deleteMany({});
  await simulator.control.clearMails();
  assertLines((await mailOf({ ...told, until: null })).text, 'Until: somebody resumes it');
});

test('a lost lock, a restart, failing tasks and a bound are told with their figures', async () => {
  const facts: readonly { told: Told; subject: string; line: string }[] = [
    {
      told: { kind: 'lockBroken', lockId: 'package-lock-smartvps-a', why: 'was terminated', waiters: 3 },
      subject: 'The queue of package-lock-smartvps-a was lost and is made anew',
      line: 'Waiting: 3',
    },
    {
      told: {
        kind: 'refundTakenBack',
        orderId,
        refundId: 'refund-7',
        gateway: 'razorpay',
        amountPaise: 49_900,
        currency: 'INR',
        takenBackAt: at,
      },
      subject: 'A refund of order ord-1 was cancelled after it was paid',
      line: 'Amount: ₹499.00',
    },
    {
      told: { kind: 'orderRestarted', orderId, times: 2, why: 'terminated' },
      subject: 'Order ord-1 was started again 2 times',
      line: 'Found: terminated',
    },
    {
      told: { kind: 'tasksFailing', workflowId: 'order-ord-1', attempts: 4, failure: 'No such activity' },
      subject: 'Workflow order-ord-1 cannot go on: its tasks fail',
      line: 'Attempts: 4',
    },
    {
      told: { kind: 'orderPastBound', orderId, status: 'preparing', since: at },
      subject: 'Order ord-1 is past its bound: Server bought, waiting for its login',
      line: `Since: ${shopTime}`,
    },
  ];
  for (const { told, subject, line } of facts) {
    const mail = await mailOf(told);
    assert.equal(mail.subject, subject);
    assertLines(mail.text, line);
    await notifications.deleteMany({});
    await simulator.control.clearMails();
  }
});

test('a fact of the shop is told once, and its record names no order where it is about none', async () => {
  const notice = { kind: 'lockPaused', lockId: 'l', reason: 'r', by: 'b', until: null } as const;
  await sendShopNotice({ notifier }, { factId: 'lockPaused:l:1', notice });
  await sendShopNotice({ notifier }, { factId: 'lockPaused:l:1', notice: { ...notice, reason: 'other' } });
  assert.equal((await simulator.control.mails()).length, 1);
  const rows = await notifications.find().toArray();
  assert.deepEqual(
    rows.map(({ _id, orderId, state }) => [_id, orderId, state]),
    [['lockPaused:l:1:admin', null, 'sent']],
  );
});
