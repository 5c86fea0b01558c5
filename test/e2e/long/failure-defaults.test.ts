import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { findStuckOrders } from '../../../src/desk/find-stuck-orders.ts';
import type { FailureCode } from '../../../src/domain/order.ts';
import { resolvePolicy } from '../../../src/domain/policy.ts';
import { readPolicyFile } from '../../../src/policy-file.ts';
import { eventually, isUncached } from '../../support/eventually.ts';
import { assertLedgersAgree } from '../../support/oracle.ts';
import { catalogueOf, productOf, startTestService } from '../../support/service.ts';

/*
 * Every failure code is produced by the simulator and ends at its default when nobody acts: judged by the gateway's
 * own book, the supplier's own ledger and the mails that arrived.
 */

const names = Array.from({ length: 13 }, (_, index) => `103.185.${10 + index}`);
const [
  empty,
  missing,
  wrong,
  refused,
  unknown,
  unreachable,
  rejected,
  late,
  duplicate,
  busy,
  mismatch,
  blocked,
  broken,
] = names as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];
const service = await startTestService({
  catalogue: catalogueOf(...names),
  scenario: {
    packages: [
      ...names
        .filter((name) => name !== missing)
        .map((name, index) => ({ id: 70 + index, name, addresses: name === empty ? [] : [`${name}.10-60`] })),
      { id: 6, name: '103.182.44', addresses: ['103.182.44.18-60'] },
    ],
  },
  policy: {
    longestPurchase: isUncached ? '16s' : '2s',
    provisioningLimit: isUncached ? '20s' : '4s',
    waitForStock: '1s',
    stockEvery: '400ms',
    credentialsAlert: '500ms',
    credentialsLimit: '1500ms',
    automaticRetries: ['200ms'],
    reminders: ['400ms', '800ms', '90s'],
    decisionDeadline: '1500ms',
    refundLimit: '20s',
    askGatewayEvery: '300ms',
    wipeLimit: isUncached ? '60s' : '10s',
    purchaseTries: 1,
    breakerAfter: 50,
  },
});
const { simulator, db } = service;

interface Fate {
  /** Codes that the order failed with, in their order. */
  codes: string[];
  texts: string[];
}

async function fateOf(orderId: string): Promise<Fate> {
  const order = await db.orders.findOne({ _id: orderId });
  const texts = order?.timeline.map(({ text }) => text) ?? [];
  return { codes: codesOf(texts), texts };
}

/** Without a cache a task that timed out is run again, and what it had written stands twice. */
function codesOf(texts: readonly string[]): string[] {
  const codes: string[] = [];
  let isNew = true;
  for (const text of texts) {
    const code = /^Failed \((\w+)\)/.exec(text)?.[1];
    if (code === undefined) isNew ||= text.startsWith('Tries again by itself');
    else if (isNew || !isUncached || code !== codes.at(-1)) codes.push(code);
    if (code !== undefined) isNew = false;
  }
  return codes;
}

/** Waits for the end; the gateway's book must show the whole payment given back, once. */
async function endsRefunded(orderId: string, code: FailureCode, end = 'refunded'): Promise<Fate> {
  await service.orderIn(orderId, end, 'active');
  const fate = await fateOf(orderId);
  assert.equal(fate.codes.at(-1), code, fate.texts.join('\n'));
  const { payments, refunds } = await simulator.cashfree();
  const paid = payments.filter((payment) => payment.orderId === orderId && payment.status === 'SUCCESS');
  const back = refunds.filter((refund) => refund.orderId === orderId);
  assert.deepEqual(
    back.map(({ status, amountPaise }) => [status, amountPaise]),
    paid.map(({ amountPaise }) => ['SUCCESS', amountPaise]),
  );
  const order = await db.orders.findOne({ _id: orderId });
  assert.deepEqual([order?.status, order?.open, order?.owner], [end, false, `compensation-${orderId}`]);
  await service.mailTo('admin', orderId, code);
  await service.mailTo('customer', orderId, end === 'cancelled' ? 'cancelled' : 'on its way back');
  return fate;
}

afterEach(async () => {
  const { POLICY_FILE: path = '' } = service.env;
  const policy = resolvePolicy(await readPolicyFile({ path }));
  const stuck = await findStuckOrders(
    { db, now: () => new Date(), readPause: async () => ({ isPaused: false, lastActAt: null }) },
    { policy },
  );
  assert.deepEqual(stuck, []);
});

