import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderTaskQueue, orderWorkflowId } from '../../../workflows/contract/provision-order.ts';
import { eventually } from '../../support/eventually.ts';
import { catalogueOf, productOf, startTestService } from '../../support/service.ts';

/* Where a decision or a remedy once got stuck, or did too much. */

const names = Array.from({ length: 7 }, (_, index) => `103.187.${10 + index}`);
const [unknown, systems, twice, fell, named, claimed, hasty] = names as [
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
    packages: names.map((name, index) => ({ id: 110 + index, name, addresses: [`${name}.10-60`] })),
  },
  policy: {
    longestPurchase: '2s',
    provisioningLimit: '4s',
    settleAfter: '200ms',
    askGatewayEvery: '300ms',
    refundLimit: '30s',
    wipeLimit: '10s',
    credentialsAlert: '1s',
    credentialsLimit: '2s',
    automaticRetries: ['1s'],
    watchOrdersEvery: '1s',
    purchaseTries: 1,
    breakerAfter: 50,
  },
});
const { simulator, db, client } = service;

const order = (packageName: string, os?: string) =>
  service.order({ productId: productOf(packageName), ...(os ? { os } : {}) });

const api = service.actAsAdmin;

const untilOrder = (orderId: string, what: string, isRight: (texts: string[], code: string) => boolean) =>
  eventually({
    what: `${orderId}: ${what}`,
    read: () => db.orders.findOne({ _id: orderId }),
    isRight: (found) => isRight(found?.timeline.map(({ text }) => text) ?? [], found?.failure?.code ?? ''),
  });

test('a case is still resolved after a Request Cancellation that was refused', async () => {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: unknown, times: 1 },
    do: { kind: 'answerLost' },
  });
  const orderId = await order(unknown);
  await service.orderIn(orderId, 'failed');
  await client.workflow.getHandle(orderWorkflowId(orderId)).cancel();
  await untilOrder(orderId, 'the cancellation is refused', (texts) =>
    texts.some((text) => text.includes('cannot be cancelled any more')),
  );
  const { purchases } = await simulator.ledger();
  const ip = purchases.find(({ request }) => request.ip === unknown)?.soldAddress;
  const answer = await api(`/api/orders/${orderId}/resolve`, { outcome: 'bought', ip, by: 'ops' });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  await service.orderIn(orderId, 'active');
});

test('a server whose change of system never ended is taken back by a refund', async () => {
  await simulator.addFaults({
    call: 'changeos',
    when: { package: systems },
    do: { kind: 'status', status: 503 },
  });
  const orderId = await order(systems, 'CentOS 7');
  await service.orderIn(orderId, 'failed');
  const answer = await api(`/api/orders/${orderId}/compensate`, { option: 'refund', by: 'ops' });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  await service.orderIn(orderId, 'refunded');
  const server = await db.servers.findOne({ 'tenancy.orderId': orderId });
  assert.equal(server?.tenancy.state, 'stranded');
});

test('a payment that the gateway gives back no more holds up neither the other one nor the server', async () => {
  const orderId = await order(twice);
  const { server } = await service.orderIn(orderId, 'active');
  await simulator.pay({ orderId });
  await service.mailTo('admin', orderId, 'paid once more');
  const { payments } = await simulator.cashfree();
  const amount = payments.find((payment) => payment.orderId === orderId)?.amountPaise ?? 0;
  const byHand = await fetch(`${service.env.CASHFREE_BASE_URL}/pg/orders/${orderId}/refunds`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-api-version': '2025-01-01',
      'x-client-id': service.env.CASHFREE_CLIENT_ID ?? '',
      'x-client-secret': service.env.CASHFREE_CLIENT_SECRET ?? '',
    },
    body: JSON.stringify({ refund_id: 'by-hand-1', refund_amount: amount / 100 }),
  });
  assert.equal(byHand.status, 200, await byHand.text());
  await api(`/api/orders/${orderId}/compensate`, { option: 'refund', by: 'ops' });
  await untilOrder(orderId, 'the remedy is blocked', (_, code) => code === 'compensationBlocked');
  const row = await db.servers.findOne({ _id: `smartvps:${server?.ip}` });
  assert.equal(row?.tenancy.state, 'stranded', 'the server is taken back all the same');
  const remedy = client.workflow.getHandle(`compensation-${orderId}`);
  await remedy.signal('compensateOrder', { option: 'refundedByHand', by: 'ops' });
  await untilOrder(orderId, 'a reference is asked for', (texts) =>
    texts.some((text) => text.includes('Failed to read the reference')),
  );
  await remedy.signal('compensateOrder', { option: 'refundedByHand', reference: 'by-hand-1', by: 'ops' });
  await service.orderIn(orderId, 'refunded');
  const { refunds } = await simulator.cashfree();
  const back = refunds.filter((refund) => refund.orderId === orderId && refund.status === 'SUCCESS');
  assert.deepEqual(
    back.map(({ amountPaise }) => amountPaise),
    [amount, amount],
    'each payment went back once',
  );
});

