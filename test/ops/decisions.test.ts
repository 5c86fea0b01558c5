import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import { startTestService } from '../support/service.ts';
import { opsIn } from './run-command.ts';

// What a person decides by command or API, carried out by the real workflows.

const service = await startTestService({
  policy: { automaticRetries: [], purchaseTries: 1, decisionDeadline: '30m', reminders: [] },
});

const ops = (...args: string[]) => opsIn(service.env, args);

const post = service.actAsAdmin;

/** An order that has failed because the stock could not be read. */
async function failedOrder(): Promise<string> {
  await service.simulator.addFaults({ call: 'ipstock', when: { times: 3 }, do: { kind: 'dropBefore' } });
  const orderId = await service.order();
  const failed = await service.orderIn(orderId, 'failed', 'active');
  assert.equal(failed.failure?.code, 'supplierUnreachable', JSON.stringify(failed));
  return orderId;
}

async function actsOn(orderId: string) {
  const acts = await service.db.auditLog.find({ 'subject.id': orderId }).toArray();
  return acts.map(({ act, by, reason, accepted }) => [act, by, reason, accepted]);
}

test('a batch retries what failed so, and the orders are delivered', async () => {
  const orderId = await failedOrder();
  const { code, stdout } = await ops('orders', 'retry', '--code', 'supplierUnreachable', '--by', 'ops');
  assert.equal(code, 0, stdout);
  assert.match(stdout, new RegExp(`^1 order failed as supplierUnreachable\\.\\n\\[1/1\\] ${orderId} `));
  await service.orderIn(orderId, 'active');
  assert.deepEqual(await actsOn(orderId), [['retryOrder', 'ops', null, true]]);
});

test('a failed order of which the supplier has not heard is cancelled, with its money back', async () => {
  const orderId = await failedOrder();
  const { code, stdout, stderr } = await ops(
    ...['orders', 'cancel', orderId, '--reason', 'asked for', '--by', 'ops'],
  );
  assert.equal(code, 0, `${stdout}${stderr}`);
  await service.orderIn(orderId, 'cancelled');
  const order = await service.db.orders.findOne({ _id: orderId });
  assert.equal(order?.money, 'refunded');
  assert.deepEqual(await actsOn(orderId), [['cancelOrder', 'ops', 'asked for', true]]);
  assert.match(JSON.stringify(order?.timeline), /ops.*asked for/);
});

test('a failed order whose workflow is gone is started again, then compensated as it was asked', async () => {
  const orderId = await failedOrder();
  await service.client.workflow.getHandle(orderWorkflowId(orderId)).terminate('by hand, as a test');
  const path = `/api/orders/${orderId}/compensate`;
  const other = await post(path, { option: 'C', by: 'ops' });
  assert.equal(other.status, 409, JSON.stringify(other.body));
  assert.match(String(other.body.detail), /No server was bought/);
  const { status, body } = await post(path, { option: 'refund', by: 'ops', reason: 'sold out' });
  assert.equal(status, 202, JSON.stringify(body));
  await service.orderIn(orderId, 'refunded');
  assert.deepEqual(await actsOn(orderId), [
    ['compensateOrder', 'ops', null, false],
    ['compensateOrder', 'ops', 'sold out', true],
  ]);
});

test('a delivered order is compensated by a workflow of its own, once', async () => {
  const orderId = await service.order();
  await service.orderIn(orderId, 'active');
  const cancelled = await post(`/api/orders/${orderId}/cancel`, {});
  assert.deepEqual([cancelled.status, cancelled.body.orderStatus], [409, 'active']);
  const { code, stdout, stderr } = await ops('orders', 'compensate', orderId, '--option', 'refund', '--json');
  assert.equal(code, 0, `${stdout}${stderr}`);
  await service.orderIn(orderId, 'refunded');
  const again = await ops('orders', 'compensate', orderId, '--option', 'refund');
  assert.equal(again.code, 1);
  assert.match(again.stderr, /has ended as refunded/);
  const server = await service.db.servers.findOne({ 'tenancy.orderId': orderId });
  assert.notEqual(server?.tenancy.state, 'delivered', 'its server was taken back');
  assert.equal((await ops('orders', 'stuck')).code, 0);
});
