import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { collectionsOf } from '../../src/database.ts';
import { createMailer, MailError, type Mailer } from '../../src/notifications/mailer.ts';
import type { Notice } from '../../src/notifications/notice.ts';
import {
  createNotifier,
  type NotificationDocument,
  type NotifierDeps,
} from '../../src/notifications/notifier.ts';
import type { Customer, OrderDocument } from '../../src/orders/order-document.ts';
import { startTestSimulator } from '../support/simulator.ts';
import { freshDatabase } from '../support/stack.ts';

const fresh = await freshDatabase();
const simulator = await startTestSimulator();
after(() => simulator.stop());

const db: NotifierDeps['db'] = {
  ...collectionsOf(fresh.db),
  notifications: fresh.db.collection<NotificationDocument>('notifications'),
};
const mailer = createMailer({ smtpUrl: simulator.addresses.smtpUrl, from: 'Shop <shop@shop.example>' });

const customer: Customer = {
  name: 'A <b>Customer</b>',
  email: 'customer@example.com',
  phone: '+919876543210',
};
const at = '2026-11-23T08:30:00.000Z';

const order: OrderDocument = {
  _id: 'ord-1',
  status: 'failed',
  statusSince: at,
  version: 1,
  owner: 'order-ord-1',
  open: true,
  goods: { state: 'none' },
  money: 'kept',
  remedy: null,
  productId: 'silver-91',
  productName: 'Silver',
  supplier: 'smartvps',
  packageKey: '103.181.91',
  matchPolicy: 'exact',
  ramGb: 8,
  os: 'Ubuntu 22',
  amountPaise: 49_900,
  currency: 'INR',
  customer,
  gateway: 'cashfree',
  gatewayOrderId: '7',
  paymentSessionId: 's',
  idempotency: null,
  createdAt: at,
  paidAt: at,
  paymentKey: null,
  failure: null,
  server: null,
  next: null,
  timeline: [],
};

const credentials = {
  factId: 'ord-1:credentials:ord-1#1',
  kind: 'credentials',
  orderId: 'ord-1',
  ip: '103.181.91.10',
  username: 'root',
  password: 'p&<w>0"\'rd',
  os: 'Ubuntu 22',
} as const satisfies Notice;

const payment = {
  gateway: 'cashfree',
  paymentId: '1453',
  orderId: 'ord-1',
  amountPaise: 100,
  currency: 'INR',
  paidAt: at,
} as const;

const wrongPackage =
  'SmartVPS assigned an IP of another package. Requested: "103.181.91", got: "103.182.44.18". The package has probably run out of IPs.';

const failed = {
  factId: 'ord-1:failed:wrongPackage:ord-1#1',
  kind: 'orderFailed',
  orderId: 'ord-1',
  code: 'wrongPackage',
  sentence: wrongPackage,
  packageName: '103.181.91',
  purchaseId: 'ord-1#1',
  ip: '103.182.44.18',
  next: { text: 'refund', at },
} as const satisfies Notice;

const waiting = {
  factId: 'ord-1:waiting',
  kind: 'waitingForStock',
  orderId: 'ord-1',
  packageName: '103.181.91',
  available: 0,
  waitsUntil: at,
} as const satisfies Notice;

beforeEach(async () => {
  await Promise.all([db.orders.deleteMany({}), db.notifications.deleteMany({})]);
  await db.orders.insertOne({ ...order });
  await simulator.control.clearMails();
});

function notifierWith(change: Partial<NotifierDeps> = {}) {
  return createNotifier({
    db,
    mailer,
    adminEmail: 'admin@shop.example',
    shopTimeZone: 'Asia/Kolkata',
    temporalUiUrl: 'http://127.0.0.1:8233',
    namespace: 'default',
    orderLink: ({ orderId }) => `https://shop.example/orders/${orderId}?until=1&key=k`,
    now: () => new Date().toISOString(),
    log: { info: () => {} },
    ...change,
  });
}

async function mailsOf(notice: Notice) {
  await notifierWith().notify(notice);
  return simulator.control.mails();
}

async function onlyMailOf(notice: Notice) {
  const mails = await mailsOf(notice);
  assert.equal(mails.length, 1);
  return mails[0] ?? assert.fail('no mail');
}