test('a refusal after which the count fell is not tried again by itself, also by a run that starts again', async () => {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: fell },
    do: { kind: 'errorText', reason: 'Insufficient balance', sold: true },
  });
  const orderId = await order(fell);
  await service.orderIn(orderId, 'failed');
  await client.workflow.getHandle(orderWorkflowId(orderId)).terminate('by hand');
  await untilOrder(orderId, 'it is started again', (texts) =>
    texts.some((text) => text.includes('started again')),
  );
  const answer = await service.storefront.order(orderId);
  assert.equal(answer.status, 'failed');
  // Past the moment of an automatic retry: the cancellation is answered by the run that started again.
  await eventually({
    what: 'the time of an automatic retry has passed',
    read: async () => Date.now() - Date.parse((await db.orders.findOne({ _id: orderId }))?.statusSince ?? ''),
    isRight: (ms) => ms > 3_000,
  });
  await client.workflow.getHandle(orderWorkflowId(orderId)).signal('cancelOrder', { by: 'ops' });
  await untilOrder(orderId, 'the message is answered', (texts) =>
    texts.some((text) => text.includes('cannot be cancelled any more')),
  );
  const { purchases } = await simulator.ledger();
  assert.equal(purchases.filter(({ request }) => request.ip === fell).length, 1);
});

test('a remedy under another workflow id changes nothing and says which id it has to have', async () => {
  const orderId = await order(named);
  await service.orderIn(orderId, 'active');
  const result = await client.workflow.execute('compensateOrder', {
    workflowId: `by-hand-${orderId}`,
    taskQueue: orderTaskQueue,
    args: [{ orderId, option: 'refund' }],
  });
  assert.equal((result as { ended: string }).ended, 'badInput');
  assert.match((result as { explanation: string }).explanation, new RegExp(`compensation-${orderId}`));
  assert.equal((await db.orders.findOne({ _id: orderId }))?.remedy, null);
});

test('a remedy gives back a server that was being made ready for the order', async () => {
  const first = await order(claimed);
  const { server } = await service.orderIn(first, 'active');
  await api(`/api/orders/${first}/compensate`, { option: 'refund', by: 'ops' });
  await service.orderIn(first, 'refunded');
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: claimed },
    do: { kind: 'errorText', reason: 'Insufficient balance' },
  });
  await service.setPolicy({ automaticRetries: [] });
  const orderId = await order(claimed);
  await service.orderIn(orderId, 'failed');
  const fault = { call: 'format', when: { package: claimed, times: 3 } } as const;
  await simulator.addFaults({ ...fault, do: { kind: 'status', status: 503 } });
  const handle = client.workflow.getHandle(orderWorkflowId(orderId));
  await handle.signal('assignServer', { ip: server?.ip, by: 'ops' });
  const stateOf = async () => (await db.servers.findOne({ _id: `smartvps:${server?.ip}` }))?.tenancy.state;
  await eventually({
    what: 'it is being made ready',
    read: stateOf,
    isRight: (state) => state === 'changing',
  });
  await client.workflow.start('compensateOrder', {
    workflowId: `compensation-${orderId}`,
    taskQueue: orderTaskQueue,
    args: [{ orderId, option: 'refund', by: 'ops' }],
  });
  await service.orderIn(orderId, 'refunded');
  await eventually({ what: 'it is stranded again', read: stateOf, isRight: (state) => state === 'stranded' });
  assert.equal((await db.orders.findOne({ _id: orderId }))?.goods.state, 'none');
});

test('a remedy chosen right after another one is refused, or it is what happens', async () => {
  await service.setPolicy({ automaticRetries: [] });
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: hasty },
    do: { kind: 'errorText', reason: 'Insufficient balance' },
  });
  const refusals: string[] = [];
  for (const first of ['A', 'refund', 'A'] as const) {
    const orderId = await order(hasty);
    await service.orderIn(orderId, 'failed');
    const path = `/api/orders/${orderId}/compensate`;
    assert.equal((await api(path, { option: first, by: 'one' })).status, 202);
    const second = await api(path, { option: first === 'refund' ? 'A' : 'refund', by: 'another' });
    const chosen = () => db.orders.findOne({ _id: orderId }).then((found) => found?.remedy ?? null);
    const by = second.status === 202 ? 'another' : 'one';
    await eventually({
      what: `${orderId} has the remedy of ${by}`,
      read: chosen,
      isRight: (remedy) => remedy?.by === by,
    });
    if (second.status !== 202) refusals.push(String(second.body.detail));
    if (first === 'refund') await service.orderIn(orderId, 'refunded');
    const texts = (await db.orders.findOne({ _id: orderId }))?.timeline.map(({ text }) => text) ?? [];
    assert.ok(!texts.some((text) => text.includes('had begun before this was decided')), texts.join('\n'));
  }
  for (const detail of refusals) assert.match(detail, /remedy|Already decided|has ended/);
});
