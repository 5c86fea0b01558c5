import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { collectionsOf, prepareIndexes } from '../../src/database.ts';
import { createDiscount } from '../../src/discounts/create-discount.ts';
import type { CheckoutRequest } from '../../src/domain/storefront.ts';
import { type CheckoutDeps, createCheckout, type IdempotencyKeyDocument } from '../../src/orders/checkout.ts';
import { expireCheckout } from '../../src/orders/expire-checkout.ts';
import { GatewayError, type NewGatewayOrder, type PaymentGateway } from '../../src/payments/gateway.ts';
import { recordPayment } from '../../src/payments/record-payment.ts';
import { aPayment, aProduct } from '../support/builders.ts';
import { freshDatabase } from '../support/stack.ts';

const request: CheckoutRequest = {
  productId: 'silver-91',
  ramGb: 8,
  os: 'Ubuntu 22',
  customer: { name: 'A Customer', email: 'customer@example.com', phone: '+919876543210' },
  discountCode: 'SORRY-100',
  gateway: 'cashfree',
  idempotencyKey: null,
};
const at = '2026-11-23T08:00:00.000Z';
const now = () => at;

const fresh = await freshDatabase();
const db = {
  ...collectionsOf(fresh.db),
  idempotencyKeys: fresh.db.collection<IdempotencyKeyDocument>('idempotencyKeys'),
};
await prepareIndexes(db);

beforeEach(async () => {
  await Promise.all(
    [db.orders, db.products, db.discounts, db.payments, db.idempotencyKeys].map((rows) =>
      rows.deleteMany({}),
    ),
  );
  await db.products.insertOne(aProduct());
  await createDiscount(
    { db, now },
    {
      discountId: 'code-SORRY-100',
      code: 'SORRY-100',
      value: { kind: 'amount', amountPaise: 10_000 },
      customerEmail: 'customer@example.com',
      expiresAt: '2026-12-23T08:00:00.000Z',
      note: 'An apology',
    },
  );
});

const asked: NewGatewayOrder[] = [];
const failures: GatewayError[] = [];
const gateway: PaymentGateway = {
  name: 'cashfree',
  findOrder: async () => null,
  findPayments: async () => [],
  findRefund: async () => null,
  createRefund: async () => ({ status: 'pending' }),
  async createOrder(order) {
    asked.push(order);
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    return { gatewayOrderId: `cf-${order.orderId}`, sessionId: `session-${order.orderId}` };
  },
};

function checkOut(change: Partial<CheckoutRequest> = {}, deps: Partial<CheckoutDeps> = {}) {
  const place = createCheckout({
    db,
    holdStock: async () => ({ kind: 'held' }),
    releaseStock: async () => undefined,
    gateways: { cashfree: gateway },
    policy: { checkoutExpiryMs: 3_600_000 },
    now,
    publicUrl: 'https://shop.example',
    orderLink: ({ orderId, from }) =>
      `https://shop.example/orders/${orderId}?until=${Date.parse(from)}&key=k`,
    log: { info: () => {}, warn: () => {} },
    ...deps,
  });
  return place({ ...request, ...change });
}

async function placed(outcome: ReturnType<typeof checkOut>) {
  const said = await outcome;
  return said.kind === 'placed' ? said.reply : assert.fail(JSON.stringify(said));
}

async function refusal(outcome: ReturnType<typeof checkOut>) {
  const said = await outcome;
  return said.kind === 'refused' ? [said.reason, said.field] : assert.fail(JSON.stringify(said));
}

function pay(orderId: string, amountPaise: number, paymentId = `pay-${orderId}`) {
  const payment = aPayment({ orderId, paymentId, amountPaise });
  return recordPayment({ db, now }, { orderId, payment });
}

test('a checkout shows the price before and after its code, and the gateway asks for the price after it', async () => {
  const { orderId, listPricePaise, discountPaise, amountPaise } = await placed(checkOut());
  assert.deepEqual([listPricePaise, discountPaise, amountPaise], [49_900, 10_000, 39_900]);
  const askedFor = asked.find((order) => order.orderId === orderId);
  assert.equal(askedFor?.amountPaise, 39_900);
  const order = await db.orders.findOne({ _id: orderId });
  assert.match(order?.timeline[0]?.text ?? '', /₹399\.00 instead of ₹499\.00 by a discount code/);
});

