import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { SimulatorControl } from '../../src/dev/simulator-control.ts';
import { GatewayError, type PaymentGateway } from '../../src/payments/gateway.ts';
import type { FaultAction, FaultCall } from '../../src/simulator/faults.ts';
import { eventually } from '../support/eventually.ts';
import { startTestSimulator } from '../support/simulator.ts';

type Adapter = PaymentGateway & { close(): Promise<void> };

interface LedgerRefund {
  refundId: string | null;
  paymentId: string;
  amountPaise: number;
}

/** What the kit needs to know of one gateway: its adapter, and its side of the simulator. */
export interface GatewayUnderTest {
  name: string;
  /** Every secret that the adapter was given, or that a customer typed. */
  secrets: readonly string[];
  /** The adapter with right or wrong keys. */
  connect(input: { origin: string; keys: 'right' | 'wrong'; timeoutMs: number }): Adapter;
  /** The simulator's base URL of this gateway. */
  originOf(addresses: { cashfreeBaseUrl: string; razorpayBaseUrl: string }): string;
  /** Pays an order without a webhook; gives the payment's id. */
  pay(control: SimulatorControl, input: { orderId: string; failed?: boolean }): Promise<string>;
  /** The gateway's own book. */
  book(control: SimulatorControl): Promise<{ orders: number; refunds: LedgerRefund[] }>;
  /** Cancels a refund, whatever it was before. */
  cancelRefund(control: SimulatorControl, input: { orderId: string; refundId: string }): Promise<unknown>;
  calls: { all: FaultCall; createOrder: FaultCall; createRefund: FaultCall };
}

const customer = { email: 'customer@example.com', phone: '+919876543210' };

