import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectionsOf } from '../../src/database.ts';
import { findGatewayOrder, GatewayUnavailable } from '../../src/payments/find-gateway-order.ts';
import { GatewayError } from '../../src/payments/gateway.ts';
import { anOrder } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const db = collectionsOf((await freshDatabase()).db);
await db.orders.insertOne(anOrder({ _id: 'ours', gateway: 'razorpay', gatewayOrderId: 'order_1' }));
await db.orders.insertOne(anOrder({ _id: 'other', gateway: 'cashfree', gatewayOrderId: 'order_2' }));
const darkDatabase = { orders: { findOne: () => Promise.reject(new Error('no connection')) } } as never;

const never = () => assert.fail('the gateway was asked');
const says = (receipt: string | null) => async () => receipt;
const silent = async () => {
  throw new GatewayError({ code: 'unreachable', message: 'Failed to ask.' });
};
const find = (
  gatewayOrderId: string,
  askGateway: (input: { gatewayOrderId: string }) => Promise<string | null>,
  rows = db,
) => findGatewayOrder({ db: rows, askGateway }, { gateway: 'razorpay', gatewayOrderId });

test('an order of the gateway is known by our checkout, and only of that gateway', async () => {
  assert.equal(await find('order_1', never), 'ours');
  assert.equal(await find('order_2', says('said')), 'said');
});

test('with the database away the gateway says whose it is', async () => {
  assert.equal(await find('order_1', says('ours'), darkDatabase), 'ours');
});

test('what neither knows keeps the id of the gateway', async () => {
  assert.equal(await find('order_9', says(null)), 'order_9');
  assert.equal(await find('order_9', says('')), 'order_9');
});

test('while one does not know it and the other is silent nothing is decided', async () => {
  await assert.rejects(find('order_9', silent), GatewayUnavailable);
  await assert.rejects(find('order_1', silent, darkDatabase), GatewayUnavailable);
  await assert.rejects(find('order_1', says(null), darkDatabase), { code: 'gatewayUnavailable' });
});