test('of checkouts at once one gets the code; the others are refused by name and may order again under their keys', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, (_, index) => checkOut({ idempotencyKey: `key-${index}` })),
  );
  assert.equal(outcomes.filter(({ kind }) => kind === 'placed').length, 1);
  const others = outcomes.filter((one) => one.kind === 'refused');
  assert.deepEqual(new Set(others.map(({ reason }) => reason)), new Set(['discountHeld']));
  assert.equal(await db.orders.countDocuments({}), 1);
});

test('a checkout that loses its code to another one lets go of its address', async () => {
  const released: string[] = [];
  const asked: string[] = [];
  const deps: Partial<CheckoutDeps> = {
    holdStock: async ({ orderId }) => {
      asked.push(orderId);
      // Between the quote and the hold of the code.
      await placed(checkOut());
      return { kind: 'held' };
    },
    releaseStock: async ({ orderId }) => void released.push(orderId),
  };
  assert.deepEqual(await refusal(checkOut({}, deps)), ['discountHeld', 'discountCode']);
  assert.deepEqual([released, released.length], [asked, 1]);
});

test('a code that cannot be used leaves the Idempotency-Key free for the same customer', async () => {
  const keyed = { idempotencyKey: 'key-1', discountCode: 'NEVER-WAS' };
  assert.deepEqual(await refusal(checkOut(keyed)), ['unknownDiscountCode', 'discountCode']);
  const { amountPaise } = await placed(checkOut({ ...keyed, discountCode: null }));
  assert.equal(amountPaise, 49_900);
});

test('the same Idempotency-Key answers the same discounted price, also when asked by many at once', async () => {
  const replies = await Promise.all(
    Array.from({ length: 6 }, () => placed(checkOut({ idempotencyKey: 'key-1' }))),
  );
  for (const reply of replies) assert.deepEqual(reply, replies[0]);
  assert.equal(await db.orders.countDocuments({}), 1);
});

test('a checkout that the gateway refuses for its phone number gives the code back', async () => {
  failures.push(new GatewayError({ code: 'refused', message: 'Failed.', field: 'customer.phone' }));
  assert.deepEqual(await refusal(checkOut()), ['gatewayRefused', 'customer.phone']);
  assert.equal((await placed(checkOut())).amountPaise, 39_900);
});

test('a checkout without a key that the gateway does not take gives the code back; with a key it keeps it', async () => {
  const unreachable = () => new GatewayError({ code: 'unreachable', message: 'Failed.' });
  failures.push(unreachable());
  assert.equal((await checkOut()).kind, 'gatewayFailed');
  assert.equal((await db.discounts.findOne({ code: 'SORRY-100' }))?.use, null);
  failures.push(unreachable());
  const keyed = { idempotencyKey: 'key-1' };
  assert.equal((await checkOut(keyed)).kind, 'gatewayFailed');
  assert.deepEqual(await refusal(checkOut()), ['discountHeld', 'discountCode']);
  assert.equal((await placed(checkOut(keyed))).amountPaise, 39_900);
});

test('a payment that the gateway took without an answer, of an order that let go of its code, is right only while nobody has it', async () => {
  for (const isTaken of [false, true]) {
    await db.discounts.updateOne({ code: 'SORRY-100' }, { $set: { use: null } });
    failures.push(new GatewayError({ code: 'unreachable', message: 'Failed.' }));
    const lost = await checkOut();
    const orderId = lost.kind === 'gatewayFailed' ? lost.orderId : assert.fail(lost.kind);
    const other = isTaken ? await placed(checkOut()) : null;
    assert.equal((await pay(orderId, 39_900)).verdict, isTaken ? 'mismatch' : 'right');
    if (other) assert.equal((await pay(other.orderId, 39_900)).verdict, 'right');
  }
});

test('a code that is given back in the moment of its payment stays used', async () => {
  const slow: PaymentGateway = {
    ...gateway,
    createOrder: async ({ orderId }) => {
      await pay(orderId, 39_900);
      throw new GatewayError({ code: 'unreachable', message: 'Failed.' });
    },
  };
  const outcome = await checkOut({}, { gateways: { cashfree: slow } });
  const orderId = outcome.kind === 'gatewayFailed' ? outcome.orderId : assert.fail(outcome.kind);
  const use = (await db.discounts.findOne({ code: 'SORRY-100' }))?.use;
  assert.deepEqual([use?.state, use?.orderId], ['used', orderId]);
});

