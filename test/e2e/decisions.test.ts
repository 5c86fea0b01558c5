import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import { eventually, isUncached } from '../support/eventually.ts';
import { assertLedgersAgree } from '../support/oracle.ts';
import { catalogueOf, productOf, startTestService } from '../support/service.ts';

/* What people decide, as signals from the Temporal Web UI and over the API; judged by the gateway's and the supplier's books. */

const names = Array.from({ length: 8 }, (_, index) => `103.186.${10 + index}`);
const [waiting, busy, wrong, cancelled, unpaid, delivered, torn, raced] = names as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];
const empty = [waiting, cancelled];
const service = await startTestService({
  catalogue: catalogueOf(...names),
  scenario: {
    packages: [
      ...names.map((name, index) => ({
        id: 90 + index,
        name,
        addresses: empty.includes(name) ? [] : [`${name}.10-60`],
      })),
      { id: 6, name: '103.182.44', addresses: ['103.182.44.18-60'] },
    ],
  },
  policy: {
    longestPurchase: isUncached ? '30s' : '4s',
    stockEvery: '500ms',
    askGatewayEvery: '300ms',
    refundLimit: '30s',
    wipeLimit: '20s',
    watchOrdersEvery: '1s',
  },
});
const { simulator, db, client } = service;

const order = (packageName: string) => service.order({ productId: productOf(packageName) });
const workflowOf = (orderId: string) => client.workflow.getHandle(orderWorkflowId(orderId));
const textsOf = async (orderId: string) =>
  (await db.orders.findOne({ _id: orderId }))?.timeline.map(({ text }) => text) ?? [];

async function untilTold(orderId: string, words: string): Promise<void> {
  await eventually({
    what: `"${words}" in the timeline of ${orderId}`,
    read: () => textsOf(orderId),
    isRight: (texts) => texts.some((text) => text.includes(words)),
  });
}

/** The gateway's book shows what was paid for the order given back, once. */
async function assertPaidBack(orderId: string): Promise<void> {
  const { payments, refunds } = await simulator.cashfree();
  const paid = payments.filter((payment) => payment.orderId === orderId && payment.status === 'SUCCESS');
  const back = refunds.filter((refund) => refund.orderId === orderId);
  assert.deepEqual(
    back.map(({ status, amountPaise }) => [status, amountPaise]),
    paid.map(({ amountPaise }) => ['SUCCESS', amountPaise]),
  );
}

async function assertNothingBought(orderId: string): Promise<void> {
  assert.deepEqual(await db.purchases.find({ orderId, sentAt: { $ne: null } }).toArray(), []);
}

const api = service.actAsAdmin;

test('cancelOrder without any input cancels an order that waits for stock, and its money goes back', async () => {
  const orderId = await order(waiting);
  await service.orderIn(orderId, 'waitingForStock');
  await workflowOf(orderId).signal('cancelOrder');
  await service.orderIn(orderId, 'cancelled', 'active');
  await assertPaidBack(orderId);
  await assertNothingBought(orderId);
  const [act] = await db.auditLog.find({ 'subject.id': orderId }).toArray();
  assert.deepEqual([act?.act, act?.by, act?.accepted], ['cancelOrder', 'Temporal Web UI', true]);
  await service.mailTo('customer', orderId, 'cancelled');
});

test('the button Request Cancellation is cancelOrder by "Temporal Web UI"', async () => {
  const orderId = await order(cancelled);
  await service.orderIn(orderId, 'waitingForStock');
  await workflowOf(orderId).cancel();
  await service.orderIn(orderId, 'cancelled', 'active');
  await assertPaidBack(orderId);
  const { status } = await workflowOf(orderId).describe();
  assert.equal(status.name, 'COMPLETED', 'the workflow ends by itself, not as cancelled');
});

test('an order that queues gives up its place when it is cancelled, and the next one is served', async () => {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: busy, times: 1 },
    do: { kind: 'delay', ms: isUncached ? 20_000 : 2_500 },
  });
  const first = await order(busy);
  await eventually({
    what: `a purchase of ${busy}`,
    read: () => simulator.ledger(),
    isRight: ({ purchases }) => purchases.some(({ request }) => request.ip === busy),
  });
  const second = await order(busy);
  await service.orderIn(second, 'queued');
  const third = await order(busy);
  const answer = await api(`/api/orders/${second}/cancel`, {
    by: 'ops',
    reason: 'asked by the customer',
  });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  await service.orderIn(second, 'cancelled', 'active');
  await assertPaidBack(second);
  await assertNothingBought(second);
  await service.orderIn(first, 'active');
  await service.orderIn(third, 'active');
});

