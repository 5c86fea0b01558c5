import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { OrderNotice } from '../../src/domain/order-notice.ts';
import type { Notice } from '../../src/notifications/notice.ts';
import { mismatchMail } from '../../src/notifications/payment-mails.ts';
import { sendOrderNotice } from '../../src/notifications/send-order-notice.ts';
import type { OrderDocument } from '../../src/orders/order-document.ts';
import { recordRefundByHand } from '../../src/payments/refund-by-hand.ts';
import { createCredentialBox } from '../../src/servers/credential-box.ts';
import { anOrder, aPackage, aPayment, aPurchase } from '../support/builders.ts';
import { createMemoryCollections } from '../support/memory-collections.ts';

const ip = '103.181.91.7';
const login = { username: 'root', password: 'pw-7f3a' };
const next = { text: 'refund', at: '2026-11-23T10:00:00.000Z' };

/** Past midnight in the shop, the evening before in UTC. */
const settings = { shopTimeZone: 'UTC', temporalUiUrl: null, namespace: 'shop' };
const clock = { now: () => '2026-11-21T20:00:00.000Z', shopTimeZone: 'Asia/Kolkata' };

async function setUp() {
  const db = createMemoryCollections();
  const box = createCredentialBox([{ id: 'k1', key: randomBytes(32) }]);
  await db.orders.insertOne(anOrder({ _id: 'a', goods: { state: 'delivered', purchaseId: 'a#1' }, next }));
  await db.packages.insertOne(aPackage({ name: 'Silver 91' }));
  await db.purchases.insertOne(aPurchase({ _id: 'a#1', state: 'bought', ip }));
  const sealedAt = '2026-11-21T10:01:00.000Z';
  const sealed = box.seal({ orderId: 'a', login });
  await db.credentials.insertOne({ _id: 'a#1', orderId: 'a', ...sealed, os: 'ubuntu', sealedAt });
  const told: Notice[] = [];
  const notifier = {
    notify: async (notice: Notice) => {
      told.push(notice);
      return { sent: 1 };
    },
  };
  const send = (notice: OrderNotice, orderId = 'a') =>
    sendOrderNotice(
      { db, box, notifier, ...clock, linkOf: ({ purpose }) => `link:${purpose}` },
      { orderId, factId: `${orderId}:fact`, notice },
    );
  return { db, told, send };
}

test('the login is opened for its mail alone', async () => {
  const { told, send } = await setUp();
  assert.equal(await send({ kind: 'credentials' }), undefined);
  assert.deepEqual(told, [
    { factId: 'a:fact', kind: 'credentials', orderId: 'a', ip, ...login, os: 'Ubuntu 22', replaces: null },
  ]);
});

test('a login that cannot be opened is told without showing it', async () => {
  const { db, told, send } = await setUp();
  await db.credentials.updateOne({ _id: 'a#1' }, { $set: { tag: randomBytes(16).toString('base64') } });
  await assert.rejects(
    send({ kind: 'credentials' }),
    (error: Error) =>
      /^Failed to open the login of order a: /.test(error.message) &&
      !/pw-7f3a|example\.com/.test(inspect(error, { depth: 9 })),
  );
  assert.deepEqual(told, []);
});

test('a login that was never sealed is told', async () => {
  const { db, send } = await setUp();
  await db.orders.updateOne({ _id: 'a' }, { $set: { goods: { state: 'none' } } });
  await assert.rejects(send({ kind: 'credentials' }), /order a/);
});

test('stock and failures are told with the name of the package today and what happens next', async () => {
  const { told, send } = await setUp();
  await send({ kind: 'waitingForStock', available: 0 });
  await send({ kind: 'lowStock', available: 3 });
  const failed = {
    kind: 'orderFailed',
    code: 'wrongPackage',
    sentence: 'Wrong.',
    purchaseId: 'a#1',
    ip,
    next: { text: 'retried by itself', at: null },
  } as const;
  await send(failed);
  const reminder = {
    kind: 'decisionReminder',
    code: 'wrongPackage',
    sentence: 'Wrong.',
    since: next.at,
    nth: 1,
    next,
  } as const;
  await send(reminder);
  const about = { factId: 'a:fact', orderId: 'a', packageName: 'Silver 91' };
  assert.deepEqual(told, [
    { ...about, kind: 'waitingForStock', available: 0, waitsUntil: next.at },
    { ...about, factId: 'lowStock:smartvps:103.181.91:2026-11-22', kind: 'lowStock', available: 3 },
    { ...about, ...failed },
    { ...about, ...reminder },
  ]);
});