/** The same cases over every adapter: what the rest of the shop relies on, whoever the gateway is. */
export async function gatewayContract(under: GatewayUnderTest): Promise<void> {
  const simulator = await startTestSimulator(
    {
      cashfree: { clientId: 'shop', clientSecret: 'leaky-right' },
      razorpay: { keyId: 'shop', keySecret: 'leaky-right' },
    },
    {},
  );
  const { control } = simulator;
  const origin = under.originOf(simulator.addresses);
  const gateway = under.connect({ origin, keys: 'right', timeoutMs: 2_000 });
  const others: Adapter[] = [];
  const other = (input: { origin?: string; keys?: 'right' | 'wrong'; timeoutMs?: number }) => {
    const made = under.connect({ origin, keys: 'right', timeoutMs: 300, ...input });
    others.push(made);
    return made;
  };
  const it = (sentence: string, act: () => Promise<void>) =>
    test(`${under.name}: ${sentence}`, async () => {
      await control.clearFaults();
      await act();
    });
  const newOrder = () => {
    const orderId = `ord-${randomUUID().slice(0, 12)}`;
    return {
      orderId,
      amountPaise: 49_905,
      currency: 'INR',
      customer,
      returnUrl: `https://shop.example/orders/${orderId}`,
      notifyUrl: 'http://127.0.0.1:9/webhooks',
      idempotencyKey: orderId,
      expiresAt: new Date(Date.now() + 3_300_000).toISOString(),
    };
  };
  const paidOrder = async () => {
    const order = newOrder();
    await gateway.createOrder(order);
    const paymentId = await under.pay(control, order);
    return { ...order, paymentId };
  };
  const refundOf = (paid: { orderId: string; paymentId: string }, amountPaise = 49_905) => ({
    orderId: paid.orderId,
    paymentId: paid.paymentId,
    refundId: `refund-${paid.paymentId}`.slice(0, 40),
    amountPaise,
    currency: 'INR',
    note: `Order ${paid.orderId}`,
  });
  const rule = (call: FaultCall, action: FaultAction, times = 1) =>
    control.addFaults({ call, when: { times }, do: action });
  const refundsOf = async (paymentId: string) =>
    (await under.book(control)).refunds.filter((refund) => refund.paymentId === paymentId);

  it('an order that is made twice, also under a forgotten key, is one', async () => {
    const before = (await under.book(control)).orders;
    const order = newOrder();
    const made = await gateway.createOrder(order);
    assert.deepEqual(await gateway.createOrder(order), made);
    assert.deepEqual(await gateway.createOrder({ ...order, idempotencyKey: 'forgotten' }), made);
    assert.equal((await under.book(control)).orders, before + 1);
  });

  it('an order whose answer was lost is found by the next try', async () => {
    const before = (await under.book(control)).orders;
    const order = newOrder();
    await rule(under.calls.createOrder, { kind: 'answerLost' });
    await errorOf(under, gateway.createOrder(order), 'unreachable');
    const made = await gateway.createOrder(order);
    assert.equal((await gateway.findOrder(order))?.gatewayOrderId, made.gatewayOrderId);
    assert.equal((await under.book(control)).orders, before + 1);
  });

  it('the same order with another amount is never taken for ours', async () => {
    const order = newOrder();
    await gateway.createOrder(order);
    const error = await failureOf(
      under,
      gateway.createOrder({ ...order, amountPaise: 49_906, idempotencyKey: 'another' }),
    );
    assert.equal(error.code, 'unreadableReply');
  });

  it('an order is active, then paid, with its amount; an unknown one is null and has no payments', async () => {
    const order = newOrder();
    await gateway.createOrder(order);
    const active = await gateway.findOrder(order);
    assert.deepEqual([active?.status, active?.amountPaise, active?.currency], ['active', 49_905, 'INR']);
    assert.deepEqual(await gateway.findPayments(order), []);
    await under.pay(control, { orderId: order.orderId, failed: true });
    assert.equal((await gateway.findOrder(order))?.status, 'active');
    const paymentId = await under.pay(control, order);
    assert.equal((await gateway.findOrder(order))?.status, 'paid');
    const [payment, ...more] = await gateway.findPayments(order);
    const { paidAt = '', ...facts } = payment ?? {};
    assert.deepEqual(facts, {
      gateway: gateway.name,
      paymentId,
      orderId: order.orderId,
      amountPaise: 49_905,
      currency: 'INR',
    });
    assert.ok(Math.abs(Date.parse(paidAt) - Date.now()) < 60_000, paidAt);
    assert.deepEqual(more, [], 'a failed try is no payment');
    assert.equal(await gateway.findOrder({ orderId: 'ord-nobody' }), null);
    assert.deepEqual(await gateway.findPayments({ orderId: 'ord-nobody' }), []);
  });

  it('a refund that is asked for twice, also at once, is one, and ends in success', async () => {
    const paid = await paidOrder();
    const refund = refundOf(paid);
    assert.equal(await gateway.findRefund(refund), null);
    await gateway.createRefund(refund);
    await gateway.createRefund(refund);
    await Promise.all([gateway.createRefund(refund), gateway.createRefund(refund)]);
    assert.deepEqual(await refundsOf(paid.paymentId), [
      { refundId: refund.refundId, paymentId: paid.paymentId, amountPaise: 49_905 },
    ]);
    await eventually({
      what: 'the refund is paid',
      read: () => gateway.findRefund(refund),
      isRight: (found) => found?.status === 'success',
    });
    assert.deepEqual(await gateway.createRefund(refund).then(({ status }) => status !== 'cancelled'), true);
    assert.equal((await refundsOf(paid.paymentId)).length, 1);
  });

  it('a refund whose answer was lost is found, and asked for again it is still one', async () => {
    const paid = await paidOrder();
    const refund = refundOf(paid);
    await rule(under.calls.createRefund, { kind: 'answerLost' });
    await errorOf(under, gateway.createRefund(refund), 'unreachable');
    assert.notEqual(await gateway.findRefund(refund), null);
    await gateway.createRefund(refund);
    assert.equal((await refundsOf(paid.paymentId)).length, 1);
  });

  it('a refund can end cancelled, at first and also after its success', async () => {
    const first = refundOf(await paidOrder());
    await rule(under.calls.createRefund, { kind: 'refundOutcome', status: 'CANCELLED' });
    await gateway.createRefund(first);
    await eventually({
      what: 'the refund is cancelled',
      read: () => gateway.findRefund(first),
      isRight: (found) => found?.status === 'cancelled',
    });
    const later = refundOf(await paidOrder());
    await gateway.createRefund(later);
    await eventually({
      what: 'the refund is paid',
      read: () => gateway.findRefund(later),
      isRight: (found) => found?.status === 'success',
    });
    await under.cancelRefund(control, later);
    assert.deepEqual(await gateway.findRefund(later), { status: 'cancelled' });
  });

  it('a partial refund that the method refuses is a refusal, a full one then works', async () => {
    const paid = await paidOrder();
    await rule(under.calls.createRefund, { kind: 'refusePartialRefund' });
    await errorOf(under, gateway.createRefund(refundOf(paid, 10_000)), 'refused');
    await gateway.createRefund({ ...refundOf(paid), refundId: `refund-in-full${paid.paymentId.slice(-8)}` });
    assert.equal((await refundsOf(paid.paymentId)).length, 1);
  });

  it('two partial refunds are two, a third that goes beyond the payment is refused', async () => {
    const paid = await paidOrder();
    const part = (n: number, amountPaise: number) => ({
      ...refundOf(paid, amountPaise),
      refundId: `part-${n}-${paid.paymentId}`.slice(0, 40),
    });
    await gateway.createRefund(part(1, 20_000));
    await gateway.createRefund(part(2, 29_000));
    await errorOf(under, gateway.createRefund(part(3, 906)), 'refused');
    await gateway.createRefund(part(4, 905));
    const sum = (await refundsOf(paid.paymentId)).reduce((total, { amountPaise }) => total + amountPaise, 0);
    assert.equal(sum, 49_905);
  });

  it('rejected keys are told as such, by every call', async () => {
    const stranger = other({ keys: 'wrong' });
    const paid = { orderId: 'ord-1', paymentId: 'pay_1' };
    await errorOf(under, stranger.createOrder(newOrder()), 'rejectedCredentials');
    await errorOf(under, stranger.findOrder({ orderId: 'ord-1' }), 'rejectedCredentials');
    await errorOf(under, stranger.findPayments({ orderId: 'ord-1' }), 'rejectedCredentials');
    await errorOf(under, stranger.createRefund(refundOf(paid)), 'rejectedCredentials');
    await errorOf(under, stranger.findRefund(refundOf(paid)), 'rejectedCredentials');
  });

  it('nobody at the address, a broken connection, silence, 5xx and 429 are all "try again"', async () => {
    await errorOf(
      under,
      other({ origin: 'http://127.0.0.1:9' }).findOrder({ orderId: 'ord-1' }),
      'unreachable',
    );
    const impatient = other({});
    const bad: FaultAction[] = [
      { kind: 'dropBefore' },
      { kind: 'neverAnswer' },
      { kind: 'slowDrip', ms: 2_000 },
      { kind: 'hugeBody' },
      { kind: 'status', status: 502 },
      { kind: 'status', status: 429 },
    ];
    for (const action of bad) {
      await rule(under.calls.all, action);
      const error = await errorOf(under, impatient.findOrder({ orderId: 'ord-1' }), 'unreachable');
      assert.match(error.message, /Try again/, action.kind);
    }
  });

  it('a 404 without the words of the gateway does not say that an order is unknown', async () => {
    for (const status of [404, 410]) {
      await rule(under.calls.all, { kind: 'status', status });
      await errorOf(under, gateway.findOrder({ orderId: 'ord-1' }), 'refused');
    }
  });

  it('garbage, a redirect and another shape are unreadable, and nothing is taken for an answer', async () => {
    const bad: FaultAction[] = [
      { kind: 'garbage', text: '<html>leaky-right</html>' },
      { kind: 'garbage', text: '{"items":"leaky-right"}' },
      { kind: 'garbage', text: '[]' },
      { kind: 'garbage', text: 'null' },
      { kind: 'redirect', location: 'http://127.0.0.1:9/leak' },
    ];
    const order = newOrder();
    await gateway.createOrder(order);
    for (const action of bad) {
      await rule(under.calls.all, action);
      await errorOf(under, gateway.findOrder(order), 'unreadableReply');
    }
    await rule(under.calls.createRefund, { kind: 'garbage' });
    await errorOf(under, gateway.createRefund(refundOf(await paidOrder())), 'unreadableReply');
  });

  test(`${under.name}: (end of the kit)`, async () => {
    await Promise.all([gateway, ...others].map((adapter) => adapter.close()));
    await simulator.stop();
  });
}

async function failureOf(under: GatewayUnderTest, act: Promise<unknown>): Promise<GatewayError> {
  const error = await act.then(
    (answer) => assert.fail(`it worked: ${JSON.stringify(answer)}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof GatewayError, String(error));
  const shown = `${error.message}${error.stack}${JSON.stringify(error)}${String(error.cause)}`;
  for (const secret of [...under.secrets, customer.email, '9876543210']) {
    assert.ok(!shown.includes(secret), `the error shows ${secret}`);
  }
  assert.match(error.message, /^Failed to /);
  return error;
}

async function errorOf(
  under: GatewayUnderTest,
  act: Promise<unknown>,
  code: GatewayError['code'],
): Promise<GatewayError> {
  const error = await failureOf(under, act);
  assert.equal(error.code, code, error.message);
  return error;
}
