import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { assertLedgersAgree } from '../../support/oracle.ts';
import { startTestService } from '../../support/service.ts';

/* The remedy priceAdjustment (B): the customer keeps or gets the server that was bought, and pays what it costs. */

const ordered = '103.188.10';
const cheaper = '103.188.20';
const product = (name: string, pricePaise: number) => ({
  productId: `vps-${name.replaceAll('.', '-')}`,
  name: `Server ${name}`,
  supplier: 'smartvps',
  packageName: name,
  sizes: [{ ramGb: 8, pricePaise }],
});
const service = await startTestService({
  catalogue: [product(ordered, 89_900), product(cheaper, 49_900)],
  scenario: {
    packages: [
      { id: 201, name: ordered, addresses: [], ipv4Stale: 20, fallback: '103.188.20' },
      { id: 202, name: cheaper, addresses: [`${cheaper}.10-60`] },
    ],
  },
  policy: {
    askGatewayEvery: '300ms',
    refundLimit: '30s',
    wipeLimit: '10s',
    automaticRetries: [],
  },
});
const { simulator, db, client } = service;

const compensate = (orderId: string, body: object) =>
  service.actAsAdmin(`/api/orders/${orderId}/compensate`, { by: 'ops', ...body });

const order = () => service.order({ productId: 'vps-103-188-10' });

async function wrongOrder(): Promise<string> {
  // A person's word: the package counts as empty after the first wrong sale.
  await db.packages.updateMany({}, { $set: { dry: null } });
  const orderId = await order();
  const { failure } = await service.orderIn(orderId, 'failed');
  assert.equal(failure?.code, 'wrongPackage', failure?.message);
  return orderId;
}

async function paidBack(orderId: string): Promise<number[]> {
  const { refunds } = await simulator.cashfree();
  return refunds
    .filter((refund) => refund.orderId === orderId && refund.status === 'SUCCESS')
    .map(({ amountPaise }) => amountPaise);
}

test('a held server is delivered, the order is renamed, the difference goes back once, a code comes with the apology', async () => {
  const orderId = await wrongOrder();
  const held = await db.servers.findOne({ 'tenancy.orderId': orderId });
  assert.equal(held?.tenancy.state, 'held');
  const answer = await compensate(orderId, { option: 'B', reason: 'the customer is content with it' });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  const active = await service.orderIn(orderId, 'active');
  assert.equal(active.server?.ip, held?.ip);
  assert.deepEqual(await paidBack(orderId), [40_000]);
  const stored = await db.orders.findOne({ _id: orderId });
  assert.deepEqual([stored?.productName, stored?.productId], [`Server ${cheaper}`, 'vps-103-188-20']);
  assert.deepEqual([stored?.money, stored?.goods.state, stored?.open], ['kept', 'delivered', false]);
  const now = await db.servers.findOne({ _id: held?._id ?? '' });
  assert.equal(now?.tenancy.state, 'delivered');
  await service.mailTo('customer', 'Your server is ready', orderId, held?.ip ?? '');
  const apology = await service.mailTo('customer', 'Our apology', orderId, '₹400.00', `Server ${cheaper}`);
  const discount = await db.discounts.findOne({ _id: `apology-${orderId}` });
  assert.ok(discount && apology.text?.includes(discount.code), 'the code of the mail is one that is stored');
  const wish = { productId: 'vps-103-188-20', ramGb: 8, os: 'Ubuntu 22', discountCode: discount.code };
  const next = await service.storefront.checkout(wish);
  assert.deepEqual([next.status, next.body.amountPaise], [201, 44_910], JSON.stringify(next.body));
  await simulator.pay({ orderId: next.body.orderId });
  await service.orderIn(next.body.orderId, 'active');
  const { status, body } = await service.storefront.checkout(wish);
  assert.ok(status >= 400, JSON.stringify(body));
  const again = await compensate(orderId, { option: 'refund' });
  assert.equal(again.status, 409, JSON.stringify(again.body));
  assert.match(String(again.body.detail), /has had its remedy: priceAdjustment/);
});