test('what the supplier has heard of is not cancelled; odd and unknown remedies change nothing; refund acts', async () => {
  await simulator.updatePackage(wrong, { addresses: [], ipv4Stale: 20, fallback: '103.182.44' });
  const orderId = await order(wrong);
  await service.orderIn(orderId, 'failed');
  const handle = workflowOf(orderId);
  await handle.cancel();
  await untilTold(orderId, 'cannot be cancelled any more');
  await handle.signal('compensateOrder', 'D');
  await untilTold(orderId, 'Failed to read which remedy');
  await handle.signal('compensateOrder');
  await handle.signal('compensateOrder', [1, 2]);
  await handle.signal('compensateOrder', { option: { $gt: '' } });
  await untilTold(orderId, 'Failed to read which remedy');
  assert.equal((await service.orderIn(orderId, 'failed')).failure?.code, 'wrongPackage');
  await handle.signal('compensateOrder', { option: 'refund', by: 'ops', reason: 'no stock in sight' });
  await service.orderIn(orderId, 'refunded', 'active');
  await assertPaidBack(orderId);
  const acts = await db.auditLog.find({ 'subject.id': orderId }).toArray();
  const refused = acts.filter(({ accepted }) => !accepted);
  assert.equal(refused.length, 5, JSON.stringify(acts));
  const last = acts.find(({ accepted }) => accepted);
  assert.deepEqual([last?.act, last?.by, last?.reason], ['compensateOrder', 'ops', 'no stock in sight']);
});

test('an unpaid order is cancelled by the API alone; a payment that comes later buys nothing', async () => {
  const orderId = await service.order({ productId: productOf(unpaid), pay: false });
  const answer = await api(`/api/orders/${orderId}/cancel`, { by: 'ops' });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  assert.equal((await db.orders.findOne({ _id: orderId }))?.status, 'cancelled');
  await simulator.pay({ orderId });
  await service.mailTo('admin', orderId, 'paid once more');
  await assertNothingBought(orderId);
});

test('the first of two decisions wins, the later one is told so', async () => {
  await simulator.updatePackage(raced, { addresses: [], ipv4Stale: 20, fallback: '103.182.44' });
  const orderId = await order(raced);
  await service.orderIn(orderId, 'failed');
  const handle = workflowOf(orderId);
  await Promise.all([
    handle.signal('compensateOrder', { option: 'refund', by: 'first' }),
    handle.signal('compensateOrder', { option: 'refund', by: 'second' }),
    handle.signal('cancelOrder', { by: 'third' }),
  ]);
  await service.orderIn(orderId, 'refunded');
  await assertPaidBack(orderId);
  const acts = await db.auditLog.find({ 'subject.id': orderId }).toArray();
  assert.equal(acts.filter(({ accepted }) => accepted).length, 1, JSON.stringify(acts));
});

test('a delivered order is refunded only by a person: the money goes back, the server is stopped, wiped, stranded', async () => {
  const orderId = await order(delivered);
  const { server } = await service.orderIn(orderId, 'active');
  const answer = await api(`/api/orders/${orderId}/compensate`, {
    option: 'refund',
    by: 'ops',
    reason: 'slow',
  });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  await service.orderIn(orderId, 'refunded');
  await assertPaidBack(orderId);
  const row = await db.servers.findOne({ _id: `smartvps:${server?.ip}` });
  assert.equal(row?.tenancy.state, 'stranded');
  const { events } = await simulator.server(server?.ip ?? '');
  assert.deepEqual(events.map(({ what }) => what).slice(-2), ['stop', 'format']);
  const again = await api(`/api/orders/${orderId}/compensate`, { option: 'refund', by: 'ops' });
  assert.equal(again.status, 409, JSON.stringify(again.body));
  await assertPaidBack(orderId);
});

test('a remedy that is terminated between its legs is started again and refunds once', async () => {
  const orderId = await order(torn);
  await service.orderIn(orderId, 'active');
  await simulator.addFaults({
    call: 'cashfree.createRefund',
    when: { times: 1 },
    do: { kind: 'refundOutcome', status: 'SUCCESS', ms: 3_000 },
  });
  await api(`/api/orders/${orderId}/compensate`, { option: 'refund', by: 'ops' });
  await untilTold(orderId, 'its word on the outcome is awaited');
  await client.workflow.getHandle(`compensation-${orderId}`).terminate('by hand');
  await service.orderIn(orderId, 'refunded');
  await assertPaidBack(orderId);
});

test('nothing is left open, and the ledgers agree', async () => {
  const open = await db.orders.find({ open: true }).toArray();
  assert.deepEqual(
    open.map(({ _id, status }) => [_id, status]),
    [],
  );
  await assertLedgersAgree(service);
});
