import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesPackage } from '../../src/domain/package-name.ts';
import { startTestService } from '../support/service.ts';

test('a paid order becomes the right server, and the customer gets its login by mail', async () => {
  const service = await startTestService();
  const wish = { productId: 'vps-103-181-91', ramGb: 8, os: 'Ubuntu 22' };
  const { orderId, orderUrl } = (await service.storefront.checkout(wish)).body;
  await service.simulator.pay({ orderId });
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
  const mailed = mails.map(({ text }) => /How your order stands: (\S+)/.exec(text ?? '')?.[1] ?? '');
  for (const link of [orderUrl, ...mailed]) {
    const page = await fetch(link);
    assert.equal(page.status, 200, link);
    assert.match(await page.text(), /Your server is delivered\./);
    const told = await fetch(link.replace('/orders/', '/api/orders/'));
    assert.equal(((await told.json()) as { server?: { ip: string } }).server?.ip, ip);
  }
  const { orders } = await service.simulator.cashfree();
  assert.equal(orders[0]?.returnUrl, orderUrl, 'the gateway sends the customer there');
  for (const link of [orderUrl.split('?')[0] ?? '', orderUrl.replace(/key=.{4}/, 'key=AAAA')]) {
    assert.equal((await fetch(link)).status, 403, link);
    assert.equal((await fetch(link.replace('/orders/', '/api/orders/'))).status, 401);
  }
});
