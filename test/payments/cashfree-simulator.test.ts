import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { WebhookVerdict } from '../../src/domain/webhook-verdict.ts';
import { createCashfreeGateway } from '../../src/payments/cashfree/cashfree-gateway.ts';
import { verifyCashfreeWebhook } from '../../src/payments/cashfree/cashfree-webhook.ts';
import { startTestSimulator } from '../support/simulator.ts';

const keys = { clientId: 'shop', clientSecret: 'cashfree-client-secret' };

/** A server that judges webhooks and remembers its verdicts. */
async function serveWebhooks() {
  const verdicts: WebhookVerdict[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { headers } = request;
      const now = new Date();
      const rawBody = Buffer.concat(chunks);
      verdicts.push(
        verifyCashfreeWebhook({ rawBody, headers, clientSecret: keys.clientSecret, now, maxAgeMs: 60_000 }),
      );
      response.end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    verdicts,
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/cashfree`,
  };
}

test('an order made at the simulator is paid there, and its signed webhook is the payment', async (context) => {
  const { addresses, control, stop } = await startTestSimulator({ cashfree: keys });
  const { verdicts, server, url } = await serveWebhooks();
  const gateway = createCashfreeGateway({ ...keys, baseUrl: addresses.cashfreeBaseUrl });
  context.after(async () => {
    await gateway.close();
    server.close();
    await stop();
  });
  const order = {
    orderId: 'ord-sim-1',
    amountPaise: 49_905,
    currency: 'INR',
    customer: { email: 'customer@example.com', phone: '+919876543210' },
    returnUrl: 'https://shop.example/orders/ord-sim-1',
    notifyUrl: url,
    idempotencyKey: 'ord-sim-1',
    expiresAt: new Date(Date.now() + 3_300_000).toISOString(),
  };
  const made = await gateway.createOrder(order);
  assert.deepEqual(await gateway.createOrder(order), made);
  assert.deepEqual(await gateway.createOrder({ ...order, idempotencyKey: 'forgotten' }), made);
  assert.equal((await control.cashfree()).orders.length, 1);

  const { paymentId } = await control.pay({ orderId: order.orderId });
  const [verdict] = verdicts;
  assert.ok(verdict?.kind === 'payment');
  const { paidAt, ...payment } = verdict.payment;
  assert.deepEqual(payment, {
    gateway: 'cashfree',
    paymentId,
    orderId: 'ord-sim-1',
    amountPaise: 49_905,
    currency: 'INR',
  });
  assert.ok(Math.abs(Date.now() - Date.parse(paidAt)) < 60_000);
  assert.equal((await gateway.findOrder({ orderId: order.orderId }))?.status, 'paid');

  await control.pay({ orderId: order.orderId, badSignature: true });
  assert.equal(verdicts.at(-1)?.kind, 'rejected');
});
