import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesPackage } from '../../src/domain/package-name.ts';
import { startTestService } from '../support/service.ts';

test('a paid order becomes the right server, and the customer gets its login by mail', async () => {
  const service = await startTestService();
  const orderId = await service.order();
  const order = await service.orderIn(orderId, 'active', 'failed');
  assert.equal(order.status, 'active', JSON.stringify(order));
  const { summary, purchases } = await service.simulator.ledger();
  assert.equal(summary.sales, 1);
  assert.equal(purchases.length, 1);
  const ip = order.server?.ip ?? '';
  assert.ok(matchesPackage({ address: ip, packageName: '103.181.91', matchPolicy: 'exact' }), ip);
  const sold = await service.simulator.server(ip);
  const mails = await service.simulator.mails({ to: 'customer@example.com' });
  assert.equal(mails.filter(({ text }) => text?.includes(sold.password)).length, 1);
});