test('a payment is confirmed with what was ordered, and facts that need nothing else pass as they are', async () => {
  const { told, send } = await setUp();
  await send({ kind: 'paid', expectedBy: next.at });
  const plain = [
    { kind: 'delayed', expectedBy: null },
    { kind: 'deadlinePassed', code: 'wrongPackage', sentence: 'Wrong.', default: 'refund' },
    { kind: 'credentialsLate', ip, until: next.at },
  ] as const;
  for (const notice of plain) await send(notice);
  const ordered = { productName: 'Silver', ramGb: 8, os: 'Ubuntu 22', amountPaise: 49_900, currency: 'INR' };
  const about = { factId: 'a:fact', orderId: 'a' };
  assert.deepEqual(told, [
    { ...about, kind: 'paid', expectedBy: next.at, ...ordered },
    ...plain.map((notice) => ({ ...about, ...notice })),
  ]);
});

test('a case is told with what is known, an answer after the verdict included', async () => {
  const { db, told, send } = await setUp();
  const reply = { kind: 'noAnswer', why: 'the connection broke' } as const;
  const lateReply = { kind: 'answer', httpStatus: 200, body: `success|${ip}`, receivedAt: 'later' } as const;
  await db.purchases.updateOne({ _id: 'a#1' }, { $set: { state: 'case', reply, lateReply } });
  await send({ kind: 'caseOpened', purchaseId: 'a#1', sentence: 'Who knows.' });
  const [notice] = told;
  assert.ok(notice?.kind === 'caseOpened');
  assert.deepEqual(notice.evidence, [
    { label: 'Asked for', value: '103.181.91, 8 GB' },
    { label: 'Sent', value: 'not known' },
    { label: 'Stock before', value: '9' },
    { label: 'Supplier said', value: 'the connection broke' },
    { label: 'Said after the verdict', value: `success|${ip}` },
  ]);
});

test('each verdict on a payment is its own mail, also for an order that nobody knows', async () => {
  const { told, send } = await setUp();
  const payment = aPayment({ orderId: 'a', amountPaise: 1 });
  for (const verdict of ['mismatch', 'extra', 'unmatched'] as const) {
    await send({ kind: 'paymentProblem', verdict, payment });
  }
  await send({ kind: 'paymentProblem', verdict: 'unmatched', payment }, 'nobody');
  const expected = { amountPaise: 49_900, currency: 'INR' };
  assert.deepEqual(told, [
    { factId: 'a:fact', kind: 'paymentMismatch', orderId: 'a', payment, expected, hasLostCode: false },
    { factId: 'a:fact', kind: 'extraPayment', orderId: 'a', payment },
    { factId: 'a:fact', kind: 'unmatchedPayment', payment },
    { factId: 'nobody:fact', kind: 'unmatchedPayment', payment },
  ]);
});

test('a discounted payment whose code is another order’s by then is told with what the order costs now', async () => {
  const { db, told, send } = await setUp();
  const discount = { discountId: 'd', listPricePaise: 54_900, discountPaise: 5_000 };
  await db.orders.updateOne({ _id: 'a' }, { $set: { discount } });
  const payment = aPayment({ orderId: 'a', amountPaise: 49_900 });
  await send({ kind: 'paymentProblem', verdict: 'mismatch', payment });
  const [notice] = told;
  assert.ok(notice?.kind === 'paymentMismatch');
  assert.deepEqual([notice.expected.amountPaise, notice.hasLostCode], [54_900, true]);
  assert.match(
    mismatchMail({ notice, settings, name: null, owner: null }).paragraphs.join(' '),
    /costs ₹549\.00 by now, since another order has its discount code, but ₹499\.00 was paid/,
  );
});

test('a refund is told with what was paid for, and whether it was given back by hand', async () => {
  const { db, told, send } = await setUp();
  const refunded = { kind: 'refunded', amountPaise: 49_900, currency: 'INR', cancelled: false } as const;
  const remedy = { workflowId: 'w', option: 'refund', by: 'ops', reason: null, endsAs: 'refunded' } as const;
  const orders: Partial<OrderDocument>[] = [
    {},
    { remedy: { ...remedy, startedAt: next.at, from: 'active' } },
    { freeMonthOf: { orderId: 'b', act: 'renew' } },
  ];
  for (const change of orders) {
    await db.orders.updateOne({ _id: 'a' }, { $set: change });
    await send(refunded);
  }
  const payment = { ...aPayment({ orderId: 'a' }), _id: 'cashfree:1', verdict: null, recordedAt: next.at };
  await db.payments.insertOne({ ...payment, refundablePaise: payment.amountPaise, refundIds: [] });
  await recordRefundByHand(
    { db, now: clock.now, gatewayOf: () => assert.fail('nothing is reserved') },
    { orderId: 'a', reference: 'UTR 1' },
  );
  await send(refunded);
  assert.deepEqual(
    told.map((one) => one.kind === 'refunded' && [one.paidFor, one.isByHand]),
    [
      ['server', false],
      ['deliveredServer', false],
      ['renewal', false],
      ['renewal', true],
    ],
  );
});

test('an order that does not exist has nothing to tell', async () => {
  const { send } = await setUp();
  await assert.rejects(send({ kind: 'credentials' }, 'nobody'), {
    name: 'BrokenRecord',
    message: 'Failed to tell "credentials" of order nobody: the order does not exist.',
  });
});
