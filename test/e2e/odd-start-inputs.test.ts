import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { orderTaskQueue } from '../../workflows/contract/provision-order.ts';
import { generateInputs } from '../messages/odd-inputs.ts';
import { startTestService } from '../support/service.ts';

/* Whatever is typed into "Start workflow" of the Web UI ends with a sentence, never in failing tasks. */

const service = await startTestService({ policy: { askGatewayEvery: '300ms' } });
const { client, db } = service;

/** Starts it as the Web UI does: with payloads as they come, also such that no converter reads. */
async function start(
  workflowId: string,
  payloads: readonly temporal.api.common.v1.IPayload[],
  workflowType = 'compensateOrder',
) {
  await client.connection.workflowService.startWorkflowExecution({
    namespace: client.options.namespace,
    workflowId,
    workflowType: { name: workflowType },
    taskQueue: { name: orderTaskQueue },
    requestId: randomUUID(),
    input: { payloads: [...payloads] },
  });
  const result = await client.workflow.getHandle(workflowId).result();
  return result as { orderId: string; ended: string; explanation: string };
}

const json = (value: unknown) => [defaultPayloadConverter.toPayload(value)];

test('odd inputs of every kind end as bad input, with what to type instead', async () => {
  const inputs = generateInputs({ count: 60, seed: 20261121 });
  const results = await Promise.all(inputs.map((input, index) => start(`odd-remedy-${index}`, input)));
  for (const { ended, explanation } of results) {
    assert.equal(ended, 'badInput', explanation);
    assert.match(explanation, /Start it with \{"orderId"/);
  }
});

test('odd inputs of an order start nothing and say what to type instead', async () => {
  const inputs = generateInputs({ count: 60, seed: 20261122 });
  const results = await Promise.all(
    inputs.map((input, index) => start(`odd-order-${index}`, input, 'provisionOrder')),
  );
  for (const { ended, explanation } of results) {
    assert.ok(['badInput', 'unknownOrder'].includes(ended), explanation);
    assert.match(explanation, /^(Start it with \{"orderId": "\.\.\."\}\.|There is no order )/);
  }
  assert.equal(await db.orders.countDocuments({}), 0);
});

for (const workflowType of ['returnPayment', 'settlePayment']) {
  test(`odd inputs of ${workflowType} move no money and say what to type instead`, async () => {
    const inputs = generateInputs({ count: 60, seed: 20261123 });
    const results = await Promise.all(
      inputs.map((input, index) => start(`odd-${workflowType}-${index}`, input, workflowType)),
    );
    const wrapped = await Promise.all(
      [null, 'text', [1], { orderId: 'o' }, { orderId: { $gt: '' }, gateway: 'cashfree' }].map(
        (payment, index) => start(`odd-${workflowType}-in-${index}`, json({ payment }), workflowType),
      ),
    );
    for (const { explanation } of [...results, ...wrapped]) {
      assert.match(explanation, /Start(ed by the webhook| it) with \{"payment/);
    }
    assert.deepEqual([await db.payments.countDocuments({}), await db.refunds.countDocuments({})], [0, 0]);
  });
}

test('a right input of the wrong order, state or option says why, and changes nothing', async () => {
  const nobody = await start('compensation-ord-nobody', json({ orderId: 'ord-nobody', option: 'A' }));
  assert.deepEqual([nobody.ended, nobody.explanation], ['unknownOrder', 'There is no order ord-nobody.']);
  const unpaid = await service.order({ pay: false });
  for (const option of ['A', 'B', 'C', 'refund', 'refundedByHand', 'D', { $gt: '' }, ['A']]) {
    const workflowId = `compensation-${unpaid}`;
    const result = await start(
      workflowId,
      json({ orderId: unpaid, option, amountPaise: 1e300, by: { a: 1 } }),
    );
    assert.ok(['refused', 'badInput'].includes(result.ended), JSON.stringify(result));
    assert.ok(result.explanation.length > 10);
    if (option === 'B') assert.match(result.explanation, /amountPaise is not a whole number of paise/);
  }
  const order = await db.orders.findOne({ _id: unpaid });
  assert.deepEqual([order?.remedy, order?.owner, order?.status], [null, null, 'pendingPayment']);
  const acts = await db.auditLog.find({ 'subject.id': unpaid }).toArray();
  assert.ok(acts.length >= 4, 'what was refused is in the audit log');
  for (const { act, accepted } of acts) assert.deepEqual([act, accepted], ['compensateOrder', false]);
});

test('a remedy that is started by hand is carried out, and the audit log says by whom', async () => {
  const orderId = await service.order();
  await service.orderIn(orderId, 'active');
  const wish = { orderId, option: 'refund', by: 'the night shift', reason: 'asked by phone' };
  const { ended } = await start(`compensation-${orderId}`, json(wish));
  assert.equal(ended, 'refunded');
  const acts = await db.auditLog.find({ 'subject.id': orderId }).toArray();
  assert.deepEqual(
    acts.map(({ act, by, reason, accepted }) => [act, by, reason, accepted]),
    [['compensateOrder', 'the night shift', 'asked by phone', true]],
  );
});