test('a checkout that is resumed takes its code again, or is refused where another order has it by now', async () => {
  const keyed = { idempotencyKey: 'key-1' };
  const refuses = () => new GatewayError({ code: 'refused', message: 'Failed.', field: 'customer.phone' });
  failures.push(refuses());
  assert.equal((await checkOut(keyed)).kind, 'refused');
  assert.equal((await placed(checkOut(keyed))).amountPaise, 39_900);
  assert.deepEqual(await refusal(checkOut()), ['discountHeld', 'discountCode']);

  await db.orders.deleteMany({});
  await db.discounts.updateOne({ code: 'SORRY-100' }, { $set: { use: null } });
  failures.push(refuses());
  const late = { idempotencyKey: 'key-2' };
  assert.equal((await checkOut(late)).kind, 'refused');
  await placed(checkOut());
  const before = asked.length;
  const released: string[] = [];
  const releaseStock = async ({ orderId }: { orderId: string }) => void released.push(orderId);
  assert.deepEqual(await refusal(checkOut(late, { releaseStock })), ['discountHeld', 'discountCode']);
  assert.deepEqual([asked.length, released.length], [before, 1]);
});

test('a paid order has used its code for good', async () => {
  const { orderId } = await placed(checkOut());
  assert.equal((await pay(orderId, 39_900)).verdict, 'right');
  assert.deepEqual(await refusal(checkOut()), ['discountUsed', 'discountCode']);
  const stored = await db.discounts.findOne({ code: 'SORRY-100' });
  assert.deepEqual([stored?.use?.state, stored?.use?.orderId], ['used', orderId]);
});

test('an expired checkout gives its code back; paid late it still has it where nobody took it', async () => {
  const { orderId } = await placed(checkOut());
  await expireCheckout({ db, now }, { orderId, checkoutExpiryMs: 3_600_000 });
  assert.equal((await pay(orderId, 39_900)).verdict, 'right');
  assert.deepEqual(await refusal(checkOut()), ['discountUsed', 'discountCode']);
});

test('a late payment by a code that another order has by now is not what the order costs', async () => {
  const first = await placed(checkOut());
  await expireCheckout({ db, now }, { orderId: first.orderId, checkoutExpiryMs: 3_600_000 });
  const second = await placed(checkOut());
  const late = await pay(first.orderId, 39_900);
  assert.equal(late.verdict, 'mismatch');
  assert.match(late.sentence, /costs by now \(₹499\.00\), since another order has its discount code/);
  assert.equal((await pay(second.orderId, 39_900)).verdict, 'right');
});

test('an order that is cancelled in the very moment of its payment has used nothing', async () => {
  const { orderId } = await placed(checkOut());
  // The payment has used the code and then finds the order cancelled.
  const orders = new Proxy(db.orders, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name !== 'updateOne') return typeof value === 'function' ? value.bind(target) : value;
      return async (...args: Parameters<typeof target.updateOne>) => {
        await target.updateOne({ _id: orderId }, { $set: { status: 'cancelled', open: false } });
        return target.updateOne(...args);
      };
    },
  });
  const payment = aPayment({ orderId, amountPaise: 39_900 });
  const said = await recordPayment({ db: { ...db, orders }, now }, { orderId, payment });
  assert.equal(said.verdict, 'extra');
  assert.equal((await db.discounts.findOne({ code: 'SORRY-100' }))?.use, null);
});

test('whatever happens in whatever order, at most one order is kept at the discounted price', async () => {
  const step = fc.oneof(
    fc.constant('checkout' as const),
    fc.record({ kind: fc.constantFrom('pay', 'expire'), nth: fc.nat({ max: 3 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 9 }), async (steps) => {
      await Promise.all([db.orders.deleteMany({}), db.payments.deleteMany({})]);
      await db.discounts.updateOne({ code: 'SORRY-100' }, { $set: { use: null } });
      const orderIds: string[] = [];
      for (const what of steps) {
        if (what === 'checkout') {
          const both = await Promise.all([checkOut(), checkOut()]);
          for (const said of both) if (said.kind === 'placed') orderIds.push(said.reply.orderId);
          continue;
        }
        const orderId = orderIds[what.nth];
        if (orderId === undefined) continue;
        if (what.kind === 'expire')
          await expireCheckout({ db, now }, { orderId, checkoutExpiryMs: 3_600_000 });
        else await Promise.all([pay(orderId, 39_900), pay(orderId, 39_900, `second-${orderId}`)]);
      }
      const kept = await db.orders.find({ money: 'kept' }).toArray();
      assert.ok(kept.length <= 1, `${kept.length} orders were kept at the discounted price`);
    }),
    { numRuns: 15 },
  );
});