test('the login goes to the customer alone, as text and as escaped HTML', async () => {
  const mail = await onlyMailOf(credentials);
  assert.deepEqual(mail.to, ['customer@example.com']);
  assert.equal(mail.subject, 'Your server is ready (order ord-1)');
  for (const line of [
    'Address: 103.181.91.10',
    'Username: root',
    `Password: ${credentials.password}`,
    'Order: ord-1',
  ]) {
    assert.ok(mail.text.split('\n').includes(line), line);
  }
  assert.match(mail.html, /<code>p&amp;&lt;w&gt;0&quot;&#39;rd<\/code>/);
  assert.match(mail.html, /Hello A &lt;b&gt;Customer&lt;\/b&gt;,/);
});

test('the record of a mail holds no password, no address and no name', async () => {
  await mailsOf(credentials);
  const rows = await db.notifications.find().toArray();
  assert.equal(rows.length, 1);
  const { _id, state } = rows[0] ?? assert.fail('no row');
  assert.deepEqual([_id, state], ['ord-1:credentials:ord-1#1:customer', 'sent']);
  assert.doesNotMatch(JSON.stringify(rows), /rd"|root|customer@|Customer|98765/);
});

test('no mail but the one with the login holds a password, and no mail to the admin names the customer', async () => {
  const notices: Notice[] = [
    failed,
    {
      factId: 'w',
      kind: 'waitingForStock',
      orderId: 'ord-1',
      packageName: '103.181.91',
      available: 0,
      waitsUntil: at,
    },
    { factId: 'l', kind: 'lowStock', orderId: 'ord-1', packageName: '103.181.91', available: 3 },
    {
      factId: 'm',
      kind: 'paymentMismatch',
      hasLostCode: false,
      orderId: 'ord-1',
      payment,
      expected: { amountPaise: 49_900, currency: 'INR' },
    },
    { factId: 'e', kind: 'extraPayment', orderId: 'ord-1', payment },
    { factId: 'u', kind: 'unmatchedPayment', payment: { ...payment, orderId: 'nobody' } },
    {
      factId: 'c',
      kind: 'caseOpened',
      orderId: 'ord-1',
      purchaseId: 'ord-1#1',
      sentence: 'Unknown.',
      evidence: [],
    },
  ];
  for (const notice of notices) await notifierWith().notify(notice);
  const toAdmin = await simulator.control.mails({ to: 'admin@shop.example' });
  assert.equal(toAdmin.length, notices.length);
  for (const mail of toAdmin)
    assert.doesNotMatch(mail.text + mail.html + mail.subject, /customer@|A Customer|98765/i);
  const all = await simulator.control.mails();
  assert.equal(all.length, notices.length + 1);
  for (const mail of all) assert.doesNotMatch(mail.text, /password/i);
});

test('a failed order tells the admin code, sentence, package, address, what happens by itself and what to do', async () => {
  const mail = await onlyMailOf(failed);
  assert.deepEqual(mail.to, ['admin@shop.example']);
  assert.equal(mail.subject, 'Order ord-1 needs a decision: wrongPackage');
  assert.ok(mail.text.startsWith(`${wrongPackage}\n`));
  for (const line of [
    'Code: wrongPackage',
    'Package: 103.181.91',
    'Address: 103.182.44.18',
    'By itself: refund (23 Nov 2026, 14:00 GMT+5:30)',
    'Open the workflow: http://127.0.0.1:8233/namespaces/default/workflows/order-ord-1',
  ]) {
    assert.ok(mail.text.split('\n').includes(line), line);
  }
  assert.match(mail.text, /signal "retryOrder".*POST \/api\/orders\/provision \{"orderId":"ord-1"\}/);
});

test('a wait for stock is told to the customer without package or number, and to the admin with both', async () => {
  const mails = await mailsOf({
    factId: 'ord-1:waiting',
    kind: 'waitingForStock',
    orderId: 'ord-1',
    packageName: '103.181.91',
    available: 0,
    waitsUntil: at,
  });
  const textTo = (address: string) => mails.find(({ to }) => to.includes(address))?.text ?? '';
  assert.match(
    textTo('customer@example.com'),
    /Delayed, we are on it; expected by 23 Nov 2026, 14:00 GMT\+5:30\./,
  );
  assert.doesNotMatch(textTo('customer@example.com'), /103\.181|stock/i);
  assert.match(textTo('admin@shop.example'), /Package 103\.181\.91 has 0 available/);
});

test('a wait for a package that has a count says to the admin alone why nothing is bought', async () => {
  const why =
    'Package "103.181.91" sold an address of another package and counts as empty until its stock changes.';
  const mails = await mailsOf({ ...waiting, available: 50, why });
  const textTo = (address: string) => mails.find(({ to }) => to.includes(address))?.text ?? '';
  assert.ok(textTo('admin@shop.example').includes(`Order ord-1 is paid and waits for stock. ${why}`));
  assert.doesNotMatch(textTo('admin@shop.example'), /50 available/);
  assert.doesNotMatch(textTo('customer@example.com'), /another package/);
});

test("a customer's address that the mail server refuses keeps nothing from the admin", async () => {
  const refusing: Mailer = {
    ...mailer,
    async send(mail) {
      if (mail.to.address !== customer.email) return mailer.send(mail);
      throw new MailError({ code: 'mailRefused', message: 'Failed to send mail: 550.' });
    },
  };
  const waiting: Notice = {
    factId: 'ord-1:refused',
    kind: 'waitingForStock',
    orderId: 'ord-1',
    packageName: '103.181.91',
    available: 0,
    waitsUntil: at,
  };
  await assert.rejects(notifierWith({ mailer: refusing }).notify(waiting), { code: 'mailRefused' });
  const mails = await simulator.control.mails();
  assert.deepEqual(
    mails.map(({ to }) => to),
    [['admin@shop.example']],
  );
});

test("low stock is told in the owner's words", async () => {
  const mail = await onlyMailOf({
    factId: 'low',
    kind: 'lowStock',
    orderId: 'ord-1',
    packageName: '103.181.91',
    available: 3,
  });
  const sentence =
    'Package 103.181.91 is running low on IPs: 3 available; concurrent orders may get an address of another package';
  assert.ok(mail.text.startsWith(`${sentence}\n`));
});

test('a payment of another amount names both amounts, one without an order says so', async () => {
  const expected = { amountPaise: 49_900, currency: 'INR' };
  const mismatch = await onlyMailOf({
    factId: 'm',
    kind: 'paymentMismatch',
    hasLostCode: false,
    orderId: 'ord-1',
    payment,
    expected,
  });
  assert.match(mismatch.text, /Order ord-1 costs ₹499\.00, but ₹1\.00 was paid\. No server is bought/);
  assert.match(mismatch.text, /^Payment: 1453$/m);
  await simulator.control.clearMails();
  const unmatched = await onlyMailOf({
    factId: 'u',
    kind: 'unmatchedPayment',
    payment: { ...payment, orderId: 'nobody' },
  });
  assert.match(unmatched.text, /was paid for order nobody, which does not exist here/);
});

test('an open case shows its purchase and its evidence', async () => {
  const mail = await onlyMailOf({
    factId: 'c',
    kind: 'caseOpened',
    orderId: 'ord-1',
    purchaseId: 'ord-1#1',
    sentence: 'The answer of the supplier was lost.',
    evidence: [{ label: 'Stock before', value: '9' }],
  });
  assert.equal(mail.subject, 'Open case: purchase ord-1#1');
  assert.match(mail.text, /^Stock before: 9$/m);
});

test('without a Web UI address there is no link', async () => {
  await notifierWith({ temporalUiUrl: null }).notify(failed);
  const [mail] = await simulator.control.mails();
  assert.doesNotMatch(mail?.text ?? 'workflow:', /http|Open the workflow/);
});

test('a fact is told once, also when it is told again with other words', async () => {
  const notifier = notifierWith();
  assert.deepEqual(await notifier.notify(failed), { sent: 1 });
  assert.deepEqual(await notifier.notify({ ...failed, sentence: 'Other words.' }), { sent: 0 });
  assert.equal((await simulator.control.mails()).length, 1);
  assert.deepEqual(await notifier.notify({ ...failed, factId: 'ord-1:failed:wrongPackage:ord-1#2' }), {
    sent: 1,
  });
});

test('after a crash between sending and its record the mail goes out under the same Message-ID and date', async () => {
  const crash = new Error('crash');
  const notifications = new Proxy(db.notifications, {
    get(target, name) {
      if (name === 'updateOne') return () => Promise.reject(crash);
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  await assert.rejects(notifierWith({ db: { ...db, notifications } }).notify(failed), crash);
  assert.deepEqual(await notifierWith().notify(failed), { sent: 1 });
  const mails = await simulator.control.mails();
  assert.equal(mails.length, 2);
  assert.match(mails[0]?.messageId ?? '', /^<?[0-9a-f]{32}@shop\.example>?$/);
  assert.equal(mails[0]?.messageId, mails[1]?.messageId);
  const dateOf = (index: number) =>
    mails[index]?.headers.find(({ name }) => name.toLowerCase() === 'date')?.value;
  assert.equal(dateOf(0), dateOf(1));
});

test('a mail that the server put off is sent by the next try', async () => {
  await simulator.control.rejectMails(1);
  await assert.rejects(notifierWith().notify(credentials), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'mailUnreachable');
    assert.match(
      error.message,
      /^Failed to send mail [0-9a-f]{32}@shop\.example: no mail server took it \(\w+ 451\)/,
    );
    assert.doesNotMatch(`${error.message}${error.stack}${String(error.cause)}`, /customer@|rd"|98765/);
    return true;
  });
  assert.deepEqual(await notifierWith().notify(credentials), { sent: 1 });
});

test('a mail server that is not there is named by code, without the login of SMTP_URL', async () => {
  const absent = createMailer({ smtpUrl: 'smtp://user:leak@127.0.0.1:1', from: 'shop@shop.example' });
  await assert.rejects(
    notifierWith({ mailer: absent }).notify(failed),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'mailUnreachable');
      assert.doesNotMatch(`${error.message}${error.stack}${String(error.cause)}`, /leak/);
      return true;
    },
  );
});

/** Answers each recipient as told, and hands the rest to the mail server. */
function mailerThat(codes: Readonly<Record<string, MailError['code']>>): Mailer {
  return {
    ...mailer,
    send: async (mail) => {
      const code = codes[mail.to.address];
      if (code !== undefined) throw new MailError({ code, message: 'Failed to send.' });
      await mailer.send(mail);
    },
  };
}

test('of two mails that failed, the one that another try may send is thrown', async () => {
  const refusing = mailerThat({
    'customer@example.com': 'mailRefused',
    'admin@shop.example': 'mailUnreachable',
  });
  await assert.rejects(notifierWith({ mailer: refusing }).notify(waiting), { code: 'mailUnreachable' });
});

test('a fact that is told twice at the same moment is one mail', async () => {
  const notifier = notifierWith();
  const told = await Promise.all([notifier.notify(failed), notifier.notify(failed)]);
  assert.deepEqual(told.map(({ sent }) => sent).sort(), [0, 1]);
  assert.equal((await simulator.control.mails()).length, 1);
});

test('a login for an order that does not exist is an error that repeating does not help', async () => {
  await assert.rejects(notifierWith().notify({ ...credentials, orderId: 'gone' }), {
    code: 'unknownCustomer',
  });
  assert.equal(await db.notifications.countDocuments(), 0);
});

test('line breaks and lists in names, addresses and subjects make no further header or recipient', async () => {
  const evil: Parameters<Mailer['send']>[0] = {
    messageId: 'm@shop.example',
    to: { name: 'Evil\r\nBcc: victim@example.com', address: 'customer@example.com' },
    date: at,
    subject: 'Hello\r\nX-Evil: yes\u2028Bcc: victim@example.com',
    text: 'text',
    html: '<p>text</p>',
  };
  await mailer.send(evil);
  const [mail] = await simulator.control.mails();
  assert.deepEqual(mail?.to, ['customer@example.com']);
  const names = mail?.headers.map(({ name }) => name.toLowerCase()) ?? [];
  assert.ok(names.includes('subject'));
  assert.ok(!names.includes('bcc') && !names.includes('x-evil'));
});