test('for a delivered order an amount can be said; more than was paid, and what has no price, is refused at once', async () => {
  const orderId = await service.order({ productId: 'vps-103-188-20' });
  await service.orderIn(orderId, 'active');
  const tooMuch = await compensate(orderId, { option: 'priceAdjustment', amountPaise: 50_000 });
  assert.equal(tooMuch.status, 409);
  assert.match(String(tooMuch.body.detail), /more than that cannot go back/);
  const unknown = await compensate(orderId, { option: 'priceAdjustment', productId: 'no-such-product' });
  assert.equal(unknown.status, 409);
  assert.match(String(unknown.body.detail), /no product "no-such-product"/);
  const answers = await Promise.all(
    [1, 2, 3].map(() => compensate(orderId, { option: 'priceAdjustment', amountPaise: 10_000 })),
  );
  assert.deepEqual(
    answers.map(({ status }) => status).sort(),
    [202, 409, 409],
    JSON.stringify(answers.map(({ body }) => body)),
  );
  await eventually({
    what: 'the difference is back and the order is delivered as before',
    read: async () => ({ order: await service.storefront.order(orderId), back: await paidBack(orderId) }),
    isRight: ({ order: { status }, back }) => status === 'active' && back.length === 1,
  });
  assert.deepEqual(await paidBack(orderId), [10_000]);
  await service.mailTo('customer', 'Our apology', orderId, '₹100.00');
});

test('a partial refund that the method refuses waits for a decision, and ends by hand or as another remedy', async () => {
  const [byHand, changed] = [await wrongOrder(), await wrongOrder()];
  await simulator.addFaults({
    call: 'cashfree.createRefund',
    when: { times: 2 },
    do: { kind: 'refusePartialRefund' },
  });
  for (const orderId of [byHand, changed]) {
    await compensate(orderId, { option: 'B' });
    const { failure } = await eventually({
      what: `${orderId} is blocked`,
      read: () => service.storefront.order(orderId),
      isRight: (seen) => seen.failure?.code === 'compensationBlocked',
      withinMs: 40_000,
    });
    assert.match(failure?.message ?? '', /refundedByHand/);
  }
  const remedy = client.workflow.getHandle(`compensation-${byHand}`);
  await remedy.signal('compensateOrder', { option: 'refundedByHand', reference: 'transfer 7', by: 'ops' });
  await service.orderIn(byHand, 'active');
  assert.deepEqual(await paidBack(byHand), [], 'the gateway has paid nothing back');
  const rows = await db.refunds.find({ orderId: byHand, state: 'success' }).toArray();
  assert.deepEqual(
    rows.map(({ amountPaise, why }) => [amountPaise, why]),
    [[40_000, 'Given back by hand: transfer 7']],
  );
  const answer = await compensate(changed, { option: 'refund', reason: 'all of it then' });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  await service.orderIn(changed, 'refunded');
  assert.deepEqual(await paidBack(changed), [89_900]);
  const server = await db.servers.findOne({ 'tenancy.orderId': changed });
  assert.equal(server?.tenancy.state, 'stranded');
});

test('an order without a server has none to keep: the remedy is refused and nothing changes', async () => {
  await simulator.addFaults({
    call: 'buyvps',
    when: { package: cheaper, times: 1 },
    do: { kind: 'errorText', reason: 'Insufficient balance' },
  });
  const orderId = await service.order({ productId: 'vps-103-188-20' });
  await service.orderIn(orderId, 'failed');
  const answer = await compensate(orderId, { option: 'B' });
  assert.equal(answer.status, 409, JSON.stringify(answer.body));
  assert.match(String(answer.body.detail), /No server was bought/);
  assert.equal((await db.orders.findOne({ _id: orderId }))?.remedy, null);
});

test('both ledgers agree', () => assertLedgersAgree(service));