const order = (packageName: string) => service.order({ productId: productOf(packageName) });

test('atCapacity: no stock until waitForStock, then a refund', async () => {
  const { texts } = await endsRefunded(await order(empty), 'atCapacity');
  assert.ok(texts.some((text) => text.includes('Nobody has decided by the deadline: refund')));
});

test('packageUnavailable: tried again by itself once, then a refund', async () => {
  const { codes } = await endsRefunded(await order(missing), 'packageUnavailable');
  assert.deepEqual(codes, ['packageUnavailable', 'packageUnavailable']);
});

test('wrongPackage: the wrong server is stranded and the money goes back', async () => {
  await simulator.updatePackage(wrong, { addresses: [], ipv4Stale: 20, fallback: '103.182.44' });
  const orderId = await order(wrong);
  await endsRefunded(orderId, 'wrongPackage');
  const server = await db.servers.findOne({ 'tenancy.orderId': orderId });
  assert.equal(server?.tenancy.state, 'stranded');
  const { events } = await simulator.server(server?.ip ?? '');
  assert.deepEqual(
    events.map(({ what }) => what).filter((what) => what === 'stop' || what === 'format'),
    ['stop', 'format'],
    'the supplier was asked to stop and wipe it once',
  );
});

test('purchaseRefused: tried again by itself where the count did not fall, then a refund', async () => {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: refused },
    do: { kind: 'errorText', reason: 'Insufficient balance' },
  });
  const { codes } = await endsRefunded(await order(refused), 'purchaseRefused');
  assert.deepEqual(codes, ['purchaseRefused', 'purchaseRefused']);
});

test('purchaseUnknown: the customer is refunded, the purchase stays a case', async () => {
  await simulator.addFaults({ call: 'buyvps', when: { package: unknown }, do: { kind: 'answerLost' } });
  const orderId = await order(unknown);
  const { codes } = await endsRefunded(orderId, 'purchaseUnknown');
  assert.deepEqual(codes, ['purchaseUnknown'], 'never tried again by itself');
  const found = await db.cases.findOne({ orderId });
  assert.equal(found?.resolution, null);
  const { purchases } = await simulator.ledger();
  assert.equal(purchases.filter(({ request }) => request.ip === unknown).length, 1);
});

test('supplierUnreachable: tried again by itself once, then a refund', async () => {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: unreachable },
    do: { kind: 'status', status: 429 },
  });
  const { codes } = await endsRefunded(await order(unreachable), 'supplierUnreachable');
  assert.deepEqual(codes, ['supplierUnreachable', 'supplierUnreachable']);
});

test('supplierRejectedCredentials: never tried again by itself; the money goes back', async () => {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: rejected },
    do: { kind: 'status', status: 401 },
  });
  const { codes } = await endsRefunded(await order(rejected), 'supplierRejectedCredentials');
  assert.deepEqual(codes, ['supplierRejectedCredentials']);
});

test('credentialsLate: the admin is told early; by default the money goes back and the server is taken back', async () => {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: late },
    do: { kind: 'credentialsLate', ms: 60_000 },
  });
  const orderId = await order(late);
  const { codes } = await endsRefunded(orderId, 'credentialsLate');
  assert.deepEqual(
    codes,
    ['credentialsLate', 'credentialsLate'],
    'looked again by itself, nothing bought again',
  );
  const servers = await db.servers.find({ 'tenancy.orderId': orderId }).toArray();
  assert.deepEqual(
    servers.map(({ tenancy }) => tenancy.state),
    ['stranded'],
  );
});

test("duplicateServer: an address that another order lives on is nobody's to deliver; the money goes back", async () => {
  const first = await order(duplicate);
  const { server } = await service.orderIn(first, 'active');
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: duplicate, times: 1 },
    do: { kind: 'sellAddress', address: server?.ip ?? '' },
  });
  await endsRefunded(await order(duplicate), 'duplicateServer');
  const kept = await db.servers.findOne({ _id: `smartvps:${server?.ip}` });
  assert.deepEqual([kept?.tenancy.state, kept?.tenancy.orderId], ['delivered', first]);
});

