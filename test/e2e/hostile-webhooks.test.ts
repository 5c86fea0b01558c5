import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { GatewayName } from '../../src/domain/order.ts';
import { orderWorkflowId } from '../../workflows/contract/provision-order.ts';
import { createDice } from '../faults/dice.ts';
import { rainSeed } from '../messages/rain-seed.ts';
import {
  aged,
  type GenuineWebhook,
  hostileWebhooks,
  otherPayment,
  sign,
} from '../payments/hostile-webhooks.ts';
import { eventually } from '../support/eventually.ts';
import { assertLedgersAgree } from '../support/oracle.ts';
import { startTestService } from '../support/service.ts';

const count = 1_000;
const atOnce = 20;
const dayMs = 24 * 3_600_000;
const seed = rainSeed();
const service = await startTestService({
  // The sweep would find the payment that nobody has told of yet.
  policy: { askGatewayEvery: '1d' },
  scenario: { packages: [{ id: 5, name: '103.181.91', addresses: ['103.181.91.10-60'] }] },
});
const { simulator, db, secrets } = service;

/** An order that is paid at its gateway, and the webhook that would tell it, which was never sent. */
async function paidUnheard(
  gateway: GatewayName,
): Promise<{ orderId: string; paymentId: string; genuine: GenuineWebhook }> {
  const wish = { productId: 'vps-103-181-91', ramGb: 8, os: 'Ubuntu 22', gateway };
  const { orderId } = (await service.storefront.checkout(wish)).body;
  if (gateway === 'cashfree') {
    const { paymentId } = await simulator.pay({ orderId, deliver: 0 });
    const { webhooks } = await simulator.cashfree();
    const rawBody = webhooks.find((event) => event.paymentId === paymentId)?.rawBody ?? '';
    return { orderId, paymentId, genuine: { gateway, rawBody, secret: secrets.cashfreeClientSecret } };
  }
  const { paymentId } = await simulator.payRazorpay({ orderId, deliver: 0, events: ['order.paid'] });
  const { webhooks } = await simulator.razorpay();
  const rawBody = webhooks.find((event) => event.paymentId === paymentId)?.rawBody ?? '';
  return { orderId, paymentId, genuine: { gateway, rawBody, secret: secrets.razorpayWebhookSecret } };
}

async function post(webhook: { path: string; body: Buffer; headers: Record<string, string> }) {
  const { path, body, headers } = webhook;
  const send = () =>
    fetch(`${service.apiUrl}${path}`, { method: 'POST', body: new Uint8Array(body), headers });
  // An idle connection may be closed at the very moment it is used again: sent again, as a gateway does.
  const answer = await send().catch(send);
  await answer.arrayBuffer();
  return answer.status;
}

async function isStarted(orderId: string): Promise<boolean> {
  try {
    await service.client.workflow.getHandle(orderWorkflowId(orderId)).describe();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function workflowCount(): Promise<number> {
  const query = 'WorkflowType = "provisionOrder" OR WorkflowType = "settlePayment"';
  return (await service.client.workflow.count(query)).count;
}

for (const gateway of ['cashfree', 'razorpay'] as const) {
  test(`${count} hostile webhooks of ${gateway} (seed ${seed}): each gets its answer, none starts anything`, async () => {
    const { orderId, genuine } = await paidUnheard(gateway);
    const before = await workflowCount();
    const webhooks = hostileWebhooks({ genuine, dice: createDice(seed), count });
    const wrong: string[] = [];
    const left = webhooks.values();
    const lane = async () => {
      for (const webhook of left) {
        const status = await post(webhook);
        if (status !== webhook.expected)
          wrong.push(`${webhook.kind}: ${status}, not ${webhook.expected}: ${webhook.body.toString()}`);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    assert.deepEqual(wrong, []);
    assert.equal(await isStarted(orderId), false);
    assert.equal(await db.payments.countDocuments({ orderId }), 0);
    assert.equal(await workflowCount(), before, 'no other order was started either');

    // The genuine one is taken, so the others failed for what was wrong with them.
    const right = { path: `/webhooks/${gateway}`, body: Buffer.from(genuine.rawBody) };
    const refused = webhooks
      .filter(({ kind }) => kind === 'a message that is not final, signed')
      .slice(0, 10);
    const copies = Array.from({ length: 20 }, () => ({
      ...right,
      headers: sign({ ...genuine, body: genuine.rawBody }),
    }));
    // Younger than webhookMaxAge: the payment's id makes them harmless.
    const older = [aged(genuine, 2 * dayMs), aged(genuine, 3 * dayMs - 300_000)];
    const statuses = await Promise.all([...refused, ...copies, ...older, ...refused].map(post));
    assert.deepEqual([...new Set(statuses)], [200]);
    await service.orderIn(orderId, 'active');
    for (const late of [...refused.slice(0, 3), ...copies.slice(0, 3)]) assert.equal(await post(late), 200);
    assert.equal(await db.payments.countDocuments({ orderId }), 1);
    assert.equal(await db.purchases.countDocuments({ orderId }), 1, 'exactly one start bought');
    assert.equal((await service.storefront.order(orderId)).status, 'active');
  });

  test(`one paisa more or less and another currency at ${gateway}, rightly signed, are money to give back and buy nothing`, async () => {
    const { orderId, genuine } = await paidUnheard(gateway);
    const units = gateway === 'cashfree' ? [898.99, 899.01, 8.99] : [89_899, 89_901, 899];
    const others = [
      ...units.map((amount, index) => ({ paymentId: `${gateway}-amount-${index}`, amount })),
      { paymentId: `${gateway}-dollars`, currency: 'USD' },
    ];
    for (const change of others) assert.equal(await post(otherPayment(genuine, change)), 200);
    await eventually({
      what: 'every payment is judged',
      read: () => db.payments.find({ orderId }).toArray(),
      isRight: (rows) => rows.length === others.length && rows.every(({ verdict }) => verdict !== null),
    });
    const verdicts = await db.payments.distinct('verdict', { orderId });
    assert.deepEqual(verdicts, ['mismatch']);
    assert.equal(await db.purchases.countDocuments({ orderId }), 0);
    const right = { path: `/webhooks/${gateway}`, body: Buffer.from(genuine.rawBody) };
    assert.equal(await post({ ...right, headers: sign({ ...genuine, body: genuine.rawBody }) }), 200);
    await service.orderIn(orderId, 'active');
    assert.equal(await db.purchases.countDocuments({ orderId }), 1);
  });
}

test('both ledgers agree', async () => {
  await assertLedgersAgree(service);
});
