import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderWorkflowId, paymentReceivedSignal } from '../../workflows/contract/provision-order.ts';
import { eventually } from '../support/eventually.ts';
import { failedTasks, readRun } from '../support/histories.ts';
import { startTestService } from '../support/service.ts';

const service = await startTestService({
  policy: { longestPurchase: '2s', provisioningLimit: '2s' },
  scenario: {
    packages: [
      { id: 1, name: '103.181.91', addresses: [], ipv4Stale: 50, fallback: '103.182.44' },
      { id: 2, name: '103.182.44', addresses: ['103.182.44.18-30'] },
    ],
  },
});

test('a retry accepted before a wrong address was known buys no second wrong server', async () => {
  await service.simulator.addFaults({
    call: 'ipstock',
    when: { times: 1 },
    do: { kind: 'delay', ms: 4_000 },
  });
  const orderId = await service.order();
  await service.orderIn(orderId, 'provisioning');
  const retry = await eventually({
    what: 'the retry past the limit is accepted',
    read: () => service.storefront.retry(orderId, { reason: 'it hangs' }),
    isRight: ({ status }) => status === 202,
  });
  assert.match(String(retry.body.next), /stuck in provisioning/);
  const order = await service.orderIn(orderId, 'failed');
  assert.equal(order.failure?.code, 'wrongPackage');
  const noted = await eventually({
    what: 'the early retry is said to count no more',
    read: async () =>
      (await service.db.orders.findOne({ _id: orderId }))?.timeline.map(({ text }) => text) ?? [],
    isRight: (texts) => texts.some((text) => text.includes('counts no more')),
  });
  assert.equal(noted.filter((text) => text.startsWith('Failed (wrongPackage)')).length, 1);
  assert.equal((await service.simulator.ledger()).summary.sales, 1);
});

test('absurd payments are noted and change nothing; the right one still delivers', async () => {
  const orderId = await service.order({ productId: 'vps-103-182-44', pay: false });
  const workflowId = orderWorkflowId(orderId);
  const absurd = [
    {
      gateway: 'cashfree',
      paymentId: 'p1',
      amountPaise: -1,
      currency: 'INR',
      paidAt: '2026-11-21T10:00:00Z',
    },
    { gateway: 'cashfree', paymentId: 'p2', amountPaise: 79_900, currency: 'INR', paidAt: 'yesterday' },
    {
      gateway: 'cashfree',
      paymentId: 'p3',
      amountPaise: 0.5,
      currency: 'INR',
      paidAt: '2026-11-21T10:00:00Z',
    },
    { gateway: 'cashfree', paymentId: { $gt: '' }, amountPaise: 79_900, currency: 'INR', paidAt: 'x' },
    {
      gateway: 'paypal',
      paymentId: 'p4',
      amountPaise: 79_900,
      currency: 'INR',
      paidAt: '2026-11-21T10:00:00Z',
    },
    null,
    'A',
    [],
  ];
  for (const payment of absurd) {
    await service.client.workflow.signalWithStart('provisionOrder', {
      workflowId,
      taskQueue: 'orders',
      args: [{ orderId }],
      signal: paymentReceivedSignal.name,
      signalArgs: [payment],
    });
  }
  await service.simulator.pay({ orderId });
  const order = await service.orderIn(orderId, 'active', 'failed');
  assert.equal(order.status, 'active', JSON.stringify(order));
  const run = await readRun({ client: service.client, workflowId });
  assert.deepEqual(failedTasks(run), []);
});