test('lockTimeout: tried again by itself, so that a busy package costs time, not the order', async () => {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: busy, times: 1 },
    do: { kind: 'delay', ms: isUncached ? 14_000 : 1_700 },
  });
  const first = await order(busy);
  await eventually({
    what: `a purchase of ${busy}`,
    read: () => simulator.ledger(),
    isRight: ({ purchases }) => purchases.some(({ request }) => request.ip === busy),
  });
  await service.setPolicy({ lockWaitLimit: isUncached ? '8s' : '1s' });
  const second = await order(busy);
  await service.orderIn(second, 'active', 'refunded');
  const { codes } = await fateOf(second);
  assert.deepEqual([codes[0], (await service.orderIn(second, 'active')).status], ['lockTimeout', 'active']);
  await service.orderIn(first, 'active');
  await service.setPolicy({ lockWaitLimit: '6h' });
});

test('paymentMismatch: without the right payment the order is cancelled and the wrong one goes back', async () => {
  const orderId = await service.order({ productId: productOf(mismatch), pay: false });
  await simulator.pay({ orderId, amountRupees: 1 });
  await endsRefunded(orderId, 'paymentMismatch', 'cancelled');
});

test('compensationBlocked: reminded of without end; a retry tries the refund again', async () => {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: blocked },
    do: { kind: 'status', status: 401 },
  });
  await simulator.addFaults({
    id: 'cancelled-once',
    call: 'cashfree.createRefund',
    when: { times: 1 },
    do: { kind: 'refundOutcome', status: 'CANCELLED' },
  });
  const orderId = await order(blocked);
  await eventually({
    what: 'the remedy is blocked',
    read: () => fateOf(orderId),
    isRight: ({ codes }) => codes.includes('compensationBlocked'),
  });
  await service.mailTo('admin', orderId, 'compensationBlocked');
  await eventually({
    what: 'the admin is reminded past the deadline',
    read: () => fateOf(orderId),
    isRight: ({ texts }) =>
      texts.some((text) => text.includes('Nobody has decided by the deadline; the admin')),
  });
  assert.equal((await db.orders.findOne({ _id: orderId }))?.status, 'failed');
  await service.client.workflow.getHandle(`compensation-${orderId}`).signal('retryOrder');
  await service.orderIn(orderId, 'refunded');
  const { refunds } = await simulator.cashfree();
  const own = refunds.filter((refund) => refund.orderId === orderId);
  assert.deepEqual(
    own.map(({ status }) => status),
    ['CANCELLED', 'SUCCESS'],
  );
  assert.equal(new Set(own.map(({ refundId }) => refundId)).size, 2);
});

test('internalError: no money moves by itself; the admin is reminded, and a retry goes on once it is mended', async () => {
  await service.setPolicy({ reminders: ['400ms', '800ms'] });
  const orderId = await service.order({ productId: productOf(broken), pay: false });
  const row = {
    _id: `${orderId}#1`,
    orderId,
    number: 1,
    kind: 'buy',
    state: 'nonsense',
    supplier: 'smartvps',
  };
  await service.rawDb.collection<{ _id: string }>('purchases').insertOne(row);
  await simulator.pay({ orderId });
  await service.orderIn(orderId, 'failed');
  await eventually({
    what: 'the admin is reminded past the deadline',
    read: () => fateOf(orderId),
    isRight: ({ texts }) =>
      texts.some((text) => text.includes('Nobody has decided by the deadline; the admin')),
  });
  await service.mailTo('admin', `Reminder 3: order ${orderId}`);
  const { next, failure } = (await db.orders.findOne({ _id: orderId })) ?? {};
  const said = Date.parse(next?.at ?? '') - Date.parse(failure?.since ?? '');
  assert.ok(said >= 3_000, `the next reminder is said, not the first one: ${next?.text} ${next?.at}`);
  await service.setPolicy({ reminders: ['400ms', '800ms', '90s'] });
  assert.deepEqual((await fateOf(orderId)).codes, ['internalError']);
  await service.rawDb.collection<{ _id: string }>('purchases').deleteOne({ _id: row._id });
  assert.equal((await service.storefront.retry(orderId)).status, 202);
  await service.orderIn(orderId, 'active');
});

test('after all of it no order is past its bound, and the ledgers agree', async () => {
  const open = await db.orders.find({ open: true }).toArray();
  assert.deepEqual(
    open.map(({ _id, status, failure }) => [_id, status, failure?.code]),
    [],
  );
  await assertLedgersAgree(service);
});
